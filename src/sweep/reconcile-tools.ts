import type { Services } from '../services'
import type { settleNotice } from '../relay/settle-notice'
import type { Store } from '../stores/store'
import type { Executions } from '../tencent/executions'
import type { LineToCi } from './line-to-ci'
import type { RunningNote } from './running-note'

export interface ReconcileTarget {
  readonly bucket: string
  readonly workflowId: string
}

/** What one target is reconciled with, in one run. */
export interface ReconcileTools {
  readonly parts: Services
  readonly store: Store
  readonly target: ReconcileTarget
  /** When the run came to the target, in ms since the epoch. */
  readonly now: number
  readonly executions: Executions
  readonly line: LineToCi
  readonly running: RunningNote
  readonly timeIsUp: () => boolean
  readonly settleOne: typeof settleNotice
  /** RUNNING_TOO_LONG, in ms; null: nobody is told. */
  readonly runningTooLongMs: number | null
  /** Called for each execution that was relayed. */
  readonly onRelayed: () => void
}

/**
 * So many executions are worked at at once: at CI's 50 ms an answer at most 160 a second, 20,000 within one sweep. CI states no limit, and a function of
 * 128 MB does not do much more by itself.
 */
export const AT_ONCE = 8
