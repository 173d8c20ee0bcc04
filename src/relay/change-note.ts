import type { Notes } from '../stores/store'

/** A note's next value, and for how many ms it is kept (null: for good); null: it stays as it is. */
export type NextNote = readonly [value: string | null, keepMs: number | null] | null

/** Who changes a note together with others gets in their way once or twice. */
const MOST_ROUNDS = 5

/**
 * Changes a note that others may change at the same moment: each sees what the one before has written, and `change` makes the next value from that. False: others
 * came first each time.
 */
export async function changeNote(
  notes: Notes,
  name: string,
  change: (text: string | null) => NextNote | Promise<NextNote>,
  mostRounds = MOST_ROUNDS,
): Promise<boolean> {
  for (let round = 0; round < mostRounds; round += 1) {
    const text = await notes.note(name)
    const next = await change(text)
    if (next === null || (await notes.swapNote(name, text, ...next))) return true
  }
  return false
}
