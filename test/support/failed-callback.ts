/** A callback about something that failed, as JSON: XML has no way to say a control character. */
export interface FailedWorkflow {
  readonly runId: string
  readonly object: string
  readonly workflow: string
  /** Names of its failed tasks. */
  readonly tasks: readonly string[]
  readonly state?: string
}

export const BUCKET = 'media-1250000000'

export function workflowCallback({
  runId,
  object,
  workflow,
  tasks,
  state = 'Failed',
}: FailedWorkflow): string {
  return JSON.stringify({
    EventName: 'WorkflowFinish',
    WorkflowExecution: {
      RunId: runId,
      BucketId: BUCKET,
      Object: object,
      WorkflowId: 'w18fd791485904afba3ab07ed57d9cf1e',
      WorkflowName: workflow,
      CreateTime: '2022-07-18 15:16:43+0800',
      State: state,
      Tasks: tasks.map((name, index) => ({
        Type: 'Transcode',
        CreateTime: '2022-07-18 15:16:43+0800',
        StartTime: '2022-07-18 15:16:44+0800',
        EndTime: '2022-07-18 15:17:02+0800',
        State: state,
        JobId: `j${runId}${index}`,
        Name: name,
      })),
    },
  })
}

/** A job says why it failed. */
export function jobCallback(job: {
  readonly jobId: string
  readonly object: string
  readonly code: string
  readonly message: string
}): string {
  return JSON.stringify({
    EventName: 'TaskFinish',
    JobsDetail: {
      Code: job.code,
      Message: job.message,
      JobId: job.jobId,
      State: 'Failed',
      Tag: 'Transcode',
      CreationTime: '2022-06-30T19:25:11+0800',
      EndTime: '2022-06-30T19:25:14+0800',
      Input: { BucketId: BUCKET, Object: job.object, Region: 'ap-chongqing' },
    },
  })
}
