/** Milliseconds. A callback is answered within `callback`, whatever hangs; the function's timeout must be longer. */
export const DEADLINES = {
  /** One callback in all. */
  callback: 4_000,
  /** One attempt at a delivery. */
  attempt: 2_000,
  /** One step of the ledger or the outbox. */
  store: 500,
  /** Asking CI why a task failed, before the alert. */
  reason: 1_500,
  /** Kept back for parking and settling after the attempts. */
  reserve: 1_500,
} as const

export interface Deadline {
  /** What is left of the callback's time, at most `most`, less the reserve; never negative. */
  readonly allow: (most: number) => number
}

export function startDeadline(totalMs: number = DEADLINES.callback): Deadline {
  const end = performance.now() + totalMs - DEADLINES.reserve
  return { allow: (most) => Math.max(0, Math.min(most, end - performance.now())) }
}
