import { sha256 } from '../delivery/sha256'
import { isBase64 } from '../callback/body-text'
import type { UnreadableCallback } from '../callback/unreadable-callback'
import type { GatewayRequest } from '../gateway/request'
import { unreadableAlert } from './alert-text'
import { wordsOf } from './alert-words'
import { type Answer, comeAgain } from './answer'
import { DEADLINES } from './deadlines'
import { park } from './deliver-or-park'
import { claim } from './ledger'
import type { RelayParts } from './parts'
import type { Run } from './run'
import { tellChannels } from './tell-channels'

/** What the log keeps of a body that cannot be stored. */
const LOGGED_CHARACTERS = 16_384

/**
 * Keeps an authenticated body that could not be read, and tells the team, once however often the same body comes. Returns null when that is
 * done; a 503 when a store is configured and did not take it.
 */
export async function quarantine(
  parts: RelayParts,
  request: GatewayRequest,
  problem: UnreadableCallback,
  run: Run,
): Promise<Answer | null> {
  const bytes = bytesOf(request, problem)
  const id = `unreadable-${sha256(bytes, 'base64url').slice(0, 22)}`
  const ticket = await claim(parts.store, id, run, parts.log)
  if (ticket.kind === 'done') return null

  const kept = await park(parts.store, {
    id,
    group: id,
    status: 'quarantined',
    parkedAt: run.arrivedAt,
    tries: 0,
    dueAt: run.arrivedAt,
    lastError: problem.message,
    parcel: {
      kind: 'unreadable',
      bodyBase64: bytes.toString('base64'),
      error: problem.code,
      message: problem.message,
    },
  })
  if (!kept)
    parts.log('error', 'an unreadable body was not stored: this is it', {
      item: id,
      problem: problem.message,
      body: request.body.slice(0, LOGGED_CHARACTERS),
    })
  if (!kept && parts.store !== null) {
    if (ticket.kind === 'claimed') await ticket.release()
    return comeAgain('not-stored', 'The body cannot be read, and the store did not take it.', 5_000)
  }
  // The other worker tells of it; but it may not live to keep it.
  if (ticket.kind === 'held') return null
  const alert = unreadableAlert(
    id,
    problem.message,
    bytes.length,
    kept ? id : null,
    await wordsOf(parts.language),
  )
  await tellChannels(parts, alert, { ...run, patienceMs: DEADLINES.attempt })
  await ticket.settle()
  return null
}

/** The body as it was sent. One that only claims to be base64 is kept as it came: decoding it would lose it. */
function bytesOf({ body, base64 }: GatewayRequest, problem: UnreadableCallback): Buffer {
  return Buffer.from(body, problem.code !== 'bad-base64' && isBase64(body, base64) ? 'base64' : 'utf8')
}
