import { monotonicMs } from '../net/monotonic-ms'

/** A run ends before its function does: it begins nothing new after `ms`, and leaves the rest to the next one. */
export interface SweepLimits {
  readonly ms: number
  /** When all of it must be over, what hangs included; `ms` and a few seconds unless given. */
  readonly lastMs?: number
}

export interface RunClock {
  readonly timeIsUp: () => boolean
  /** For how long something new may still be begun, in ms; never negative. */
  readonly untilUp: () => number
  /** What is left until all must be over, in ms; never negative. */
  readonly left: () => number
}

const LAST_TRIES_MS = 8_000

export function startRunClock({ ms, lastMs = ms + LAST_TRIES_MS }: SweepLimits): RunClock {
  const start = monotonicMs()
  const end = start + ms
  const untilUp = (): number => Math.max(0, end - monotonicMs())
  return {
    timeIsUp: () => untilUp() === 0,
    untilUp,
    left: () => Math.max(0, start + lastMs - monotonicMs()),
  }
}

/** `remainingMs`: of its invocation, as the platform says; null: it does not. A sweep ends well before its function does: the last tries may take their full time, and the store must be tidied. */
export function sweepLimits(remainingMs: number | null): SweepLimits {
  const left = remainingMs ?? 30_000
  return { ms: Math.max(1_000, left - 12_000), lastMs: Math.max(1_000, left - 2_000) }
}
