import { DEADLINES } from './deadlines'
import { type Delivery, firstItem, park, tryDelivery } from './delivery'
import type { RelayParts } from './parts'
import type { Run } from './run'

/** What became of one delivery; `lost`: neither taken nor parked. */
export type Fate = 'delivered' | 'parked' | 'lost'

/** One try at a delivery; what the destination does not take waits in the outbox. The log says so. */
export async function deliverOrPark(
  parts: RelayParts,
  delivery: Delivery,
  run: Pick<Run, 'deadline' | 'arrivedAt'>,
): Promise<Fate> {
  const failure = await tryDelivery(parts, delivery, run.deadline.allow(DEADLINES.attempt))
  if (failure === null) return 'delivered'
  const parked = await park(parts.store, firstItem(delivery, failure, run.arrivedAt, parts.channels))
  const { kind } = delivery.parcel
  const channel = kind === 'message' ? parts.queue?.scheme : delivery.parcel.channel
  parts.log(parked ? 'warn' : 'error', `a delivery failed: ${parked ? 'parked' : 'not parked'}`, {
    item: delivery.id,
    kind,
    to: channel,
    error: failure.message,
  })
  return parked ? 'parked' : 'lost'
}
