import type { Node } from './fields'
import type { Job, OtherEvent, Review, Text, Trouble, WorkflowExecution } from './model'

/** What an end comes to, when all is counted that a document says inside (design, "verdicts"). */
export type Verdict =
  | 'succeeded'
  /** A success in which something did not succeed. */
  | 'partial'
  | 'failed'
  /** Of a review that took place, by its result. */
  | 'normal'
  | 'sensitive'
  | 'suspected'
  /** A last word that is neither success nor failure, or that nobody knows. */
  | 'unknown'
  /** Not over yet. */
  | 'running'

/** Where CI is asked about what a notice tells; `none`: nobody can be asked. */
export type AskedAt = 'executions' | 'jobs' | 'none'

/** One end of one execution, job or review, whatever form CI reports it in. */
interface Common {
  /** RunId, JobId or the review's id. */
  readonly id: string
  readonly state: string
  readonly verdict: Verdict
  readonly bucket: Text
  readonly object: Text
  readonly workflow: { readonly id: Text; readonly name: Text } | null
  /** The kind of job, as CI tags it. */
  readonly tag: Text
  /** Both RFC 3339; null: not told, or no such time. */
  readonly endedAt: Text
  readonly createdAt: Text
  /**
   * The piece of work: an incident opens and ends by it. Null: what it is cannot be told, so that nothing else can be taken for it.
   */
  readonly work: string | null
  readonly askedAt: AskedAt
  /** It says that it is over while a part of it goes on: CI may have more to say. */
  readonly isOpen: boolean
  /** What inside says so, where it is no plain success; what of it can be told otherwise is among it, too. */
  readonly troubles: readonly Trouble[]
  /** An EventName that nobody knows. */
  readonly unknownEvent: Text
  /** The element that it was read from, where that is kept; else without any field. */
  readonly raw: Node
  /** Fields that held something else than they should: read as far as possible, and named in the log. */
  readonly odd: readonly string[]
}

export type Notice = Common &
  (
    | { readonly kind: 'workflow'; readonly data: WorkflowExecution }
    | { readonly kind: 'job'; readonly data: Job }
    | { readonly kind: 'review'; readonly data: Review }
    | { readonly kind: 'event'; readonly data: OtherEvent }
  )

/** The ledger's name for one end. */
export function keyOf({
  kind,
  id,
  state,
  unknownEvent = null,
}: Pick<Notice, 'kind' | 'id' | 'state'> & Partial<Pick<Notice, 'unknownEvent'>>): string {
  const key = `${kind}/${id}/${state}`
  // It ends nothing: the end is yet to come.
  return unknownEvent === null ? key : `event/${unknownEvent}/${key}`
}

/** Which end of what. */
export function endOf({ id, state }: Notice): { readonly id: string; readonly state: string } {
  return { id, state }
}
