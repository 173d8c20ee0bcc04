import type { Deadline } from '../net/deadline'
import type { Failure } from '../net/failure'
import type { ParkedItem, Store } from '../stores/store'
import { afterFailure } from './after-failure'
import { DEADLINES } from '../deadlines'
import { type Delivery } from './delivery'
import { timed } from './timed'
import type { Services } from '../services'
import { tryDelivery } from './try-delivery'

/** What became of one delivery; `lost`: neither taken nor parked. */
export type DeliveryResult = 'delivered' | 'parked' | 'lost'

/** `tryOrPark` while a sender waits. */
export async function deliverOrPark(
  services: Services,
  delivery: Delivery,
  { deadline, arrivedAt }: { readonly deadline: Deadline; readonly arrivedAt: number },
): Promise<DeliveryResult> {
  return (await tryOrPark(services, delivery, arrivedAt, deadline.within(DEADLINES.attempt))).result
}

export interface Tried {
  readonly result: DeliveryResult
  /** Why it was not delivered; null: it was. */
  readonly failure: Failure | null
}

/** One try at a delivery; what the destination does not take waits in the outbox. The log says so. */
export async function tryOrPark(
  services: Services,
  delivery: Delivery,
  arrivedAt: number,
  deadline: Deadline,
): Promise<Tried> {
  const failure = await tryDelivery(services, delivery, deadline)
  if (failure === null) return { result: 'delivered', failure }
  const item = failedItem(services, untried(delivery, arrivedAt), failure, arrivedAt)
  const parked = await park(services.store, item)
  const { kind } = delivery.payload
  services.log(parked ? 'warn' : 'error', `a delivery failed: ${parked ? 'parked' : 'not parked'}`, {
    item: delivery.id,
    kind,
    to: kind === 'message' ? services.queue?.scheme : delivery.payload.channel,
    error: failure.message,
  })
  return { result: parked ? 'parked' : 'lost', failure }
}

/** A delivery as an item of the outbox, due at once. */
export function untried({ id, group, payload }: Delivery, arrivedAt: number): ParkedItem {
  return {
    id,
    group,
    status: 'waiting',
    parkedAt: arrivedAt,
    tries: 0,
    dueAt: arrivedAt,
    lastError: null,
    payload,
  }
}

/** What becomes of an item of this configuration after a failed try. */
export function failedItem(
  { channels, giveUpAfterMs }: Pick<Services, 'channels' | 'giveUpAfterMs'>,
  item: ParkedItem,
  failure: Failure,
  now: number,
): ParkedItem {
  const { payload } = item
  const named = 'channel' in payload ? channels.find(({ id }) => id === payload.channel) : undefined
  return afterFailure(item, failure, now, {
    giveUpAfterMs,
    isSummarised: named?.channel.resolve === undefined,
  })
}

/** Parks within the store's deadline, or `ms`; false when it cannot be parked. */
export async function park(store: Store | null, item: ParkedItem, ms?: number): Promise<boolean> {
  if (store === null) return false
  try {
    await timed(() => store.park(item), ms)
    return true
  } catch {
    return false
  }
}
