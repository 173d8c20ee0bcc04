import { LATE_SWEEP } from '../../src/config/read-config'
import { LAST_SWEEP, lastSweepIn } from '../../src/relay/last-sweep'
import type { Notes } from '../../src/stores/store'

/** The deployed timer comes so often. */
const TIMER_MS = 5 * 60_000

/** When the function's next sweep is, as far as the store knows, to stand behind what is due now: ` (…)`, or nothing, where the store does not say it. */
export async function nextSweep(store: Notes): Promise<string> {
  try {
    return ` (${whenIs(await store.note(LAST_SWEEP), Date.now())})`
  } catch {
    return ''
  }
}

/** @param note what the store holds of the last sweep */
export function whenIs(note: string | null, now: number): string {
  const last = lastSweepIn(note)
  if (last?.kind !== 'swept') return 'no sweep is recorded: is the timer on?'
  const ended = `the last sweep was at ${shown(last.at)}`
  if (Math.abs(now - last.at) > LATE_SWEEP * 1000) return `${ended}: is the timer on?`
  const due = last.at + TIMER_MS
  return due >= now
    ? `${ended}; with the timer of five minutes the next is due by ${shown(due)}`
    : `${ended}; with the timer of five minutes the next was due by ${shown(due)}: it may be under way`
}

function shown(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}
