import { Deadline } from '../delivery/deadline'
import type { HttpAnswer } from '../delivery/http'
import type { Credentials } from '../tencent/credentials'
import { type CosRequest, cosRefusal, cosRequest, type CosTarget } from '../tencent/cos-request'
import { whileDisabled } from './while-disabled'
import { escaped, inside, textIn, withInside } from './xml-text'

/** Where CI calls back: part of a queue's settings, and of a workflow's. */
export interface NotifyConfig {
  readonly State: string
  readonly Type: string
  readonly Url: string
  readonly Event: string
  readonly ResultFormat: string
}

export const NOTIFY_FIELDS = ['State', 'Type', 'Url', 'Event', 'ResultFormat'] as const

/** A queue or a workflow at CI. */
export interface CiPlace {
  readonly kind: 'queue' | 'workflow'
  readonly id: string
  readonly name: string
  readonly state: string
  readonly notify: NotifyConfig
  /** What CI sent, to be sent back but for what is changed. */
  readonly xml: string
}

/**
 * CI's queues and workflows in one bucket.
 *
 * Sources: cloud.tencent.com/document/product/460/42324 (queue), 436/53994 (workflow, which has to be disabled while it is edited).
 */
export function ciSettings(bucket: string, region: string, credentials: Credentials) {
  const target: CosTarget = { service: 'ci', bucket, region, endpoint: null }

  async function ask(what: string, request: Omit<CosRequest, 'deadline'>): Promise<HttpAnswer> {
    const answer = await cosRequest(target, { ...request, deadline: Deadline.in(30_000) }, credentials)
    if (answer.status !== 200) throw cosRefusal(target, what, answer)
    return answer
  }

  async function put(
    what: string,
    path: string,
    body: string,
    query: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await ask(what, { method: 'PUT', path, query, body, headers: { 'content-type': 'application/xml' } })
  }

  /** Throws when there is none of that id. */
  async function read(kind: CiPlace['kind'], id: string): Promise<CiPlace> {
    const [path, parameter, list] =
      kind === 'queue' ? ['/queue', 'queueIds', 'QueueList'] : ['/workflow', 'ids', 'MediaWorkflowList']
    const answer = await ask(`${kind} ${id}`, { method: 'GET', path, query: { [parameter]: id } })
    const xml = inside(answer.body, list)
    if (xml === null)
      throw new Error(
        `CI knows no ${kind} ${id} in bucket ${bucket} (${region}): check the id, the bucket and COS_REGION.`,
      )
    const notify = inside(kind === 'queue' ? xml : startInput(xml), 'NotifyConfig') ?? ''
    // Both have elements of the same names inside.
    const own = withInside(xml, kind === 'queue' ? 'NotifyConfig' : 'Topology', '')
    return {
      kind,
      id,
      name: textIn(own, 'Name'),
      state: textIn(own, 'State'),
      notify: Object.fromEntries(
        NOTIFY_FIELDS.map((field) => [field, textIn(notify, field)]),
      ) as unknown as NotifyConfig,
      xml,
    }
  }

  const switchTo = (id: string, state: 'active' | 'paused'): Promise<void> =>
    put(`${state === 'active' ? 'enabling' : 'disabling'} workflow ${id}`, `/workflow/${id}`, '', {
      [state]: '',
    })

  function enable(id: string): Promise<void> {
    return switchTo(id, 'active')
  }

  /**
   * Sets the fields of `notify` and nothing else. An active workflow is disabled meanwhile, and enabled again whatever happens; `remedy` is
   * the command for that, should it fail.
   */
  async function update(place: CiPlace, notify: NotifyConfig, remedy: string): Promise<void> {
    if (place.kind === 'queue') {
      const config = withFields(inside(place.xml, 'NotifyConfig') ?? '', notify)
      const parts = `<Name>${escaped(place.name)}</Name><State>${place.state}</State><NotifyConfig>${config}</NotifyConfig>`
      await put(`queue ${place.id}`, `/queue/${place.id}`, `<Request>${parts}</Request>`)
      return
    }
    const { id } = place
    const topology = withNotify(inside(place.xml, 'Topology') ?? '', notify)
    const parts = `<Name>${escaped(place.name)}</Name><State>Paused</State><Topology>${topology}</Topology>`
    const change = (): Promise<void> =>
      put(`workflow ${id}`, `/workflow/${id}`, `<Request><MediaWorkflow>${parts}</MediaWorkflow></Request>`)
    if (place.state !== 'Active') {
      await change()
      return
    }
    const workflow = {
      disable: () => switchTo(id, 'paused'),
      enable: () => enable(id),
      isEnabled: async () => (await read('workflow', id)).state === 'Active',
      remedy,
    }
    await whileDisabled(workflow, change)
  }

  return { read, update, enable }
}

/** Topology > Nodes > Start > Input: the same name, Start, is also used for what follows it. */
function startInput(xml: string): string {
  return inside(inside(inside(xml, 'Nodes') ?? '', 'Start') ?? '', 'Input') ?? ''
}

function withNotify(topology: string, notify: NotifyConfig): string {
  const nodes = inside(topology, 'Nodes') ?? ''
  const start = inside(nodes, 'Start')
  if (start === null)
    throw new Error('the workflow has no Start node: open it in the console and save it once')
  const input = inside(start, 'Input') ?? ''
  const config = withFields(inside(input, 'NotifyConfig') ?? '', notify)
  const changed = withInside(start, 'Input', withInside(input, 'NotifyConfig', config))
  return withInside(topology, 'Nodes', withInside(nodes, 'Start', changed))
}

function withFields(config: string, notify: NotifyConfig): string {
  return NOTIFY_FIELDS.reduce((xml, field) => withInside(xml, field, escaped(notify[field])), config)
}
