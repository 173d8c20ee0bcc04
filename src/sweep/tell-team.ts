import type { Alert } from '../alerts/alert'
import { Deadline } from '../net/deadline'
import { DEADLINES } from '../deadlines'
import type { Services } from '../services'
import { tellChannels } from '../outbox/tell-channels'

/** Sends an alert about the outbox itself to every channel; one that does not take it gets it later, as the item `itemId` names. */
export async function tellTeam(
  services: Services,
  alert: Alert,
  itemId: (channel: string) => string,
): Promise<void> {
  await tellChannels(services, alert, {
    deadline: Deadline.in(DEADLINES.patient),
    patienceMs: DEADLINES.patient,
    arrivedAt: Date.now(),
    itemId,
  })
}
