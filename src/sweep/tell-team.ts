import type { Alert } from '../alerts/alert'
import { Deadline } from '../delivery/deadline'
import { DEADLINES } from '../relay/deadlines'
import type { RelayParts } from '../relay/parts'
import { tellChannels } from '../relay/tell-channels'

/** Sends an alert about the outbox itself to every channel; one that does not take it gets it later, as the item `itemId` names. */
export async function tellTeam(
  parts: RelayParts,
  alert: Alert,
  itemId: (channel: string) => string,
): Promise<void> {
  await tellChannels(parts, alert, {
    deadline: Deadline.in(DEADLINES.patient),
    patienceMs: DEADLINES.patient,
    arrivedAt: Date.now(),
    itemId,
  })
}
