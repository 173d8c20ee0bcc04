import type { Alert } from '../alerts/alert'
import type { CloudEvent } from '../callback/cloud-event'
import { sha256 } from '../sha256'
import { DIGEST_LENGTH, QUEUE } from '../stores/line'
import type { Payload } from '../stores/store'

/**
 * Something owed to one destination: what is tried at once, and parked as it is when the try fails. Id and group are worked out when
 * asked for: few deliveries are ever parked.
 */
export interface Delivery {
  /** The item's id in the outbox: the same for every repeat. */
  readonly id: string
  /** Deliveries of one group arrive in order. */
  readonly group: string
  readonly payload: Extract<Payload, { kind: 'message' | 'alert' | 'resolve' }>
}

export function messageDelivery(event: CloudEvent): Delivery {
  return {
    get id() {
      return `message-${fingerprint(event.type, event.id, event.data.state)}`
    },
    // What names no object has nothing that it could overtake.
    get group() {
      const { object } = event.data
      return `${QUEUE}-${object === null ? fingerprint(event.source, '', event.id) : fingerprint(event.source, object)}`
    },
    payload: { kind: 'message', event },
  }
}

export function alertDelivery(channel: string, alert: Alert): Delivery {
  return {
    get id() {
      return `alert-${channel}-${fingerprint(alert.id)}`
    },
    get group() {
      return groupOfIncident(channel, alert.incident ?? alert.id)
    },
    payload: { kind: 'alert', channel, alert },
  }
}

/** `cause`: the id of the execution that ended the trouble. */
export function resolveDelivery(channel: string, incident: string, cause: string): Delivery {
  return {
    get id() {
      return `resolve-${channel}-${fingerprint(incident, cause)}`
    },
    get group() {
      return groupOfIncident(channel, incident)
    },
    payload: { kind: 'resolve', channel, incident },
  }
}

/** An alert that opens an incident and the resolve that ends it must not change places. */
function groupOfIncident(channel: string, incident: string): string {
  return `${channel}-${fingerprint(incident)}`
}

export function fingerprint(...parts: readonly string[]): string {
  return sha256(JSON.stringify(parts), 'base64url').slice(0, DIGEST_LENGTH)
}
