import type { Deadline } from '../net/deadline'
import type { Failure } from '../net/failure'
import { readBody } from '../callback/read-body'
import { keepUnknown } from '../relay/keep-unknown'
import { quarantine } from '../relay/quarantine'
import { settleTold } from '../relay/settle-told'
import { tryDelivery } from '../outbox/try-delivery'
import type { Services } from '../services'
import { isToldMeanwhile } from '../outbox/tell-channels'
import type { ParkedItem } from '../stores/store'

/** One more try at a parked item, of whatever kind; null when it is settled and can go. Never throws. */
export async function redeliver(
  services: Services,
  item: ParkedItem,
  deadline: Deadline,
): Promise<Failure | null> {
  const { payload } = item
  switch (payload.kind) {
    case 'alert':
      if (await isToldMeanwhile(services.store, payload.unless)) return null
      return tryDelivery(services, { payload }, deadline)
    case 'message':
    case 'resolve':
      return tryDelivery(services, { payload }, deadline)
    case 'unverified':
    case 'unreadable':
    case 'rest': {
      const { relayAgain } = await import('./relay-again')
      return relayAgain(services, item, payload, deadline, {
        read: readBody,
        settle: settleTold,
        keepUnknown,
        quarantine,
      })
    }
  }
}
