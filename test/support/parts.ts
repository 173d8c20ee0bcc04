import type { Deadline } from '../../src/net/deadline'
import { openMemoryStore } from './open-drivers'
import type { Alert } from '../../src/alerts/alert'
import type { CloudEvent } from '../../src/callback/cloud-event'
import { EMBEDDED, type TargetFacts } from '../../src/drivers/driver'
import { PeerError } from '../../src/net/peer-error'
import type { GatewayRequest } from '../../src/gateway/request'
import { createLog } from '../../src/log'
import type { Queue } from '../../src/queues/queue'
import type { NamedChannel, Services } from '../../src/services'
import type { Store } from '../../src/stores/store'

export const TOKEN = 'tok-0123456789abcdefghijkl'

/** How a destination behaves: takes it, throws, or never answers. */
export type Manner = 'takes' | 'refuses' | 'hangs' | PeerError

async function behave(manner: Manner, deadline: Deadline): Promise<void> {
  if (deadline.isOver) throw new Error('a driver needs time')
  if (manner === 'takes') return
  if (manner === 'hangs') return new Promise(() => {})
  throw manner === 'refuses' ? new PeerError('fake: refused') : manner
}

export interface FakeQueue extends Queue {
  manner: Manner
  readonly events: CloudEvent[]
}

/** Keeps what it took, each as a service would see it: as JSON. */
export function fakeQueue(manner: Manner = 'takes'): FakeQueue {
  const queue: FakeQueue = {
    scheme: 'fake',
    manner,
    events: [],
    ...EMBEDDED,
    publish: async (events, deadline) => {
      await behave(queue.manner, deadline)
      queue.events.push(...(JSON.parse(JSON.stringify(events)) as CloudEvent[]))
      return events.map(() => null)
    },
  }
  return queue
}

export interface FakeChannel extends NamedChannel {
  manner: Manner
  readonly alerts: Alert[]
  readonly resolved: string[]
  /** Deliveries begun. */
  tries: number
}

export function fakeChannel(
  id: string,
  options: {
    manner?: Manner
    resolves?: boolean
    isFallback?: boolean
    limit?: { messages: number; perMs: number }
  } = {},
): FakeChannel {
  const self: FakeChannel = {
    id,
    manner: options.manner ?? 'takes',
    alerts: [],
    resolved: [],
    tries: 0,
    channel: {
      scheme: id.split('-')[0] ?? id,
      limit: options.limit ?? null,
      isFallback: options.isFallback ?? false,
      ...EMBEDDED,
      send: async (alert, deadline) => {
        self.tries++
        await behave(self.manner, deadline)
        self.alerts.push(JSON.parse(JSON.stringify(alert)) as Alert)
      },
      ...(options.resolves && {
        resolve: async (incident: string, deadline: Deadline) => {
          self.tries++
          await behave(self.manner, deadline)
          self.resolved.push(incident)
        },
      }),
    },
  }
  return self
}

export function memoryStore(): Store {
  return openMemoryStore('memory:', { credentials: () => null, region: null })
}

export type StoreMethod = Exclude<keyof Store, keyof TargetFacts>

/** A store of which some methods fail, or never answer. */
export function brokenStore(
  store: Store,
  methods: readonly StoreMethod[],
  manner: 'refuses' | 'hangs',
): Store {
  const broken = async (): Promise<never> =>
    manner === 'hangs' ? new Promise<never>(() => {}) : Promise.reject(new Error('store: ECONNREFUSED'))
  return { ...store, ...Object.fromEntries(methods.map((method) => [method, broken])) }
}

export interface TestParts extends Services {
  /** Every log line, parsed. */
  readonly lines: Record<string, unknown>[]
  /** Every log line, as written. */
  readonly written: string[]
}

export function testParts(changes: Partial<Services> = {}): TestParts {
  const written: string[] = []
  const lines: Record<string, unknown>[] = []
  const log = createLog({
    level: 'trace',
    secrets: [TOKEN],
    write: (line) => {
      written.push(line)
      lines.push(JSON.parse(line) as Record<string, unknown>)
    },
  })
  return {
    tokens: [TOKEN],
    queue: fakeQueue(),
    channels: [fakeChannel('wecom-1')],
    store: memoryStore(),
    readBack: null,
    verify: 'off',
    bucketsOf: () => [],
    giveUpAfterMs: 72 * 3_600_000,
    ledgerKeepMs: 168 * 3_600_000,
    lateSweepMs: 15 * 60_000,
    messageRaw: false,
    language: 'en',
    log,
    about: { version: 'test' },
    ...changes,
    lines,
    written,
  }
}

export function post(body: string, changes: Partial<GatewayRequest> = {}): GatewayRequest {
  return {
    method: 'POST',
    path: `/callback/${TOKEN}`,
    query: [],
    body,
    base64: false,
    requestId: 'req-1',
    sourceIp: '192.0.2.1',
    ...changes,
  }
}

export const INVOCATION = { remainingMs: null }
