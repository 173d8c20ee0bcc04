import { keepsOrder, type Line } from '../line'
import type { ParkedItem, TakeLimits } from '../store'
import type { Entry, Medium } from './medium'
import { readName } from './item-place'
import type { Known } from './walk'

/** The first names of a turn that are to be read. */
export interface Planned {
  readonly known: Known
  readonly entries: readonly Entry[]
}

/** Which items are read: each turn's fair share, within the limits; of a turn for which there is no room none. The turn that waits for longest comes first. */
export async function planned(
  medium: Medium,
  line: Line,
  turns: readonly Known[],
  limits: TakeLimits,
): Promise<readonly Planned[]> {
  const each = Math.max(1, Math.ceil(limits.items / Math.max(1, turns.length)))
  const ofArrival = ({ entries: [first] }: Known): number =>
    (first === undefined ? null : readName(first.name, line))?.parkedAt ?? 0
  const sorted = keepsOrder(line) ? [...turns].sort((a, b) => ofArrival(a) - ofArrival(b)) : turns
  const plan: Planned[] = []
  let items = 0
  let bytes = 0
  for (const known of sorted) {
    const entries: Entry[] = []
    for (const entry of known.entries.slice(0, each)) {
      const size = entry.bytes ?? (await medium.bytesOf(`${known.folder}/${entry.name}`)) ?? 0
      if (items > 0 && (items >= limits.items || bytes + size > limits.bytes)) break
      entries.push(entry)
      items += 1
      bytes += size
    }
    if (entries.length > 0) plan.push({ known, entries })
    if (items >= limits.items || bytes >= limits.bytes) break
  }
  return plan
}

/** What became of one item that was to be read. */
export type Outcome = ParkedItem | 'gone' | 'unreadable'

export function isItem(outcome: Outcome): outcome is ParkedItem {
  return typeof outcome === 'object'
}
