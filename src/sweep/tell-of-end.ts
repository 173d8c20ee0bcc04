import type { Alert } from '../alerts/alert'
import { DEADLINES } from '../deadlines'
import { deliverOrPark } from '../outbox/deliver-or-park'
import { resolveDelivery } from '../outbox/delivery'
import type { Services } from '../services'
import { tellChannels, type Telling } from '../outbox/tell-channels'

/** Tells the team that what it was told of is over; where a channel knows incidents, `incident` ends instead. */
export async function tellOfEnd(
  services: Services,
  alert: Alert,
  incident: string,
  telling: Omit<Telling, 'patienceMs'>,
): Promise<void> {
  const able = services.channels.filter(({ channel }) => channel.resolve !== undefined)
  const channels = services.channels.filter(({ channel }) => channel.resolve === undefined)
  await Promise.all([
    tellChannels({ ...services, channels }, alert, { ...telling, patienceMs: DEADLINES.patient }),
    ...able.map(({ id }) => deliverOrPark(services, resolveDelivery(id, incident, alert.id), telling)),
  ])
}
