const FIRST_MS = 10_000
const LONGEST_MS = 3_600_000

/**
 * Milliseconds until the next try, after `tries` failed ones: exponential from 10 s to 1 h with full jitter, but never sooner than the
 * peer asked for.
 */
export function backoff(
  tries: number,
  retryAfterMs: number | null,
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** (tries - 1))
  return Math.max(retryAfterMs ?? 0, Math.round(random() * ceiling))
}
