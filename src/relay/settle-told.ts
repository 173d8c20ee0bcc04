import { endOf, type Notice } from '../callback/notice'
import type { Outcome } from './outcome'
import type { Services } from '../services'
import type { CallbackContext } from './callback-context'
import { settleNotice } from './settle-notice'

/** Whether the team is to be told now of an event that nobody knows, once the body that brought it is kept. */
export type KeepUnknown = (notice: Notice) => Promise<'tell' | 'told' | 'lost'>

/** Settles a notice of a callback once CI's word on it is known, where it had to be asked for. Never throws. */
export async function settleTold(
  services: Services,
  notice: Notice,
  context: CallbackContext,
  keepUnknown: KeepUnknown,
): Promise<Outcome> {
  if (notice.unknownEvent !== null) {
    const word = await keepUnknown(notice)
    if (word !== 'tell') return { outcome: word === 'told' ? 'parked' : 'undelivered', ...endOf(notice) }
  }
  return settleNotice(services, notice, context)
}
