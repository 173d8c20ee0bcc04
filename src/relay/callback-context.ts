import type { Deadline } from '../net/deadline'
import { DEADLINES, startDeadline } from '../deadlines'
import { startStopwatch, type Stopwatch } from './stopwatch'

/** The conditions under which one callback is worked on. */
export interface CallbackContext {
  readonly deadline: Deadline
  /** A claim is given up after so long: as long as the invocation may last. */
  readonly leaseMs: number
  /** When the callback came, ms since the epoch; in order of arrival. */
  readonly arrivedAt: number
  readonly stopwatch: Stopwatch
  /** Nobody waits for an answer: what cannot be claimed is left for later rather than delivered without a claim. */
  readonly mustClaim?: true
  /** Is told what the note of the last sweep says, each time that a claim has brought it. Absent: no claim asks for it. */
  readonly seesSweep?: (note: string | null) => void
}

/** The conditions of a callback, for a body that no sender waits for. */
export function startContext(arrivedAt: number, end?: Deadline): CallbackContext {
  const own = startDeadline()
  return {
    deadline: end?.within(own.left) ?? own,
    mustClaim: true,
    leaseMs: DEADLINES.callback + 1_000,
    arrivedAt,
    stopwatch: startStopwatch(),
  }
}

/** When the notice arrives that comes so many behind the first in a body: as if each had been sent by itself, one after the other. */
export function arrivedAfter(first: number, behind: number): number {
  return first + behind * 0.001
}
