import { Deadline } from './net/deadline'

/** Milliseconds. A callback is answered within `callback`, whatever hangs; the function's timeout must be longer. */
export const DEADLINES = {
  /** One callback in all. */
  callback: 4_000,
  /** One try at a delivery while a sender waits for the answer. */
  attempt: 2_000,
  /** One try at a delivery by the sweep: nobody waits for it. */
  patient: 20_000,
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
  /** Of the reserve, for a body of several jobs: kept back for the machine when its last steps are cut off. */
  answer: 400,
} as const

/** Until when a callback may go on trying; what comes after has its time kept back. */
export function startDeadline(totalMs: number = DEADLINES.callback): Deadline {
  return Deadline.in(totalMs - DEADLINES.reserve)
}

/** The last moment at which a callback that may go on until `deadline` may be at work: the machine has the rest to answer in. */
export function lastMoment(deadline: Deadline): Deadline {
  return deadline.plus(DEADLINES.reserve - DEADLINES.answer)
}
