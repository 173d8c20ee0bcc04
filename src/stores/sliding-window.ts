export interface WindowVerdict {
  /** 0 when the message may go now, else the ms until it may. */
  readonly waitMs: number
  /** The times that still count, the new one included when it may go. */
  readonly times: readonly number[]
}

/**
 * Whether one more message may go at `now`, when at most `messages` may go in any `perMs` ms.
 * `times`: when earlier ones went, oldest first.
 */
export function slideWindow(
  times: readonly number[],
  now: number,
  messages: number,
  perMs: number,
): WindowVerdict {
  // A time further ahead was noted by a clock that was wrong.
  const counted = times.filter((time) => Math.abs(now - time) < perMs)
  if (counted.length < messages) return { waitMs: 0, times: [...counted, now] }
  // The wait ends when so many have left the window that one more fits.
  const leaver = counted[counted.length - messages]
  return { waitMs: leaver === undefined ? perMs : Math.min(perMs, leaver + perMs - now), times: counted }
}
