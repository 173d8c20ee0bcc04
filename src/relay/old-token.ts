import type { Notes } from '../stores/store'
import { timed } from '../outbox/timed'
import type { Services } from '../services'

/** When a callback last came by a token that is not the first, ms since the epoch. */
export const OLD_TOKEN = 'old-token'

/** A note a minute is as good as one a callback. */
const EVERY_MS = 60_000
/** So many days later nobody asks. */
const KEEP_MS = 30 * 86_400_000

const noted = new WeakMap<Notes, number>()

/** Keeps that somebody still comes by a token that is to go; what cannot be kept holds up nothing. */
export async function noteOldToken({ store, log }: Services): Promise<void> {
  const now = Date.now()
  if (store === null || Math.abs(now - (noted.get(store) ?? -Infinity)) < EVERY_MS) return
  noted.set(store, now)
  log('info', 'a callback came by an old token: its workflow or queue is to be pointed at the new URL')
  await timed(() => store.setNote(OLD_TOKEN, String(now), KEEP_MS)).catch(() => noted.delete(store))
}
