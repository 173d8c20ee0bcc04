import type { HttpAnswer } from '../../../src/net/http'
import type { CosRequest, CosTarget } from '../../../src/tencent/cos-request'
import type { Credentials } from '../../../src/tencent/credentials'
import { acceptedRequest } from './signed-request'
import { allInside, inside, textIn } from './xml-text'

/** One run of a workflow over one object. */
export interface Execution {
  readonly runId: string
  readonly workflowId: string
  /** The key, without a leading `/`. */
  readonly object: string
  readonly state: string
  readonly createdAt: string
}

/** More are not listed: whoever has more runs to start again gives a shorter time. */
export const MOST_LISTED = 1_000
const PAGE = 100

/** CI's executions in one bucket (460/80044, 460/80050; to start one: POST /triggerworkflow, 460/76864). */
export function ciExecutions(bucket: string, region: string, credentials: Credentials) {
  const target: CosTarget = { service: 'ci', bucket, region, endpoint: null }

  const ask = (what: string, request: Omit<CosRequest, 'deadline'>): Promise<HttpAnswer> =>
    acceptedRequest(target, what, request, credentials)

  return {
    /** Throws when CI knows none of that id in this bucket. */
    async find(runId: string): Promise<Execution> {
      const { body } = await ask(`run ${runId}`, { method: 'GET', path: `/workflowexecution/${runId}` })
      const found = executionIn(inside(body, 'WorkflowExecution') ?? '')
      if (found.workflowId === '' || found.object === '')
        throw new Error(`CI names neither workflow nor object of run ${runId} in ${bucket}.`)
      return { ...found, runId }
    },

    /** Those that failed since then, the oldest first, at most MOST_LISTED. */
    async failed(workflowId: string, since: number, until: number): Promise<readonly Execution[]> {
      const found: Execution[] = []
      for (let nextToken = ''; ;) {
        const query = {
          workflowId,
          orderByTime: 'Asc',
          size: String(PAGE),
          states: 'Failed',
          startCreationTime: ciTime(since),
          endCreationTime: ciTime(until),
          ...(nextToken !== '' && { nextToken }),
        }
        const { body } = await ask('listing executions', { method: 'GET', path: '/workflowexecution', query })
        found.push(...allInside(body, 'WorkflowExecutionList').map(executionIn))
        const next = textIn(body, 'NextToken')
        if (next === '' || next === nextToken || found.length >= MOST_LISTED)
          return found.slice(0, MOST_LISTED)
        nextToken = next
      }
    },

    /** Starts a workflow over an object; resolves to the id of the new run. */
    async start(workflowId: string, object: string): Promise<string> {
      const query = { workflowId, object }
      const { body } = await ask(`starting ${workflowId}`, {
        method: 'POST',
        path: '/triggerworkflow',
        query,
      })
      const id = textIn(body, 'InstanceId')
      if (id === '') throw new Error(`CI took it, but names no new run of ${workflowId} over ${object}.`)
      return id
    },
  }
}

function executionIn(xml: string): Execution {
  // Tasks have elements of the same names.
  const own = xml.split('<Tasks>')[0] ?? ''
  return {
    runId: textIn(own, 'RunId'),
    workflowId: textIn(own, 'WorkflowId'),
    object: textIn(own, 'Object').replace(/^\/+/, ''),
    state: textIn(own, 'State'),
    createdAt: textIn(own, 'CreateTime') || textIn(own, 'CreationTime'),
  }
}

/** `%Y-%m-%dT%H:%m:%S%z`. */
function ciTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, '+0000')
}
