import { monotonicMs } from '../delivery/monotonic-ms'
/** A run ends before its function does: it begins nothing new after `ms`, takes `items` at most, and leaves the rest to the next one. */
export interface SweepLimits {
  readonly ms: number
  /** When all of it must be over, what hangs included; `ms` and a few seconds unless given. */
  readonly lastMs?: number
  readonly items: number
}

export interface RunClock {
  readonly timeIsUp: () => boolean
  /** For how long something new may still be begun, in ms; never negative. */
  readonly untilUp: () => number
  /** Whether one more item may be taken; it is counted then. */
  readonly mayTake: () => boolean
  /** What is left until all must be over, in ms; never negative. */
  readonly left: () => number
  /** An item is leased until its sweep is over, so that two sweeps never try it at once. */
  readonly leaseMs: number
}

const LEASE_MARGIN_MS = 15_000
const LAST_TRIES_MS = 8_000

export function startRunClock({ ms, lastMs = ms + LAST_TRIES_MS, items }: SweepLimits): RunClock {
  const start = monotonicMs()
  const end = start + ms
  let taken = 0
  const untilUp = (): number => Math.max(0, end - monotonicMs())
  const timeIsUp = (): boolean => untilUp() === 0
  return {
    timeIsUp,
    untilUp,
    mayTake: () => !timeIsUp() && taken++ < items,
    left: () => Math.max(0, start + lastMs - monotonicMs()),
    leaseMs: ms + LEASE_MARGIN_MS,
  }
}
