import type { Deadline } from '../net/deadline'
import type { Notice } from '../callback/notice'
import {
  type ExecutionPage,
  readExecutionAnswer,
  readExecutionPage,
  readJobAnswer,
} from '../callback/read-back'
import type { CiClient } from './ci'

/** A span of creation times in ms since the epoch, and the page wanted of it; null: the first. */
export interface ExecutionSpan {
  readonly bucket: string
  readonly workflowId: string
  readonly from: number
  readonly to: number
  readonly nextToken: string | null
}

/** CI's executions and jobs as the relay knows them. All throw a PeerError when CI refuses or cannot be reached. */
export interface Executions {
  /** One execution with each task's code and message; null when CI knows none such. */
  readonly execution: (
    bucket: string,
    runId: string,
    deadline: Deadline,
  ) => Promise<Extract<Notice, { kind: 'workflow' }> | null>
  /** One job; null when CI knows none such. */
  readonly job: (bucket: string, jobId: string, deadline: Deadline) => Promise<Notice | null>
  /** The executions created in a span, oldest first, page by page. */
  readonly page: (span: ExecutionSpan, deadline: Deadline) => Promise<ExecutionPage>
}

/** The longest page that CI gives. */
const PAGE = 100

/** `open` is called at the first question: the client is loaded when CI is asked. */
export function executionsOf(open: () => Promise<CiClient>): Executions {
  let opened: Promise<CiClient> | null = null
  const client = (): Promise<CiClient> => (opened ??= open())
  return {
    async execution(bucket, runId, deadline) {
      const xml = await (await client()).describeExecution(bucket, runId, deadline)
      return xml === null ? null : readExecutionAnswer(xml, bucket)
    },
    async job(bucket, jobId, deadline) {
      const xml = await (await client()).describeJob(bucket, jobId, deadline)
      return xml === null ? null : readJobAnswer(xml, bucket)
    },
    async page({ bucket, workflowId, from, to, nextToken }, deadline) {
      const query = { bucket, workflowId, nextToken, size: PAGE, orderByTime: 'Asc' } as const
      return readExecutionPage(
        await (
          await client()
        ).listExecutions({ ...query, startCreationTime: from, endCreationTime: to }, deadline),
      )
    },
  }
}
