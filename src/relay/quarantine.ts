import { sha256 } from '../delivery/sha256'
import { isBase64 } from '../callback/body-text'
import type { UnreadableCallback } from '../callback/unreadable-callback'
import { glimpse } from '../callback/glimpse'
import { fingerprintOf } from '../callback/fingerprint'
import { keyOf, type Notice } from '../callback/notice'
import type { ParkedItem } from '../stores/store'
import type { GatewayRequest } from '../gateway/request'
import { unreadableAlert } from './alert-text'
import { wordsOf } from './alert-words'
import { type Answer, comeAgain } from './answer'
import { DEADLINES } from './deadlines'
import { park } from './deliver-or-park'
import { claim, isSettled, timed } from './ledger'
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
  const id = idOf('unreadable', bytes)
  const ticket = await claim(parts, id, run)
  if (ticket.kind === 'done') return null

  const kept = await park(parts.store, keptItem(id, bytes, problem.code, problem.message, run))
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
    { id, problem, bytes: bytes.length, isKept: kept, seen: glimpse(seenText(request)) },
    await wordsOf(parts.language),
  )
  await tellChannels(parts, alert, { ...run, patienceMs: DEADLINES.attempt })
  await ticket.settle()
  return null
}

/** As text, whatever it is. */
export function seenText(request: GatewayRequest): string {
  return bytesOf(request, null).toString()
}

/** Of an event that nobody knows, many a day may come: the team is told once an hour a name. */
const EVERY_MS = 3_600_000

/**
 * Keeps the body of an event whose name nobody knows, whole, and says whether the team is to be told of it now. `tell`, too, of a body that holds
 * none such; `lost`: the store did not take it.
 */
export async function keepUnknown(
  { store, log }: RelayParts,
  notices: readonly Notice[],
  request: GatewayRequest,
  run: Run,
): Promise<'tell' | 'told' | 'lost'> {
  const unknown = notices.find(({ unknownEvent }) => unknownEvent !== null)
  if (unknown === undefined) return 'tell'
  const name = String(unknown.unknownEvent)
  const bytes = bytesOf(request, null)
  const problem = `nobody knows an event of the name ${name}`
  const kept = await park(store, keptItem(idOf('unknown', bytes), bytes, 'unknown-event', problem, run))
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

function idOf(prefix: string, bytes: Buffer): string {
  return `${prefix}-${sha256(bytes, 'base64url').slice(0, 22)}`
}

function keptItem(id: string, bytes: Buffer, error: string, message: string, run: Run): ParkedItem {
  return {
    id,
    group: id,
    status: 'quarantined',
    parkedAt: run.arrivedAt,
    tries: 0,
    dueAt: run.arrivedAt,
    lastError: message,
    parcel: { kind: 'unreadable', bodyBase64: bytes.toString('base64'), error, message },
  }
}

/** The body as it was sent. One that only claims to be base64 is kept as it came: decoding it would lose it. */
function bytesOf({ body, base64 }: GatewayRequest, problem: UnreadableCallback | null): Buffer {
  return Buffer.from(body, problem?.code !== 'bad-base64' && isBase64(body, base64) ? 'base64' : 'utf8')
}
