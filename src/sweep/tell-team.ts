import type { Alert } from '../alerts/alert'
import { DEADLINES } from '../relay/deadlines'
import { alertDelivery, firstItem, park, tryDelivery } from '../relay/delivery'
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
      const failure = await tryDelivery(parts, delivery, DEADLINES.attempt)
      if (failure !== null) await park(store, firstItem(delivery, failure, now, parts.channels))
    }),
  )
}
