import { parseStringPromise } from 'xml2js'
import { type CosAnswer, type CosRequest, cosError, LOST } from './fake-cloud-cos'

interface FakeQueue {
  name: string
  state: string
  notify: string
  /** The service's path; of media's unless given. */
  path?: string
}

interface FakeWorkflow {
  name: string
  state: string
  topology: string
}

export interface FakeExecution {
  readonly id: string
  readonly workflow: string
  readonly object: string
  readonly state: string
  readonly createdAt: string
}

/** What is done to a workflow by a PUT. */
export type WorkflowStep = 'disable' | 'change' | 'enable'

/** What a test does to such a PUT: CI is busy; it is forbidden; it is done, but its answer is lost; nothing (null). */
export type Fault = 'busy' | 'forbid' | 'lose' | null

/** Media's queues, and those of the other services, of which the fake's account may not see one and does not use another. */
const QUEUES = /^\/(queue|docqueue|picqueue|ai_queue|asrqueue|file_queue)(?=$|\/)/

/** CI's queues and workflows (cloud.tencent.com/document/product/460/42324, 436/53994). XML is kept as it was sent. */
export function fakeCi() {
  const queues = new Map<string, FakeQueue>()
  const workflows = new Map<string, FakeWorkflow>()
  const executions = new Map<string, FakeExecution>()
  /** What was started anew, `workflow object`. */
  const started: string[] = []
  const faults: { before: (step: WorkflowStep) => Fault | Promise<Fault> } = { before: () => null }

  /** Null: a request that this fake does not know. */
  async function answer(request: CosRequest, mayAsk: boolean): Promise<CosAnswer | null> {
    const { method, path, query } = request
    const service = QUEUES.exec(path)?.[0]
    if (method === 'GET' && service === '/ai_queue') return cosError(403, 'AccessDenied', 'not yours')
    if (method === 'GET' && service === '/file_queue') return cosError(400, 'FileNotOpened', 'not in use')
    if (method === 'GET' && service === path) return listQueues(service, query.get('queueIds'), query)
    if (method === 'GET' && path === '/workflow') return listWorkflows(query.get('ids'), query)
    if (method === 'GET' && path === '/workflowexecution') return listExecutions(query)
    if (method === 'POST' && path === '/triggerworkflow') return trigger(query)
    const execution = executions.get(path.replace('/workflowexecution/', ''))
    if (method === 'GET' && execution !== undefined) {
      const tasks = '<Tasks><Type>Transcode</Type><State>Failed</State><CreateTime>x</CreateTime></Tasks>'
      return xml(`<WorkflowExecution>${shown(execution)}${tasks}</WorkflowExecution>`)
    }
    // No execution is known; a role that may not ask is told so.
    if (method === 'GET' && path.startsWith('/workflowexecution/')) {
      return mayAsk ? cosError(404, 'WorkflowExecutionNotFound') : cosError(403, 'AccessDenied')
    }
    const [, kind, id = ''] = /^\/(\w*queue|workflow)\/([\w-]+)$/.exec(path) ?? []
    if (method !== 'PUT' || kind === undefined) return null
    if (kind !== 'workflow') return putQueue(`/${kind}`, id, request)
    const step = query.has('active') ? 'enable' : query.has('paused') ? 'disable' : 'change'
    const fault = await faults.before(step)
    if (fault === 'busy') return cosError(503, 'SlowDown', 'try again later')
    if (fault === 'forbid') return cosError(403, 'AccessDenied', 'not now')
    const done = await putWorkflow(id, request)
    return fault === 'lose' ? LOST : done
  }

  const xml = (inside: string): CosAnswer => ({
    status: 200,
    body: `<Response><RequestId>fake</RequestId>${inside}</Response>`,
  })
  const shown = ({ id, workflow, object, state, createdAt }: FakeExecution): string =>
    `<RunId>${id}</RunId><WorkflowId>${workflow}</WorkflowId><WorkflowName>w</WorkflowName><Object>${object}</Object><CreateTime>${createdAt}</CreateTime><State>${state}</State>`

  /** Of all that there are a page, else the one of that id. */
  function listed<Place>(
    all: ReadonlyMap<string, Place>,
    id: string | null,
    query: URLSearchParams,
    show: (id: string, place: Place) => string,
    none: string,
  ): CosAnswer {
    const size = Number(query.get('pageSize') ?? 10)
    const from = (Number(query.get('pageNumber') ?? 1) - 1) * size
    const ids = id === null ? [...all.keys()].slice(from, from + size) : [id].filter((one) => all.has(one))
    if (size > 100) return cosError(400, 'InvalidArgument', 'pageSize')
    if (id !== null && ids.length === 0) return xml(none)
    return xml(`<TotalCount>${all.size}</TotalCount>${ids.map((one) => show(one, all.get(one)!)).join('')}`)
  }

  const of = (service: string): Map<string, FakeQueue> =>
    new Map([...queues].filter(([, { path = '/queue' }]) => path === service))

  function listQueues(service: string, id: string | null, query: URLSearchParams): CosAnswer {
    const show = (one: string, { name, state, notify }: FakeQueue): string =>
      `<QueueList><QueueId>${one}</QueueId><Name>${name}</Name><State>${state}</State><NotifyConfig>${notify}</NotifyConfig><MaxSize>10000</MaxSize></QueueList>`
    return listed(
      of(service),
      id,
      query,
      show,
      `<NonExistPIDs><QueueID>${String(id)}</QueueID></NonExistPIDs>`,
    )
  }

  function listWorkflows(id: string | null, query: URLSearchParams): CosAnswer {
    const show = (one: string, { name, state, topology }: FakeWorkflow): string =>
      `<MediaWorkflowList><Name>${name}</Name><WorkflowId>${one}</WorkflowId><State>${state}</State>${topology}</MediaWorkflowList>`
    return listed(workflows, id, query, show, `<NonExistWorkflowIds>${String(id)}</NonExistWorkflowIds>`)
  }

  function listExecutions(query: URLSearchParams): CosAnswer {
    const from = Date.parse(query.get('startCreationTime') ?? '')
    const size = Number(query.get('size'))
    const found = [...executions.values()].filter(
      ({ workflow, state, createdAt }) =>
        workflow === query.get('workflowId') &&
        state === query.get('states') &&
        Date.parse(createdAt) >= from,
    )
    const at = Number(query.get('nextToken') ?? 0)
    const next = at + size < found.length ? String(at + size) : ''
    return xml(
      `${found
        .slice(at, at + size)
        .map((one) => `<WorkflowExecutionList>${shown(one)}</WorkflowExecutionList>`)
        .join('')}<NextToken>${next}</NextToken>`,
    )
  }

  function trigger(query: URLSearchParams): CosAnswer {
    const workflow = query.get('workflowId') ?? ''
    if (!workflows.has(workflow)) return cosError(404, 'WorkflowNotFound')
    started.push(`${workflow} ${String(query.get('object'))}`)
    return xml(`<InstanceId>i-new-${started.length}</InstanceId>`)
  }

  async function putQueue(service: string, id: string, { body }: CosRequest): Promise<CosAnswer> {
    const queue = of(service).get(id)
    if (queue === undefined) return cosError(404, 'QueueNotFound')
    const { Request } = await parseStringPromise(body.toString(), { explicitArray: false })
    if (!Request?.Name || Request.QueueID !== id || !/^(Active|Paused)$/.test(Request.State))
      return cosError(400, 'InvalidArgument', 'Name, QueueID and State are required')
    const wrong = problemOf(Request.NotifyConfig)
    if (wrong !== null) return cosError(400, 'InvalidArgument', wrong)
    queues.set(id, {
      ...queue,
      name: between(body.toString(), 'Name'),
      state: Request.State,
      notify: between(body.toString(), 'NotifyConfig'),
    })
    return { status: 200, body: `<Response><Queue><QueueId>${id}</QueueId></Queue></Response>` }
  }

  async function putWorkflow(id: string, { body, query }: CosRequest): Promise<CosAnswer | null> {
    const workflow = workflows.get(id)
    if (workflow === undefined) return cosError(404, 'WorkflowNotFound')
    if (query.has('active') || query.has('paused')) {
      workflow.state = query.has('active') ? 'Active' : 'Paused'
      return { status: 200, body: '' }
    }
    if ([...query].length > 0) return null
    if (workflow.state !== 'Paused')
      return cosError(400, 'WorkflowActive', 'The workflow has to be disabled before it is edited.')
    const { Request } = await parseStringPromise(body.toString(), { explicitArray: false })
    const sent = Request?.MediaWorkflow
    if (!sent?.Name || !sent.Topology)
      return cosError(400, 'InvalidArgument', 'Name and Topology are required')
    const wrong = problemOf(sent.Topology.Nodes.Start.Input.NotifyConfig)
    if (wrong !== null) return cosError(400, 'InvalidArgument', wrong)
    workflows.set(id, {
      name: between(body.toString().split('<Topology>')[0]!, 'Name'),
      state: sent.State ?? workflow.state,
      topology: `<Topology>${between(body.toString(), 'Topology')}</Topology>`,
    })
    return { status: 200, body: '<Response></Response>' }
  }

  return { queues, workflows, executions, started, faults, answer }
}

function problemOf(notify: Record<string, string> | undefined): string | null {
  if (notify === undefined) return 'NotifyConfig is required'
  if (notify['State'] !== 'On') return null
  if (!/^https?:\/\/(?!10\.|127\.|192\.168\.)/.test(notify['Url'] ?? '') || notify['Url']!.length > 100)
    return 'Url'
  if (!/^(TaskFinish|WorkflowFinish)(,(TaskFinish|WorkflowFinish))*$/.test(notify['Event'] ?? ''))
    return 'Event'
  if (!/^(XML|JSON)$/.test(notify['ResultFormat'] ?? 'XML')) return 'ResultFormat'
  return notify['Type'] === 'Url' ? null : 'Type'
}

function between(xml: string, element: string): string {
  return xml.slice(xml.indexOf(`<${element}>`) + element.length + 2, xml.lastIndexOf(`</${element}>`))
}
