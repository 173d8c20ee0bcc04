import type { Deadline } from '../delivery/deadline'
import type { Failure } from '../delivery/failure'
import type { ParkedItem, Store } from '../stores/store'
import { afterFailure } from './after-failure'
import { DEADLINES } from './deadlines'
import { type Delivery } from './delivery'
import { timed } from './ledger'
import type { RelayParts } from './parts'
import type { Run } from './run'
import { tryDelivery } from './try-delivery'

/** What became of one delivery; `lost`: neither taken nor parked. */
export type Fate = 'delivered' | 'parked' | 'lost'

/** `tryOrPark` while a sender waits. */
export async function deliverOrPark(
  parts: RelayParts,
  delivery: Delivery,
  run: Pick<Run, 'deadline' | 'arrivedAt'>,
): Promise<Fate> {
  return (await tryOrPark(parts, delivery, run.arrivedAt, run.deadline.within(DEADLINES.attempt))).fate
}

export interface Tried {
  readonly fate: Fate
  /** Why it was not delivered; null: it was. */
  readonly failure: Failure | null
}

/** One try at a delivery; what the destination does not take waits in the outbox. The log says so. */
export async function tryOrPark(
  parts: RelayParts,
  delivery: Delivery,
  arrivedAt: number,
  deadline: Deadline,
): Promise<Tried> {
  const failure = await tryDelivery(parts, delivery, deadline)
  if (failure === null) return { fate: 'delivered', failure }
  const item = failedItem(parts, untried(delivery, arrivedAt), failure, arrivedAt)
  const parked = await park(parts.store, item)
  const { kind } = delivery.parcel
  parts.log(parked ? 'warn' : 'error', `a delivery failed: ${parked ? 'parked' : 'not parked'}`, {
    item: delivery.id,
    kind,
    to: kind === 'message' ? parts.queue?.scheme : delivery.parcel.channel,
    error: failure.message,
  })
  return { fate: parked ? 'parked' : 'lost', failure }
}

/** A delivery as an item of the outbox, due at once. */
export function untried({ id, group, parcel }: Delivery, arrivedAt: number): ParkedItem {
  return {
    id,
    group,
    status: 'waiting',
    parkedAt: arrivedAt,
    tries: 0,
    dueAt: arrivedAt,
    lastError: null,
    parcel,
  }
}

/** What becomes of an item of this configuration after a failed try. */
export function failedItem(
  { channels, giveUpAfterMs }: Pick<RelayParts, 'channels' | 'giveUpAfterMs'>,
  item: ParkedItem,
  failure: Failure,
  now: number,
): ParkedItem {
  const { parcel } = item
  const named = 'channel' in parcel ? channels.find(({ id }) => id === parcel.channel) : undefined
  return afterFailure(item, failure, now, {
    giveUpAfterMs,
    isSummarised: named?.channel.resolve === undefined,
  })
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
