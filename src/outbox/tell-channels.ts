import type { Alert } from '../alerts/alert'
import type { Deadline } from '../net/deadline'
import type { ParkedItem, Store } from '../stores/store'
import { type DeliveryResult, park, tryOrPark, untried } from './deliver-or-park'
import { alertDelivery, type Delivery } from './delivery'
import { fallbackTurn } from './fallback'
import type { NamedChannel, Services } from '../services'

/** The conditions under which an alert is told. */
export interface Telling {
  /** Until when all channels have been tried, the fallbacks included. */
  readonly deadline: Deadline
  /** How long one try may take, in ms. */
  readonly patienceMs: number
  readonly arrivedAt: number
  /** The id of an item for this channel; the usual one unless given. */
  readonly itemId?: (channel: string) => string
}

export type ChannelResult = readonly [NamedChannel, DeliveryResult]

/**
 * Tells every channel of an alert, the fallbacks only when no other takes it. Each one that does not take it gets it later. What is not owed to a
 * fallback is not among the fates.
 */
export async function tellChannels(
  services: Services,
  alert: Alert,
  telling: Telling,
): Promise<readonly ChannelResult[]> {
  const { deadline, patienceMs, arrivedAt, itemId } = telling
  const deliveryTo = ({ id }: NamedChannel): Delivery => {
    const delivery = alertDelivery(id, alert)
    return itemId === undefined
      ? delivery
      : { group: delivery.group, payload: delivery.payload, id: itemId(id) }
  }
  const tell = async (named: NamedChannel) => ({
    named,
    ...(await tryOrPark(services, deliveryTo(named), arrivedAt, deadline.within(patienceMs))),
  })

  const others = await Promise.all(services.channels.filter(({ channel }) => !channel.isFallback).map(tell))
  const fates = others.map(({ named, result }): ChannelResult => [named, result])
  const fallbacks = services.channels.filter(({ channel }) => channel.isFallback)
  const turn = fallbackTurn(
    others.map(({ failure }) => failure),
    { canWait: fates.some(([, fate]) => fate === 'parked'), leftMs: deadline.left },
  )
  if (fallbacks.length === 0 || turn === 'never') return fates

  const unless = others.filter(({ result }) => result === 'parked').map(({ named }) => deliveryTo(named).id)
  const late = fallbacks.map(async (named): Promise<ChannelResult> => {
    const waiting = turn === 'next sweep' && (await park(services.store, waitingItem(named)))
    return [named, waiting ? 'parked' : (await tell(named)).result]
  })
  return [...fates, ...(await Promise.all(late))]

  function waitingItem(named: NamedChannel): ParkedItem {
    const { id, group, payload } = deliveryTo(named)
    const item = untried({ id, group, payload: { ...payload, unless } as Delivery['payload'] }, arrivedAt)
    return { ...item, lastError: 'a fallback: told by the next sweep unless another channel takes it first' }
  }
}

/** Whether a channel that was to be told first has been told meanwhile: its item is gone then. Where that cannot be known, rather twice than never. */
export async function isToldMeanwhile(
  store: Store | null,
  unless: readonly string[] | undefined,
): Promise<boolean> {
  if (store === null || unless === undefined) return false
  try {
    const items = await Promise.all(unless.map(async (id) => store.read(id)))
    return items.includes(null)
  } catch {
    return false
  }
}
