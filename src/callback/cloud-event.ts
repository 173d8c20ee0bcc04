import type { Job, Subject, WorkflowExecution } from './model'
import { latest } from './time'

export type EventType =
  | 'com.tencentcloud.ci.workflow.succeeded'
  | 'com.tencentcloud.ci.workflow.failed'
  | 'com.tencentcloud.ci.job.succeeded'
  | 'com.tencentcloud.ci.job.failed'

/** The message: CloudEvents 1.0, structured mode. `subject` and `time` are left out when CI sent neither. */
export interface CloudEvent {
  readonly specversion: '1.0'
  /** RunId or JobId: the same for every repeat, so that a consumer can drop repeats. */
  readonly id: string
  /** `/cos/<BucketId>` */
  readonly source: string
  /** The object's key. */
  readonly subject?: string
  readonly type: EventType
  /** RFC 3339. */
  readonly time?: string
  readonly datacontenttype: 'application/json'
  readonly data: WorkflowExecution | Job
}

/** Makes the message of an execution or a job; any State but `Success` makes a `….failed`. */
export function toCloudEvent(subject: Subject): CloudEvent {
  const data = subject.kind === 'workflow' ? subject.execution : subject.job
  const verdict = data.state === 'Success' ? 'succeeded' : 'failed'
  const time = endOf(subject) ?? latest([data.createdAt])
  return {
    specversion: '1.0',
    id: subject.kind === 'workflow' ? subject.execution.runId : subject.job.jobId,
    source: `/cos/${encodeURIComponent(data.bucket ?? '')}`,
    ...(data.object === null ? {} : { subject: data.object }),
    type: `com.tencentcloud.ci.${subject.kind}.${verdict}`,
    ...(time === null ? {} : { time }),
    datacontenttype: 'application/json',
    data,
  }
}

function endOf(subject: Subject): string | null {
  return subject.kind === 'workflow'
    ? latest(subject.execution.tasks.map((task) => task.endedAt))
    : latest([subject.job.endedAt])
}
