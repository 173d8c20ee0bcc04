import type { CloudEvent } from '../callback/cloud-event'
import type { DriverContext } from '../delivery/driver-context'

/** Where successes go. */
export interface Queue {
  /** The URL's scheme, as shown to people: `amqp`. */
  readonly scheme: string
  /** Resolves once the service has taken the event for good (confirmed, on disk); else throws a DeliveryError. Must stop early when `signal` aborts. */
  publish(event: CloudEvent, signal: AbortSignal): Promise<void>
  /** Lets go of connections; publishing afterwards opens new ones. */
  close(): Promise<void>
}

/** Opens a driver without touching the network. Throws an Error that says what is wrong with the URL, never the URL itself. */
export type OpenQueue = (url: string, context: DriverContext) => Queue
