import type { Deadline } from '../delivery/deadline'
import { DEADLINES, startDeadline } from './deadlines'
import { startStopwatch, type Stopwatch } from './stopwatch'

/** The conditions under which one callback is worked on. */
export interface Run {
  readonly deadline: Deadline
  /** A claim is given up after so long: as long as the invocation may last. */
  readonly leaseMs: number
  /** When the callback came, ms since the epoch; in order of arrival. */
  readonly arrivedAt: number
  readonly stopwatch: Stopwatch
  /** Nobody waits for an answer: what cannot be claimed is left for later rather than delivered without a claim. */
  readonly mustClaim?: true
}

/** The conditions of a callback, for a body that no sender waits for. */
export function startRun(arrivedAt: number, end?: Deadline): Run {
  const own = startDeadline()
  return {
    deadline: end?.within(own.left) ?? own,
    mustClaim: true,
    leaseMs: DEADLINES.callback + 1_000,
    arrivedAt,
    stopwatch: startStopwatch(),
  }
}
