import { sha256 } from '../sha256'
import { isBase64 } from '../callback/body-text'
import type { UnreadableCallback } from '../callback/unreadable-callback'
import { glimpse } from '../callback/glimpse'
import type { ParkedItem } from '../stores/store'
import type { GatewayRequest } from '../gateway/request'
import { unreadableAlert } from '../alerts/alert-text'
import { wordsOf } from '../alerts/alert-words'
import { type Answer, comeAgain } from '../gateway/answer'
import { DEADLINES } from '../deadlines'
import { park } from '../outbox/deliver-or-park'
import { claim } from './claim'
import type { Services } from '../services'
import type { CallbackContext } from './callback-context'
import { tellChannels } from '../outbox/tell-channels'

/** A body as it was sent. */
export type Sent = Pick<GatewayRequest, 'body' | 'base64'>

/** What the log keeps of a body that cannot be stored. */
export const LOGGED_CHARACTERS = 16_384

/**
 * Keeps an authenticated body that could not be read, and tells the team, once however often the same body comes. Returns null when that is
 * done; a 503 when a store is configured and did not take it.
 */
export async function quarantine(
  services: Services,
  request: Sent,
  problem: UnreadableCallback,
  context: CallbackContext,
): Promise<Answer | null> {
  const bytes = bytesOf(request, problem)
  const id = idOf('unreadable', bytes)
  const claimed = await claim(services, id, context)
  if (claimed.kind === 'done') return null

  const kept = await park(services.store, keptItem(id, bytes, problem.code, problem.message, context))
  if (!kept)
    services.log('error', 'an unreadable body was not stored: this is it', {
      item: id,
      problem: problem.message,
      body: request.body.slice(0, LOGGED_CHARACTERS),
    })
  if (!kept && services.store !== null) {
    if (claimed.kind === 'claimed') await claimed.release()
    return comeAgain('not-stored', 'The body cannot be read, and the store did not take it.', 5_000)
  }
  // The other worker tells of it; but it may not live to keep it.
  if (claimed.kind === 'held') return null
  const alert = unreadableAlert(
    { id, problem, bytes: bytes.length, isKept: kept, seen: glimpse(seenText(request)) },
    await wordsOf(services.language),
  )
  await tellChannels(services, alert, { ...context, patienceMs: DEADLINES.attempt })
  await claimed.settle()
  return null
}

/** As text, whatever it is. */
export function seenText(request: Sent): string {
  return bytesOf(request, null).toString()
}

/** The id under which a body is kept: the same for the same bytes. */
export function idOf(prefix: string, bytes: Buffer): string {
  return `${prefix}-${sha256(bytes, 'base64url').slice(0, 22)}`
}

/** A body as an item that waits for a person. */
export function keptItem(
  id: string,
  bytes: Buffer,
  error: string,
  message: string,
  context: CallbackContext,
): ParkedItem {
  return {
    id,
    group: id,
    status: 'quarantined',
    parkedAt: context.arrivedAt,
    tries: 0,
    dueAt: context.arrivedAt,
    lastError: message,
    payload: { kind: 'unreadable', bodyBase64: bytes.toString('base64'), error, message },
  }
}

/** The body as it was sent. One that only claims to be base64 is kept as it came: decoding it would lose it. */
export function bytesOf({ body, base64 }: Sent, problem: UnreadableCallback | null): Buffer {
  return Buffer.from(body, problem?.code !== 'bad-base64' && isBase64(body, base64) ? 'base64' : 'utf8')
}
