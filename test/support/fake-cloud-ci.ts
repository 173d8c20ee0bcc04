import { parseStringPromise } from 'xml2js'
import { type CosAnswer, type CosRequest, cosError, LOST } from './fake-cloud-cos'

interface FakeQueue {
  name: string
  state: string
  notify: string
}

interface FakeWorkflow {
  name: string
  state: string
  topology: string
}

/** What is done to a workflow by a PUT. */
export type WorkflowStep = 'disable' | 'change' | 'enable'

/** What a test does to such a PUT: it is refused; it is done, but its answer is lost; nothing (null). */
export type Fault = 'refuse' | 'lose' | null

/** CI's queues and workflows (cloud.tencent.com/document/product/460/42324, 436/53994). XML is kept as it was sent. */
export function fakeCi() {
  const queues = new Map<string, FakeQueue>()
  const workflows = new Map<string, FakeWorkflow>()
  const faults: { before: (step: WorkflowStep) => Fault | Promise<Fault> } = { before: () => null }

  /** Null: a request that this fake does not know. */
  async function answer(request: CosRequest, mayAsk: boolean): Promise<CosAnswer | null> {
    const { method, path, query } = request
    if (method === 'GET' && path === '/queue') return listQueues(query.get('queueIds') ?? '')
    if (method === 'GET' && path === '/workflow') return listWorkflows(query.get('ids') ?? '')
    // No execution is known; a role that may not ask is told so.
    if (method === 'GET' && path.startsWith('/workflowexecution/')) {
      return mayAsk ? cosError(404, 'WorkflowExecutionNotFound') : cosError(403, 'AccessDenied')
    }
    const [, kind, id = ''] = /^\/(queue|workflow)\/([\w-]+)$/.exec(path) ?? []
    if (method !== 'PUT' || kind === undefined) return null
    if (kind === 'queue') return putQueue(id, request)
    const step = query.has('active') ? 'enable' : query.has('paused') ? 'disable' : 'change'
    const fault = await faults.before(step)
    if (fault === 'refuse') return cosError(500, 'InternalError', 'try again later')
    const done = await putWorkflow(id, request)
    return fault === 'lose' ? LOST : done
  }

  function listQueues(ids: string): CosAnswer {
    const found = queues.get(ids)
    const list =
      found &&
      `<QueueList><QueueId>${ids}</QueueId><Name>${found.name}</Name><State>${found.state}</State><NotifyConfig>${found.notify}</NotifyConfig><MaxSize>10000</MaxSize></QueueList>`
    return {
      status: 200,
      body: `<Response><RequestId>fake</RequestId>${list ?? `<NonExistPIDs><QueueID>${ids}</QueueID></NonExistPIDs>`}</Response>`,
    }
  }

  function listWorkflows(ids: string): CosAnswer {
    const found = workflows.get(ids)
    const list =
      found &&
      `<MediaWorkflowList><Name>${found.name}</Name><WorkflowId>${ids}</WorkflowId><State>${found.state}</State>${found.topology}</MediaWorkflowList>`
    return {
      status: 200,
      body: `<Response><RequestId>fake</RequestId>${list ?? `<NonExistWorkflowIds>${ids}</NonExistWorkflowIds>`}</Response>`,
    }
  }

  async function putQueue(id: string, { body }: CosRequest): Promise<CosAnswer> {
    const queue = queues.get(id)
    if (queue === undefined) return cosError(404, 'QueueNotFound')
    const { Request } = await parseStringPromise(body.toString(), { explicitArray: false })
    if (!Request?.Name || !/^(Active|Paused)$/.test(Request.State))
      return cosError(400, 'InvalidArgument', 'Name and State are required')
    const wrong = problemOf(Request.NotifyConfig)
    if (wrong !== null) return cosError(400, 'InvalidArgument', wrong)
    queues.set(id, {
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

  return { queues, workflows, faults, answer }
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
