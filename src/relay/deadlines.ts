import { monotonicMs } from '../delivery/monotonic-ms'
/** Milliseconds. A callback is answered within `callback`, whatever hangs; the function's timeout must be longer. */
export const DEADLINES = {
  /** One callback in all. */
  callback: 4_000,
  /** One attempt at a delivery. */
  attempt: 2_000,
  /** One step of the ledger or the outbox, but for the claim. */
  store: 500,
  /** The claim: it may have a connection to open, and the callback may be delivered twice when it fails. */
  claim: 1_000,
  /** Asking CI why a task failed, before the alert. */
  reason: 1_500,
  /** What asking CI must leave for the alert itself. */
  alert: 800,
  /** Kept back for three steps of the store after the attempts (park, note the incident, settle), and for what the machine takes. */
  reserve: 1_700,
} as const

export interface Deadline {
  /** What is left of the callback's time, at most `most`, less the reserve; never negative. */
  readonly allow: (most: number) => number
}

export function startDeadline(totalMs: number = DEADLINES.callback): Deadline {
  const end = monotonicMs() + totalMs - DEADLINES.reserve
  return { allow: (most) => Math.max(0, Math.min(most, end - monotonicMs())) }
}
