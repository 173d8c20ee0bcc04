import { fingerprintOf } from '../callback/fingerprint'
import { keyOf, type Notice } from '../callback/notice'
import { park } from '../outbox/deliver-or-park'
import { isSettled } from './claim'
import { timed } from '../outbox/timed'
import type { Services } from '../services'
import { bytesOf, idOf, keptItem, LOGGED_CHARACTERS, type Sent } from './quarantine'
import type { CallbackContext } from './callback-context'

/** Of an event that nobody knows, many a day may come: the team is told once an hour a name. */
const EVERY_MS = 3_600_000

/**
 * Keeps the body of an event whose name nobody knows, whole, and says whether the team is to be told of it now.
 * `lost`: the store did not take it.
 */
export async function keepUnknown(
  { store, log }: Services,
  unknown: Notice,
  request: Sent,
  context: CallbackContext,
): Promise<'tell' | 'told' | 'lost'> {
  const name = String(unknown.unknownEvent)
  const bytes = bytesOf(request, null)
  const problem = `nobody knows an event of the name ${name}`
  const kept = await park(store, keptItem(idOf('unknown', bytes), bytes, 'unknown-event', problem, context))
  if (!kept)
    log('error', 'the body of an unknown event was not stored: this is it', {
      event: name,
      body: request.body.slice(0, LOGGED_CHARACTERS),
    })
  if (store === null) return 'tell'
  if (!kept) return 'lost'
  try {
    // A repeat is a duplicate, told or not.
    if (await timed(() => isSettled(store, keyOf(unknown)))) return 'tell'
    const wait = await timed(() => store.admit(`unknown-event/${fingerprintOf([name])}`, 1, EVERY_MS))
    return wait === 0 ? 'tell' : 'told'
  } catch {
    return 'tell'
  }
}
