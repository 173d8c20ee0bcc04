import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Credentials } from '../../src/tencent/credentials'
import { signatureFault } from './cos-signature'

export interface FakeExecution {
  readonly runId: string
  readonly workflowId: string
  readonly workflowName: string
  readonly object: string
  readonly state: string
  /** Ms since the epoch. */
  readonly createdAt: number
  readonly tasks: readonly FakeTask[]
}

export interface FakeTask {
  readonly type: string
  readonly name: string
  readonly state: string
  readonly jobId: string
  readonly code: string
  readonly message: string
}

interface Failure {
  readonly status: number
  readonly code: string
  readonly headers?: Readonly<Record<string, string>>
}

/** CI's two read-back requests, for one bucket (the endpoint stands in for the host that names it). */
export interface FakeCi {
  /** For CI_ENDPOINT. */
  readonly endpoint: string
  /** Whom it lets in; change it as the platform renews a role's keys. */
  credentials: Credentials
  /** By RunId; change it as executions come and go on. */
  readonly executions: Map<string, FakeExecution>
  /** By id, or by place and id (`doc_jobs/d1`): the JobsDetail element. */
  readonly jobs: Map<string, string>
  /** Each request so far: path and query, decoded. */
  readonly requests: string[]
  /** Refusals for the next requests, one each; see SLOW_DOWN, UNAVAILABLE. */
  readonly failures: Failure[]
  /** Answers nothing at all while true. */
  hangs: boolean
  /** How far its clock is ahead, in ms, as a test shifts the relay's. */
  aheadMs: number
  close(): Promise<void>
}

export const SLOW_DOWN: Failure = { status: 429, code: 'SlowDown', headers: { 'retry-after': '3' } }
export const UNAVAILABLE: Failure = { status: 503, code: 'ServiceUnavailable' }

export function fakeExecution(runId: string, changes: Partial<FakeExecution> = {}): FakeExecution {
  return {
    runId,
    workflowId: 'w1',
    workflowName: '转码 & 截图',
    object: `videos/${runId}.mp4`,
    state: 'Success',
    createdAt: Date.UTC(2026, 0, 1),
    tasks: [
      {
        type: 'Transcode',
        name: 'Transcode_1',
        state: 'Success',
        jobId: `j${runId}`,
        code: 'Success',
        message: '',
      },
    ],
    ...changes,
  }
}

export async function startFakeCi(): Promise<FakeCi> {
  const server = createServer((request, response) => answer(fake, request, response))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const fake: FakeCi = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { secretId: 'AKIDfakeci', secretKey: 'fakeCiSecretKey', sessionToken: 'fake/ci+token==' },
    executions: new Map(),
    jobs: new Map(),
    requests: [],
    failures: [],
    hangs: false,
    aheadMs: 0,
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
  return fake
}

function answer(fake: FakeCi, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', fake.endpoint)
  fake.requests.push(decodeURIComponent(url.pathname + url.search))
  if (fake.hangs) return

  const send = (status: number, xml: string, headers: Readonly<Record<string, string>> = {}): void => {
    response.writeHead(status, { 'content-type': 'application/xml', ...headers })
    response.end(`<?xml version='1.0' encoding='utf-8' ?>\n${xml}`)
  }
  const refuse = ({ status, code, headers }: Failure): void => {
    const error = `<Error><Code>${code}</Code><Message>${code} it is.</Message><RequestId>NjRfake</RequestId></Error>`
    send(status, error, headers)
  }

  const fault = signatureFault(request, fake.credentials, Date.now() + fake.aheadMs)
  const failure = fault === null ? fake.failures.shift() : { status: 403, code: fault }
  if (failure !== undefined) {
    refuse(failure)
    return
  }
  const [, folder, runId, ...rest] = url.pathname.split('/')
  const [, place, jobId] = JOB_PATH.exec(url.pathname) ?? []
  if (request.method === 'GET' && place !== undefined && jobId !== undefined) {
    const job = fake.jobs.get(place === 'jobs' ? jobId : `${place}/${jobId}`)
    if (job === undefined && place !== 'jobs') refuse({ status: 404, code: 'NoSuchJob' })
    else send(200, `<Response>${job ?? `<NonExistJobIds>${jobId}</NonExistJobIds>`}</Response>`)
  } else if (request.method !== 'GET' || folder !== 'workflowexecution' || rest.length > 0) {
    refuse({ status: 405, code: 'MethodNotAllowed' })
  } else if (runId === undefined) {
    const fault = queryFault(url.searchParams)
    if (fault === null) send(200, page(fake, url.searchParams))
    else refuse({ status: 400, code: fault })
  } else {
    const execution = fake.executions.get(decodeURIComponent(runId))
    if (execution === undefined) refuse({ status: 404, code: 'NoSuchExecution' })
    else send(200, detail(execution))
  }
}

