import { WORDS } from './words'
import type { Deadline } from '../../src/net/deadline'
import type { Alert } from '../../src/alerts/alert'
import { EMBEDDED } from '../../src/drivers/driver'
import { failureOf } from '../../src/net/failure'
import { PeerError } from '../../src/net/peer-error'
import { alertFor } from '../../src/alerts/alert-text'
import { alertDelivery, type Delivery, messageDelivery, resolveDelivery } from '../../src/outbox/delivery'
import type { NamedChannel, Services } from '../../src/services'
import { toCloudEvent } from '../../src/callback/cloud-event'
import { noticeOf } from '../../src/callback/kinds/workflow'
import type { WorkflowExecution } from '../../src/callback/model'
import type { ParkedItem, Store } from '../../src/stores/store'
import { sampleEvent } from './events'
import { execution, taskOf } from './executions'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE

/** A clock that stands still until it is told to go on. */
export interface StoppedClock {
  now: number
  pass(ms: number): void
}

export function stoppedClock(now = Date.UTC(2026, 0, 5, 8)): StoppedClock {
  const clock: StoppedClock = {
    now,
    pass(ms) {
      clock.now += ms
    },
  }
  jest.spyOn(Date, 'now').mockImplementation(() => clock.now)
  return clock
}

/** What a destination does with what it is sent: takes it (null), refuses it (an error), or never answers. */
export type Manner = (what: string) => Error | null | 'hangs'

async function behave(manner: Manner, what: string, deadline: Deadline): Promise<void> {
  if (deadline.isOver) throw new Error('a driver was called without time')
  const answer = manner(what)
  if (answer === 'hangs') {
    await new Promise((_, reject) =>
      deadline.onceOver(() => reject(new PeerError('no answer', { kind: 'unsure' }))),
    )
  } else if (answer !== null) throw answer
}

export const takes: Manner = () => null
export const refuses: Manner = () => new PeerError('fake: connection refused')
export const throttles: Manner = () =>
  new PeerError('fake: too many messages', { kind: 'throttled', retryAfterMs: 90_000 })

export interface FakeTarget {
  manner: Manner
  /** Every try, in order. */
  readonly tried: string[]
  readonly taken: string[]
}

export interface FakeQueue extends FakeTarget {
  readonly queue: NonNullable<Services['queue']>
}

/** A queue that notes the RunId or JobId of each message. */
export function fakeQueue(manner: Manner = takes): FakeQueue {
  const fake: FakeQueue = {
    manner,
    tried: [],
    taken: [],
    queue: {
      scheme: 'fake',
      ...EMBEDDED,
      publish: async (events, deadline) =>
        Promise.all(
          events.map(async ({ data }) => {
            const id = 'runId' in data ? data.runId : 'jobId' in data ? data.jobId : data.event
            fake.tried.push(id)
            try {
              await behave(fake.manner, id, deadline)
            } catch (error) {
              return failureOf(error)
            }
            fake.taken.push(id)
            return null
          }),
        ),
    },
  }
  return fake
}

export interface FakeChannel extends FakeTarget {
  readonly named: NamedChannel
  readonly alerts: Alert[]
}

/** A channel that notes the id of each alert, and `resolve <incident>` of each resolve. */
export function fakeChannel(
  id: string,
  options: {
    readonly manner?: Manner
    readonly limit?: { readonly messages: number; readonly perMs: number }
    readonly fits?: number
    readonly knowsIncidents?: boolean
    readonly isFallback?: boolean
  } = {},
): FakeChannel {
  const { fits } = options
  const fake: FakeChannel = {
    manner: options.manner ?? takes,
    tried: [],
    taken: [],
    alerts: [],
    named: {
      id,
      channel: {
        scheme: 'fake',
        limit: options.limit ?? null,
        isFallback: options.isFallback ?? false,
        ...EMBEDDED,
        async send(alert, deadline) {
          fake.tried.push(alert.id)
          await behave(fake.manner, alert.id, deadline)
          fake.taken.push(alert.id)
          fake.alerts.push(alert)
        },
        ...(fits !== undefined && { shown: (alert: Alert) => Math.min(fits, alert.items.length) }),
        ...(options.knowsIncidents && {
          async resolve(incident: string, deadline: Deadline) {
            fake.tried.push(`resolve ${incident}`)
            await behave(fake.manner, `resolve ${incident}`, deadline)
            fake.taken.push(`resolve ${incident}`)
          },
        }),
      },
    },
  }
  return fake
}

export interface LogLine {
  readonly level: string
  readonly msg: string
  readonly [field: string]: unknown
}

export interface Scene extends Services {
  readonly store: Store
  readonly lines: LogLine[]
}

/** The parts of a relay, and the lines that it logs. */
export function scene(store: Store, parts: Partial<Services> = {}): Scene {
  const lines: LogLine[] = []
  return {
    tokens: ['a-token-of-22-characters'],
    queue: null,
    channels: [],
    readBack: null,
    verify: 'off',
    bucketsOf: () => [],
    giveUpAfterMs: 24 * HOUR,
    ledgerKeepMs: 168 * HOUR,
    lateSweepMs: 15 * MINUTE,
    messageRaw: false,
    language: 'en',
    log: (level, msg, fields) => lines.push({ level, msg, ...fields }),
    about: {},
    ...parts,
    store,
    lines,
  }
}

/** A delivery that failed once and is due. */
export function parked(delivery: Delivery, changes: Partial<ParkedItem> = {}): ParkedItem {
  const now = Date.now()
  return {
    id: delivery.id,
    group: delivery.group,
    status: 'waiting',
    parkedAt: now,
    tries: 1,
    dueAt: now,
    lastError: 'fake: connection refused',
    payload: delivery.payload,
    ...changes,
  }
}

/** A message about one object. */
export function message(
  runId: string,
  object = `${runId}.mp4`,
  changes: Partial<ParkedItem> = {},
): ParkedItem {
  const event = sampleEvent(runId)
  return parked(messageDelivery({ ...event, subject: object, data: { ...event.data, object } }), changes)
}

export function failedExecution(runId: string, changes: Partial<WorkflowExecution> = {}): WorkflowExecution {
  return execution({ runId, state: 'Failed', tasks: [taskOf({ state: 'Failed' })], ...changes })
}

export function failureAlert(
  runId: string,
  changes: Partial<WorkflowExecution> = {},
  language: 'en' | 'zh' = 'en',
): Alert {
  const notice = noticeOf(failedExecution(runId, changes))
  return alertFor(notice, toCloudEvent(notice), 'error', WORDS[language])
}

/** An alert that `channel` throttled: it waits for the channel's digest. */
export function throttledAlert(
  channel: string,
  runId: string,
  changes: Partial<ParkedItem> = {},
  alert = failureAlert(runId),
): ParkedItem {
  return parked(alertDelivery(channel, alert), { group: `digest-${channel}`, ...changes })
}

export function alertItem(channel: string, runId: string, changes: Partial<ParkedItem> = {}): ParkedItem {
  return parked(alertDelivery(channel, failureAlert(runId)), changes)
}

export function resolveItem(
  channel: string,
  incident: string,
  changes: Partial<ParkedItem> = {},
): ParkedItem {
  return parked(resolveDelivery(channel, incident, 'a-later-run'), changes)
}

export const CONTEXT = { credentials: () => null, region: null }
