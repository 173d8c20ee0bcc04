import type { CloudEvent } from '../callback/cloud-event'
import { type Failure, failureOf } from './failure'

/** An answer for each event, of a service that takes one at a time. */
export async function each(
  events: readonly CloudEvent[],
  publish: (event: CloudEvent) => Promise<void>,
): Promise<readonly (Failure | null)[]> {
  return Promise.all(events.map((event) => publish(event).then(() => null, failureOf)))
}
