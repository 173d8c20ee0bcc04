const FIRST_MS = 10_000
/** No wait is longer, whatever a peer asks for: what is due later than that was given its time by a clock that is wrong. */
export const LONGEST_WAIT_MS = 3_600_000

/**
 * Milliseconds until the next try, after `tries` failed ones: exponential from 10 s to 1 h with full jitter, but not sooner than the peer
 * asked for, within that hour.
 */
export function backoff(
  tries: number,
  retryAfterMs: number | null,
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(LONGEST_WAIT_MS, FIRST_MS * 2 ** (tries - 1))
  return Math.max(bounded(retryAfterMs ?? 0), Math.round(random() * ceiling))
}

/** A wait that a peer asked for, as long as we are ready to wait. */
export function bounded(waitMs: number): number {
  return Math.min(LONGEST_WAIT_MS, waitMs)
}
