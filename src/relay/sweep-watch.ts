import type { Deadline } from '../net/deadline'
import { monotonicMs } from '../net/monotonic-ms'
import { LAST_SWEEP, unsweptSince } from './last-sweep'
import { timed } from '../outbox/timed'
import { messageOf } from '../log'
import type { Services } from '../services'

/** An instance looks into a late sweep so often: there may be thousands of callbacks a second, and each finds the same. */
const EVERY_MS = 60_000

/** What a callback's claim has brought is looked at; null: all is well, or was looked into within the minute. What is returned never rejects. */
export type SweepWatch = (note: string | null, deadline: Deadline) => Promise<unknown> | null

/**
 * Whether the sweep runs is seen by the callbacks: what does not run cannot say so. Null where there is nothing to be swept, or none is expected. A store
 * without the note is in use since the first callback that finds it so.
 */
export function sweepWatch(services: Services): SweepWatch | null {
  const { store, lateSweepMs, log } = services
  if (store === null || lateSweepMs === null) return null
  const look = async (note: string | null, now: number, deadline: Deadline): Promise<unknown> =>
    note === null
      ? timed(() => store.swapNote(LAST_SWEEP, null, unsweptSince(now), null))
      : (await import('./late-sweep')).lookIntoLateSweep(services, store, lateSweepMs, deadline)
  let quietUntil = -Infinity
  return (note, deadline) => {
    const now = Date.now()
    // NaN, of what is no time, is not within anything.
    if (Math.abs(now - Number(note ?? NaN)) <= lateSweepMs || monotonicMs() < quietUntil) return null
    quietUntil = monotonicMs() + EVERY_MS
    return look(note, now, deadline).catch((error: unknown) =>
      log('warn', 'whether the sweep runs could not be looked into', { error: messageOf(error) }),
    )
  }
}
