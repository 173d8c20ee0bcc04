/**
 * What a CI callback says, in the shape in which the relay passes it on (`data` of the message).
 *
 * Every value is text as CI sent it; times are RFC 3339 with their offset; what was absent, empty or `-` is null.
 * Source: the callback documents 460/80039, 436/48042 (executions) and 460/76907 (jobs) of Tencent Cloud.
 */

export type Text = string | null

export interface Template {
  readonly id: Text
  readonly name: Text
}

export interface TaskOutput {
  readonly object: Text
  readonly url: Text
  readonly code: Text
  readonly message: Text
}

export interface Task {
  readonly type: Text
  readonly name: Text
  readonly state: Text
  readonly jobId: Text
  readonly template: Template | null
  readonly createdAt: Text
  readonly startedAt: Text
  readonly endedAt: Text
  /** Never in a callback; the read-back API tells it. */
  readonly code: Text
  readonly message: Text
  readonly outputs: readonly TaskOutput[]
}

export interface WorkflowExecution {
  readonly runId: string
  readonly bucket: Text
  readonly object: Text
  readonly state: string
  readonly createdAt: Text
  /** CosHeaders: the headers of the upload that started the workflow. */
  readonly headers: Readonly<Record<string, Text>>
  readonly workflow: { readonly id: Text; readonly name: Text }
  readonly tasks: readonly Task[]
}

export interface Job {
  readonly jobId: string
  readonly tag: Text
  readonly bucket: Text
  readonly object: Text
  /** Where the input lies that is no object of a bucket. */
  readonly url: Text
  readonly headers: Readonly<Record<string, Text>>
  readonly region: Text
  /** As sent; a job without one is `Success` when its code is none of an error, else `Failed`. */
  readonly state: string
  readonly code: Text
  readonly message: Text
  readonly queueId: Text
  readonly createdAt: Text
  readonly startedAt: Text
  readonly endedAt: Text
  readonly workflow: { readonly runId: Text; readonly id: Text; readonly name: Text } | null
  readonly userData: Text
  /** What it made, one for each: of media jobs, of documents. */
  readonly outputs: readonly TaskOutput[]
  /** The job's Operation less its UserData, as parsed. */
  readonly operation: unknown
}

/** Of moderation, a virus check, an inspection: whatever took place is State `Success`, and the result says what was found. */
export interface Review {
  readonly jobId: string
  readonly bucket: Text
  readonly object: Text
  readonly url: Text
  readonly state: string
  /** As sent: `result`, `Result`, `Suggestion` or `Suspicious`. */
  readonly result: Text
  readonly label: Text
  readonly score: Text
  /** As sent: 0 no, 1 frozen, 2 moved. */
  readonly frozen: Text
  readonly code: Text
  readonly message: Text
  readonly dataId: Text
  readonly createdAt: Text
  readonly details: Readonly<Record<string, unknown>>
}

/** An event that nobody knows, as parsed. */
export interface OtherEvent {
  readonly event: string
  readonly bucket: Text
  readonly object: Text
  readonly state: string
  readonly createdAt: Text
  readonly details: Readonly<Record<string, unknown>>
}

/** What inside of something says that it went wrong, or that somebody should look. */
export interface Trouble {
  /** `Operation.DigitalWatermark.State` */
  readonly path: string
  readonly value: string
  /** What stands beside a code. */
  readonly message: Text
}
