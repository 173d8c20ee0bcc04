import type { Alert } from '../alerts/alert'
import type { CloudEvent } from '../callback/cloud-event'
import { sha256 } from '../delivery/sha256'
import type { Parcel } from '../stores/store'

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
    // What names no object has nothing that it could overtake.
    get group() {
      const { object } = event.data
      return `${QUEUE}-${object === null ? digest(event.source, '', event.id) : digest(event.source, object)}`
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

const DIGEST_LENGTH = 22

export function digest(...parts: readonly string[]): string {
  return sha256(JSON.stringify(parts), 'base64url').slice(0, DIGEST_LENGTH)
}

/** Where something waits out of turn, as a prefix of its group's name. */
export const LANES = {
  /** Alerts that their channel throttled: they wait together, and go out as one summary. */
  digest: 'digest-',
  /** What its destination refused: its group goes on without it. */
  aside: 'aside-',
  /** Callbacks that nobody can be asked about: behind all others. */
  unchecked: 'unchecked-',
} as const

export type Lane = keyof typeof LANES

/** After the lane: the team was told of it. */
const TOLD = 'told-'

export function laneOf(group: string): Lane | null {
  return (Object.keys(LANES) as Lane[]).find((lane) => group.startsWith(LANES[lane])) ?? null
}

export function isTold(group: string): boolean {
  const lane = laneOf(group)
  return lane !== null && group.startsWith(LANES[lane] + TOLD)
}

/** The same place, marked. */
export function toldGroup(group: string): string {
  const lane = laneOf(group)
  if (lane === null || isTold(group)) return group
  return LANES[lane] + TOLD + group.slice(LANES[lane].length)
}

/** Puts into a lane by itself; what is there stays. */
export function groupInLane(
  lane: 'aside' | 'unchecked',
  { id, group }: { id: string; group: string },
): string {
  return laneOf(group) === lane ? group : `${LANES[lane]}${group}${lane === 'aside' ? `/${id}` : ''}`
}

/** The destinations that are no channel. */
export const QUEUE = 'queue'
export const CI = 'ci'
/** Where callbacks go that cannot be checked. */
export const NOBODY = 'nobody'

/** What a group waits for: `queue`, a channel's id, CI, or nobody. */
export function destinationOf(group: string): string {
  const lane = laneOf(group)
  if (lane === 'unchecked') return NOBODY
  if (group.startsWith('unverified-')) return CI
  if (lane === null) return group.slice(0, -(DIGEST_LENGTH + 1))
  const rest = group.slice(LANES[lane].length)
  if (lane === 'digest') return rest
  return destinationOf((rest.startsWith(TOLD) ? rest.slice(TOLD.length) : rest).split('/')[0] ?? '')
}
