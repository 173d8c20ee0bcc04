import { monotonicMs } from '../delivery/monotonic-ms'
import { sha256 } from '../callback/sha256'
import type { Alert } from '../alerts/alert'
import type { CloudEvent } from '../callback/cloud-event'
import type { Parcel, ParkedItem, Store } from '../stores/store'
import { attempt, type Failure } from './attempt'
import { backoff } from './backoff'
import { DEADLINES } from './deadlines'
import { timed } from './ledger'
import type { NamedChannel, RelayParts } from './parts'

/**
 * Something owed to one destination: what is tried at once, and parked as it is when the try fails. Id and group are worked out when
 * asked for: few deliveries are ever parked.
 */
export interface Delivery {
  /** The item's id in the outbox: the same for every repeat. */
  readonly id: string
  /** Deliveries of one group arrive in order. */
  readonly group: string
  readonly parcel: Extract<Parcel, { kind: 'message' | 'alert' | 'resolve' }>
}

export function messageDelivery(event: CloudEvent): Delivery {
  return {
    get id() {
      return `message-${digest(event.type, event.id, event.data.state)}`
    },
    get group() {
      return `queue-${digest(event.source, event.subject ?? '')}`
    },
    parcel: { kind: 'message', event },
  }
}

export function alertDelivery(channel: string, alert: Alert): Delivery {
  return {
    get id() {
      return `alert-${channel}-${digest(alert.id)}`
    },
    get group() {
      return groupOfIncident(channel, alert.incident ?? alert.id)
    },
    parcel: { kind: 'alert', channel, alert },
  }
}

/** `cause`: the id of the execution that ended the trouble. */
export function resolveDelivery(channel: string, incident: string, cause: string): Delivery {
  return {
    get id() {
      return `resolve-${channel}-${digest(incident, cause)}`
    },
    get group() {
      return groupOfIncident(channel, incident)
    },
    parcel: { kind: 'resolve', channel, incident },
  }
}

/** An alert that opens an incident and the resolve that ends it must not change places. */
function groupOfIncident(channel: string, incident: string): string {
  return `${channel}-${digest(incident)}`
}

export function digest(...parts: readonly string[]): string {
  return sha256(JSON.stringify(parts), 'base64url').slice(0, 22)
}

/** One try at a delivery within `ms`, asking for the channel's limit included; null when the destination has taken it. */
export async function tryDelivery(
  parts: Pick<RelayParts, 'queue' | 'channels' | 'store'>,
  { parcel }: Delivery,
  ms: number,
): Promise<Failure | null> {
  if (parcel.kind === 'message') {
    const { queue } = parts
    if (queue === null) return gone('QUEUE_URL is no longer set')
    return attempt(ms, (signal) => queue.publish(parcel.event, signal))
  }
  const named = parts.channels.find(({ id }) => id === parcel.channel)
  if (named === undefined) return gone(`the channel ${parcel.channel} is no longer in ALERT_URLS`)
  const { channel } = named
  const start = monotonicMs()
  const wait = await waitBefore(parts.store, named, ms)
  if (wait > 0)
    return {
      message: `${channel.scheme}: held back to keep within the channel's limit`,
      retryAfterMs: wait,
      throttled: true,
    }
  return attempt(ms - (monotonicMs() - start), async (signal) => {
    if (parcel.kind === 'alert') await channel.send(parcel.alert, signal)
    else await channel.resolve?.(parcel.incident, signal)
  })
}

/**
 * How long a channel must be left alone. Counted in the store, so that all instances together keep within its limit; over a little more than
 * its time, for a message may be under way for as long as an attempt lasts, and the next be quicker.
 */
async function waitBefore(
  store: Store | null,
  { id, channel: { limit } }: NamedChannel,
  ms: number,
): Promise<number> {
  if (limit === null || store === null) return 0
  try {
    const perMs = limit.perMs + Math.min(DEADLINES.attempt, limit.perMs / 10)
    const asking = Math.max(0, Math.min(DEADLINES.store, ms))
    return await timed(() => store.admit(`limit/${id}`, limit.messages, perMs), asking)
  } catch {
    return 0
  }
}

function gone(message: string): Failure {
  return { message, retryAfterMs: null, throttled: false }
}

/** Whether an item is for a channel that is no longer in ALERT_URLS, or is there by another key: it can never go there. */
export function isForNobody(
  { parcel }: Pick<ParkedItem, 'parcel'>,
  channels: readonly NamedChannel[],
): boolean {
  return (
    (parcel.kind === 'alert' || parcel.kind === 'resolve') &&
    !channels.some(({ id }) => id === parcel.channel)
  )
}

/** Alerts that a channel throttled wait together, and go out as one digest. */
const DIGEST = 'digest-'

export function isDigestGroup(group: string): boolean {
  return group.startsWith(DIGEST)
}

/**
 * Where a delivery waits after a failure: an alert that its channel throttled with the others that it throttled. A channel that knows
 * incidents must get each alert by itself, in order with its resolve.
 */
export function groupAfter(
  { group, parcel }: Pick<ParkedItem, 'group' | 'parcel'>,
  failure: Failure,
  channels: readonly NamedChannel[],
): string {
  if (parcel.kind === 'unverified') return failure.unverifiable === true ? uncheckedGroup(group) : group
  if (parcel.kind !== 'alert' || !failure.throttled) return group
  const named = channels.find(({ id }) => id === parcel.channel)
  return named?.channel.resolve === undefined ? DIGEST + parcel.channel : group
}

/** Callbacks that nobody can be asked about: they wait behind all others, and are told of once. */
const UNCHECKED = 'unchecked-'
const TOLD = `${UNCHECKED}told-`

export function uncheckedGroup(group: string): string {
  return group.startsWith(UNCHECKED) ? group : UNCHECKED + group
}

export function isUnchecked(group: string): boolean {
  return group.startsWith(UNCHECKED)
}

export function isToldUnchecked(group: string): boolean {
  return group.startsWith(TOLD)
}

export function toldUncheckedGroup(group: string): string {
  return TOLD + group.slice(UNCHECKED.length)
}

/** The item that a failed first try leaves in the outbox. */
export function firstItem(
  delivery: Delivery,
  failure: Failure,
  arrivedAt: number,
  channels: readonly NamedChannel[],
): ParkedItem {
  const { id, parcel } = delivery
  return {
    id,
    group: groupAfter(delivery, failure, channels),
    status: 'waiting',
    parkedAt: arrivedAt,
    tries: 1,
    dueAt: arrivedAt + backoff(1, failure.retryAfterMs),
    lastError: failure.message,
    parcel,
  }
}

/** Parks within the store's deadline; false when it cannot be parked. */
export async function park(store: Store | null, item: ParkedItem): Promise<boolean> {
  if (store === null) return false
  try {
    await timed(() => store.park(item))
    return true
  } catch {
    return false
  }
}
