import type { Deadline } from '../net/deadline'
import { isLoopback } from '../net/endpoint'
import type { HttpAnswer } from '../net/http'
import { failed } from '../net/peer'
import { isBucketName, isRegion } from './bucket-name'
import { cosRefusal, cosRequest, errorField, type CosTarget } from './cos-request'
import type { Credentials } from './credentials'

export type ExecutionState = 'All' | 'Success' | 'Failed' | 'Running' | 'Cancel'

export interface ExecutionQuery {
  readonly bucket: string
  readonly workflowId: string
  /** None: all. */
  readonly states?: readonly ExecutionState[]
  /** The span in which they were created, both ends included; ms since the epoch, whole seconds to CI. */
  readonly startCreationTime: number
  readonly endCreationTime: number
  /** Of the page before; null for the first. */
  readonly nextToken: string | null
  /** Executions a page, 1 to 100. */
  readonly size: number
  readonly orderByTime: 'Asc' | 'Desc'
}

/**
 * CI's account of executions, as the XML that it answers with (read by src/callback/read-back.ts). Needs the permission
 * ci:DescribeMediaWorkflowExecutions.
 *
 * Throws a PeerError when CI refuses, with the wait it asks for (429, 503), or gives no answer.
 */
export interface CiClient {
  /** One execution (460/80044); null when CI knows none such. */
  describeExecution(bucket: string, runId: string, deadline: Deadline): Promise<string | null>
  /**
   * One job of whatever kind, each asked for at a place of its own (436/85084, 436/121093, 436/49394, 460/63965): an answer that may hold none; null when
   * none of the places knows it. Needs ci:DescribeMediaJob, ci:DescribeDocProcessJob and the like.
   */
  describeJob(bucket: string, jobId: string, deadline: Deadline): Promise<string | null>
  /** One page of a workflow's executions (460/80050). */
  listExecutions(query: ExecutionQuery, deadline: Deadline): Promise<string>
}

export interface CiSettings {
  /** Asked at each request: role keys change. */
  readonly credentials: () => Credentials | null
  readonly region: string
  /** Stands in for CI in tests: `http://127.0.0.1:PORT`, on loopback only. */
  readonly endpoint: string | null
}

/** Does not touch the network. Throws an Error when the region is none or the endpoint is not on loopback. */
export function ciClient({ credentials, region, endpoint }: CiSettings): CiClient {
  if (!isRegion(region)) throw new Error('the region must be one such as ap-guangzhou')
  const address = endpoint === null ? null : endpointUrl(endpoint)

  const get = async (
    bucket: string,
    path: string,
    query: Readonly<Record<string, string>>,
    deadline: Deadline,
  ): Promise<{ target: CosTarget; answer: HttpAnswer }> => {
    const keys = credentials()
    if (keys === null) {
      throw failed(
        { name: 'ci', secrets: [] },
        'there are no credentials: give the function a role, or set TENCENT_SECRET_ID and TENCENT_SECRET_KEY',
      )
    }
    const target: CosTarget = { service: 'ci', bucket, region, endpoint: address }
    return { target, answer: await cosRequest(target, { method: 'GET', path, query, deadline }, keys) }
  }

  /** One execution or job; null when there is none such. */
  const describe = async (
    bucket: string,
    folder: 'workflowexecution' | JobFolder,
    id: string,
    deadline: Deadline,
  ): Promise<string | null> => {
    // Both may come from a forged body, and become part of an address: CI has nothing that is named otherwise.
    if (!isBucketName(bucket) || !/^[\w-]{1,128}$/.test(id)) return null
    const { target, answer } = await get(bucket, `/${folder}/${id}`, {}, deadline)
    if (answer.status === 200) return answer.body
    // A bucket that is not there speaks of a wrong region rather than of a forged run.
    if (answer.status === 404 && errorField(answer, 'Code') !== 'NoSuchBucket') return null
    const what = folder === 'workflowexecution' ? 'asking for an execution' : 'asking for a job'
    // No such bucket, or none of ours: asking again soon will not help.
    const unverifiable = answer.status === 403 || answer.status === 404
    throw cosRefusal(target, what, answer, { unverifiable })
  }

  return {
    describeExecution: (bucket, runId, deadline) => describe(bucket, 'workflowexecution', runId, deadline),
    async describeJob(bucket, jobId, deadline) {
      const [first, ...others] = foldersFor(jobId)
      const answer = await describe(bucket, first, jobId, deadline)
      if (answer !== null && holdsJob(answer)) return answer
      // The letter may mislead. A role that may ask about some kinds only is told by those what it needs to know.
      const answers = await Promise.allSettled(
        others.map(async (folder) => describe(bucket, folder, jobId, deadline)),
      )
      const known = answers.flatMap((one) =>
        one.status === 'fulfilled' && one.value !== null ? [one.value] : [],
      )
      return known.find(holdsJob) ?? answer
    },

    async listExecutions(query, deadline) {
      if (!isBucketName(query.bucket))
        throw new Error('the bucket must be named with its APPID: media-1250000000')
      const parameters = {
        workflowId: query.workflowId,
        orderByTime: query.orderByTime,
        size: String(query.size),
        ...(query.states === undefined ? {} : { states: query.states.join(',') }),
        startCreationTime: ciTime(Math.floor(query.startCreationTime / 1000)),
        endCreationTime: ciTime(Math.ceil(query.endCreationTime / 1000)),
        ...(query.nextToken === null ? {} : { nextToken: query.nextToken }),
      }
      const { target, answer } = await get(query.bucket, '/workflowexecution', parameters, deadline)
      if (answer.status !== 200) throw cosRefusal(target, 'listing executions', answer)
      return answer.body
    },
  }
}

type JobFolder = (typeof JOB_FOLDERS)[keyof typeof JOB_FOLDERS]

/** By the first letter of an id, which in the samples follows the kind; those without a letter are asked last. */
const JOB_FOLDERS = {
  j: 'jobs',
  d: 'doc_jobs',
  c: 'pic_jobs',
  a: 'ai_jobs',
  s: 'asr_jobs',
  f: 'file_jobs',
  v: 'virus/detect',
} as const

function foldersFor(jobId: string): readonly [JobFolder, ...JobFolder[]] {
  const letter = jobId[0]?.toLowerCase() ?? ''
  const first = Object.hasOwn(JOB_FOLDERS, letter) ? JOB_FOLDERS[letter as keyof typeof JOB_FOLDERS] : 'jobs'
  return [first, ...Object.values(JOB_FOLDERS).filter((folder) => folder !== first)]
}

/** A job that is not there may be listed among those that do not exist. */
function holdsJob(answer: string): boolean {
  return /<JobsDetail[\s>]/.test(answer)
}

function endpointUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !isLoopback(url)) {
    throw new Error('the endpoint of CI must be a loopback address such as http://127.0.0.1:8080')
  }
  return url
}

/** `%Y-%m-%dT%H:%m:%S%z`, as the document asks for. */
function ciTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, '+0000')
}
