import type { HttpAnswer } from '../../../src/net/http'
import type { Credentials } from '../../../src/tencent/credentials'
import type { CosRequest, CosTarget } from '../../../src/tencent/cos-request'
import { reasonOf } from '../../../src/net/reason-of'
import { acceptedRequest } from './signed-request'
import { whileDisabled } from './while-disabled'
import { allInside, escaped, inside, textIn, withInside } from './xml-text'

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
  /** Where CI has it: each of its services has queues of its own. */
  readonly path: string
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
 * Sources: cloud.tencent.com/document/product/460/42324 (queue), 460/46947 (that of documents; the other services' are alike), 436/53994 (workflow, which has to be disabled while it is edited).
 */
export function ciSettings(bucket: string, region: string, credentials: Credentials) {
  const target: CosTarget = { service: 'ci', bucket, region, endpoint: null }

  const ask = (what: string, request: Omit<CosRequest, 'deadline'>): Promise<HttpAnswer> =>
    acceptedRequest(target, what, request, credentials)

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
    const { paths, parameter, list: element } = PLACES[kind]
    const unasked: string[] = []
    for (const path of paths) {
      const request = { method: 'GET', path, query: { [parameter]: id } } as const
      const answer = await ask(`${kind} ${id}`, request).catch((error: unknown) => {
        if (path === paths[0]) throw error
        unasked.push(`${path}: ${reasonOf(error)}`)
        return null
      })
      const xml = inside(answer?.body ?? '', element)
      if (xml !== null) return { ...placeIn(kind, path, xml), id }
    }
    throw new Error(
      `CI knows no ${kind} ${id} in bucket ${bucket} (${region}): check the id, the bucket and COS_REGION.${unasked.map((one) => `\n  (not asked: ${one})`).join('')}`,
    )
  }

  /** All there are. A service whose queues cannot be listed, since it is not in use or not permitted, is told to `unasked`; of media it throws. */
  async function list(
    kind: CiPlace['kind'],
    unasked: (path: string, error: unknown) => void,
  ): Promise<readonly CiPlace[]> {
    const { paths } = PLACES[kind]
    const found: CiPlace[] = []
    for (const path of paths)
      found.push(
        ...(await listAt(kind, path).catch((error: unknown) => {
          if (path === paths[0]) throw error
          unasked(path, error)
          return []
        })),
      )
    return found
  }

  async function listAt(kind: CiPlace['kind'], path: string): Promise<readonly CiPlace[]> {
    const { list: element } = PLACES[kind]
    const found: CiPlace[] = []
    for (let page = 1; ; page += 1) {
      const query = { pageNumber: String(page), pageSize: String(PAGE) }
      const { body } = await ask(`listing each ${kind}`, { method: 'GET', path, query })
      const places = allInside(body, element).map((xml) => placeIn(kind, path, xml))
      found.push(...places)
      if (places.length < PAGE || found.length >= Number(textIn(body, 'TotalCount'))) return found
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
      const parts = `<Name>${escaped(place.name)}</Name><QueueID>${place.id}</QueueID><State>${place.state}</State><NotifyConfig>${config}</NotifyConfig>`
      await put(`queue ${place.id}`, `${place.path}/${place.id}`, `<Request>${parts}</Request>`)
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

  return { read, list, update, enable }
}

const PLACES = {
  queue: {
    // Media first: the only one of which everybody has a queue.
    paths: ['/queue', '/docqueue', '/picqueue', '/ai_queue', '/asrqueue', '/file_queue'],
    parameter: 'queueIds',
    list: 'QueueList',
    id: 'QueueId',
  },
  workflow: { paths: ['/workflow'], parameter: 'ids', list: 'MediaWorkflowList', id: 'WorkflowId' },
} as const
/** At most 100 (460/42324). */
const PAGE = 100

function placeIn(kind: CiPlace['kind'], path: string, xml: string): CiPlace {
  const notify = inside(kind === 'queue' ? xml : startInput(xml), 'NotifyConfig') ?? ''
  // Both have elements of the same names inside.
  const own = withInside(xml, kind === 'queue' ? 'NotifyConfig' : 'Topology', '')
  return {
    kind,
    path,
    id: textIn(own, PLACES[kind].id),
    name: textIn(own, 'Name'),
    state: textIn(own, 'State'),
    notify: Object.fromEntries(
      NOTIFY_FIELDS.map((field) => [field, textIn(notify, field)]),
    ) as unknown as NotifyConfig,
    xml,
  }
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
