import type { CloudEvent } from '../callback/cloud-event'
import type { Deadline } from '../net/deadline'
import type { Driver, TargetFacts } from '../drivers/driver'
import type { Failure } from '../net/failure'

/** Where successes go. */
export interface Queue extends TargetFacts {
  /** The largest message that the service takes, in bytes; absent: it takes whatever a callback can hold. */
  readonly largest?: number
  /** Whether the events of one `publish` arrive in their order; absent: they do not. */
  readonly keepsOrder?: true
  /**
   * Resolves with an answer for each event, in their order: null once the service has taken it for good (confirmed, on disk). Rejects with a
   * PeerError when the same befell all of them. Settles by the deadline: `down` when nothing can have been taken, `unsure` when it may have been.
   */
  publish(events: readonly CloudEvent[], deadline: Deadline): Promise<readonly (Failure | null)[]>
  /** Lets go of connections; publishing afterwards opens new ones. Absent: there are none. */
  close?(): void
}

export type QueueDriver = Driver<Queue>
