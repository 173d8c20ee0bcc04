import type { Alert } from '../alerts/alert'
import { Deadline } from '../delivery/deadline'
import { DEADLINES } from '../relay/deadlines'
import { failedItem, park, untried } from '../relay/deliver-or-park'
import { alertDelivery } from '../relay/delivery'
import { tryDelivery } from '../relay/try-delivery'
import type { RelayParts } from '../relay/parts'
import type { Store } from '../stores/store'

/** Sends an alert about the outbox itself to every channel; one that does not take it gets it later, as the item `itemId` names. */
export async function tellTeam(
  parts: RelayParts,
  store: Store,
  alert: Alert,
  itemId: (channel: string) => string,
): Promise<void> {
  const now = Date.now()
  await Promise.all(
    parts.channels.map(async ({ id }) => {
      const delivery = { ...alertDelivery(id, alert), id: itemId(id) }
      const failure = await tryDelivery(parts, delivery, Deadline.in(DEADLINES.patient))
      if (failure !== null) await park(store, failedItem(parts, untried(delivery, now), failure, now))
    }),
  )
}