/** Each kind of job has a place of its own. */
const JOB_PATH = /^\/((?:doc_|pic_|ai_|asr_|file_)?jobs|virus\/detect)\/([^/]+)$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}$/
const PARAMETERS = [
  'workflowId',
  'name',
  'orderByTime',
  'size',
  'states',
  'startCreationTime',
  'endCreationTime',
  'nextToken',
]

function queryFault(query: URLSearchParams): string | null {
  const size = Number(query.get('size') ?? 10)
  const isGood =
    [...query.keys()].every((name) => PARAMETERS.includes(name)) &&
    (query.has('workflowId') || query.has('name')) &&
    ['Asc', 'Desc', null].includes(query.get('orderByTime')) &&
    Number.isInteger(size) &&
    size >= 1 &&
    size <= 100 &&
    [query.get('startCreationTime'), query.get('endCreationTime')].every(
      (time) => time === null || TIME.test(time),
    )
  return isGood ? null : 'InvalidArgument'
}

function page(fake: FakeCi, query: URLSearchParams): string {
  const states = (query.get('states') ?? 'All').split(',')
  const bound = (name: string, otherwise: number): number => {
    const time = query.get(name)
    return time === null ? otherwise : Date.parse(time)
  }
  const direction = query.get('orderByTime') === 'Asc' ? 1 : -1
  const found = [...fake.executions.values()]
    .filter(({ workflowId }) => workflowId === query.get('workflowId'))
    .filter(({ state }) => states.includes('All') || states.includes(state))
    .filter(({ createdAt }) => {
      const second = Math.floor(createdAt / 1000) * 1000
      return second >= bound('startCreationTime', 0) && second <= bound('endCreationTime', Infinity)
    })
    .sort((a, b) => direction * (a.createdAt - b.createdAt || (a.runId < b.runId ? -1 : 1)))
  const start = Number(Buffer.from(query.get('nextToken') ?? '', 'base64url').toString() || 0)
  const end = start + Number(query.get('size') ?? 10)
  const lines = found
    .slice(start, end)
    .map(
      (execution) =>
        `<WorkflowExecutionList><RunId>${execution.runId}</RunId><WorkflowId>${execution.workflowId}</WorkflowId>` +
        `<Object>${escaped(execution.object)}</Object><CreateTime>${time(execution.createdAt)}</CreateTime>` +
        `<State>${execution.state}</State></WorkflowExecutionList>`,
    )
  const next = end < found.length ? Buffer.from(String(end)).toString('base64url') : ''
  return `<Response><RequestId>NjRfake</RequestId>${lines.join('')}<NextToken>${next}</NextToken></Response>`
}

function detail(execution: FakeExecution): string {
  const tasks = execution.tasks.map(
    (task) =>
      `<Tasks><Type>${task.type}</Type><State>${task.state}</State><JobId>${task.jobId}</JobId>` +
      `<CreateTime>${time(execution.createdAt)}</CreateTime><StartTime>${time(execution.createdAt)}</StartTime>` +
      `<EndTime>${time(execution.createdAt + 60_000)}</EndTime><Code>${task.code}</Code>` +
      `<Message>${escaped(task.message)}</Message><Name>${task.name}</Name></Tasks>`,
  )
  return (
    `<Response><RequestId>NjRfake</RequestId><WorkflowExecution><WorkflowId>${execution.workflowId}</WorkflowId>` +
    `<Name>${escaped(execution.workflowName)}</Name><RunId>${execution.runId}</RunId>` +
    `<CreateTime>${time(execution.createdAt)}</CreateTime><Object>${escaped(execution.object)}</Object>` +
    `<State>${execution.state}</State><Topology><Dependencies><Start>Transcode_1</Start></Dependencies><Nodes/></Topology>` +
    `${tasks.join('')}</WorkflowExecution></Response>`
  )
}

/** Beijing time, as CI writes it. */
function time(ms: number): string {
  return new Date(ms + 8 * 3_600_000).toISOString().replace(/\.\d+Z$/, '+08:00')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
