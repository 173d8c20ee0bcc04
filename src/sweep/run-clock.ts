import { monotonicMs } from '../delivery/monotonic-ms'
/** A run ends before its function does: it begins nothing new after `ms`, takes `items` at most, and leaves the rest to the next one. */
export interface SweepLimits {
  readonly ms: number
  readonly items: number
}

export interface RunClock {
  readonly timeIsUp: () => boolean
  /** Whether one more item may be taken; it is counted then. */
  readonly mayTake: () => boolean
  /** An item is leased until its sweep is over, so that two sweeps never try it at once. */
  readonly leaseMs: number
}

const LEASE_MARGIN_MS = 15_000

export function startRunClock({ ms, items }: SweepLimits): RunClock {
  const end = monotonicMs() + ms
  let taken = 0
  const timeIsUp = (): boolean => monotonicMs() >= end
  return {
    timeIsUp,
    mayTake: () => !timeIsUp() && taken++ < items,
    leaseMs: ms + LEASE_MARGIN_MS,
  }
}
