import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { bodyText, fromUtf8 } from '../callback/body-text'
import { keyOf, type Notice } from '../callback/notice'
import type { Notices } from '../callback/notices'
import type { readBody } from '../callback/read-body'
import { isUnreadable } from '../callback/unreadable-callback'
import type { Deadline } from '../net/deadline'
import { failure, type Failure, failureOf } from '../net/failure'
import { bucketsToAsk } from '../relay/buckets-to-ask'
import { fewAtOnce } from '../relay/few-at-once'
import { LONGEST_BODY } from '../relay/longest-body'
import type { Services } from '../services'
import type { keepUnknown } from '../relay/keep-unknown'
import type { quarantine, Sent } from '../relay/quarantine'
import { arrivedAfter, type CallbackContext, startContext } from '../relay/callback-context'
import type { settleTold } from '../relay/settle-told'
import { spareMemoryFor } from '../relay/spare-memory'
import { type Turns, turns } from '../relay/turns'
import { ownNotices } from '../relay/unverified'
import type { Payload, ParkedItem } from '../stores/store'
import { forgetProgress, noteProgress, progressOf } from './progress'
import { watchedParts } from './watched-parts'

/** A payload that holds a body. */
export type BodyPayload = Extract<Payload, { kind: 'unverified' | 'unreadable' | 'rest' }>

/** What the sweep has, and this file, which is loaded when it is needed, has not. */
export interface Relaying {
  readonly read: typeof readBody
  readonly settle: typeof settleTold
  readonly keepUnknown: typeof keepUnknown
  readonly quarantine: typeof quarantine
}

/** Long ones one after the other: each takes tens of MB. */
const inTurn = turns()
/** Characters of a payload. */
const LONG = 256 * 1024
/** Of one body so many are relayed at once: several bodies are on their way at a time. */
const AT_ONCE = 4
/** When CI could not be asked so often in a row, or the destinations took nothing, the rest of the body waits. */
const PATIENCE = 2 * AT_ONCE
/** Of a rest nothing more is begun after the deadline; what is under way then has so long, in ms, to come to its end. */
const LAST_TRIES_MS = 3_000
/** Of so many the ledger is asked together which are settled. */
const TOGETHER = 200

/**
 * Puts a kept body through the pipeline once more; null when nothing of it is left to do. What of it is settled is passed over, and what cannot be done
 * by the deadline is gone on with the next time. Never throws.
 */
export async function relayAgain(
  services: Services,
  item: ParkedItem,
  payload: BodyPayload,
  deadline: Deadline,
  relaying: Relaying,
): Promise<Failure | null> {
  const size = payload.kind === 'rest' ? payload.bodyGzip.length : payload.bodyBase64.length
  const isLong = payload.kind === 'rest' || size > LONG
  return inTurn(isLong ? 'a long body' : null, async () => {
    try {
      return deadline.isOver ? unfinished() : await relayBody(services, item, payload, deadline, relaying)
    } catch (error) {
      return failureOf(error)
    }
  })
}

async function relayBody(
  allParts: Services,
  item: ParkedItem,
  payload: BodyPayload,
  deadline: Deadline,
  relaying: Relaying,
): Promise<Failure | null> {
  const isRest = payload.kind === 'rest'
  const { parts: services, whyDown } = watchedParts(allParts, PATIENCE)
  const body = await bodyIn(payload)
  await spareMemoryFor(body)
  const sent: Sent = { body, base64: false }
  let failuresInARow = 0
  let keptUnknown: ReturnType<Relaying['keepUnknown']> | null = null
  try {
    // A rest may be of tens of thousands: it is read as far as it is relayed.
    const read = await relaying.read(body, services.messageRaw, () => isRest)
    return read === 'test' ? null : await relayFrom(read, isRest ? await progressOf(services, item) : 0)
  } catch (error) {
    if (!isRest || !isUnreadable(error)) throw error
    const refusal = await relaying.quarantine(services, sent, error, startContext(item.parkedAt, deadline))
    return refusal === null ? null : failure('it cannot be read, and the store did not take it')
  }

  async function relayFrom(notices: Notices, start: number): Promise<Failure | null> {
    const isOwn = ownNotices(item, notices)
    const mayBeSettled = isRest || (notices.length > 1 && item.tries > 1)
    const inTurn = turns()
    let worst: Failure | null = null
    /** All in front of it is settled. */
    let done = start
    for (let from = start; from < notices.length; from += TOGETHER) {
      const why = whyNot()
      if (why !== null) {
        worst = worseOf(worst, why)
        break
      }
      const lot = lotOf(notices, from, isOwn)
      const settled = mayBeSettled
        ? await services.store?.areSettled(lot.map(({ notice }) => keyOf(notice)))
        : undefined
      const left = lot.filter((_, index) => settled?.[index] !== true)
      const failures = await fewAtOnce(left, async (one) => relayOne(one, inTurn), AT_ONCE)
      const worstHere = failures.reduce(worseOf, null)
      worst = worseOf(worst, worstHere)
      if (worstHere === null && done === from) done += TOGETHER
    }
    if (worst === null) await forgetProgress(services, item, start)
    else if (done > start) await noteProgress(services, item, done)
    return worst
  }

  async function relayOne({ notice, index }: Placed, inTurn: Turns): Promise<Failure | null> {
    const end = isRest ? deadline.plus(LAST_TRIES_MS) : deadline
    const startOwn = (): CallbackContext => startContext(arrivedAfter(item.parkedAt, index), end)
    const why = whyNot()
    if (why !== null) return why
    // Asked about at once, but settled in the order of the body.
    const asking = wordOn(notice, startOwn())
    return inTurn(notice.work, async () => {
      const told = await asking
      if (told === null || 'error' in told) return told && told.error
      const why = whyNot()
      if (why !== null) return why
      const { outcome } = await relaying.settle(services, told, startOwn(), keepUnknown)
      return outcome === 'held' || outcome === 'undelivered' ? failure(`relayed again, but ${outcome}`) : null
    })
  }

  /** What counts about it now; null: it is dropped. Never throws. */
  async function wordOn(
    notice: Notice,
    context: CallbackContext,
  ): Promise<Notice | { readonly error: Failure } | null> {
    try {
      const told = await verifiedNow(services, notice, item, context)
      failuresInARow = 0
      if (told === null)
        services.log('warn', 'CI knows no such execution: the parked callback is dropped', { id: notice.id })
      return told
    } catch (error) {
      const why = failureOf(error)
      if (why.kind === 'throttled') failuresInARow = PATIENCE
      else if (why.tooEarly !== true && why.unverifiable !== true) failuresInARow += 1
      return { error: why }
    }
  }

  /** Why no more of the body is to be begun now; null: it is. */
  function whyNot(): Failure | null {
    const down = whyDown()
    // Not `unsure`: of the body itself nothing was sent.
    if (down !== null) return failure(down.message)
    if (failuresInARow >= PATIENCE) return failure(NO_TIME)
    return deadline.isOver ? unfinished() : null
  }

  /** Of what was parked before, the team is told as it comes. */
  async function keepUnknown(notice: Notice): ReturnType<Relaying['keepUnknown']> {
    if (!isRest) return 'tell'
    return (keptUnknown ??= relaying.keepUnknown(
      services,
      notice,
      sent,
      startContext(item.parkedAt, deadline),
    ))
  }
}

interface Placed {
  readonly notice: Notice
  readonly index: number
}

/** The notices of one lot that the item is about, each once: what comes again later finds the first one settled. */
function lotOf(notices: Notices, from: number, isOwn: (notice: Notice) => boolean): readonly Placed[] {
  const lot = new Map<string, Placed>()
  for (let index = from; index < Math.min(from + TOGETHER, notices.length); index += 1) {
    const notice = notices.at(index)
    if (notice === undefined || !isOwn(notice) || lot.has(keyOf(notice))) continue
    lot.set(keyOf(notice), { notice, index })
  }
  return [...lot.values()]
}

async function bodyIn(payload: BodyPayload): Promise<string> {
  if (payload.kind !== 'rest') return bodyText(payload.bodyBase64, true)
  const zipped = Buffer.from(payload.bodyGzip, 'base64')
  return fromUtf8(await promisify(gunzip)(zipped, { maxOutputLength: LONGEST_BODY }))
}

const NO_TIME = 'no time was left for all of it'

function unfinished(): Failure {
  return failure(NO_TIME, { kind: 'throttled', retryAfterMs: 1, goesOn: true })
}

/** What the item waits for: for as long as somebody can be asked about a part of it, that. */
function worseOf(one: Failure | null, other: Failure | null): Failure | null {
  if (one === null || other === null) return one ?? other
  return rank(other) > rank(one) ? other : one
}

function rank({ kind, goesOn, unverifiable }: Failure): number {
  if (goesOn === true) return 2
  if (kind === 'throttled') return 3
  return unverifiable === true ? 0 : 1
}

/** So often CI is asked about what is over while a part of it goes on; then its own words count. */
const OPEN_TRIES = 3

/** What CI says now, where it has to be asked. */
async function verifiedNow(
  services: Services,
  notice: Notice,
  { tries }: ParkedItem,
  context: CallbackContext,
): Promise<Notice | null> {
  const isOpen = notice.isOpen && tries <= OPEN_TRIES && services.readBack !== null
  const isAsked = services.verify !== 'off' || (isOpen && bucketsToAsk(services, notice).length > 0)
  if (!isAsked) return notice
  const { askCi } = await import('../relay/verify')
  if (services.verify !== 'off') return askCi(services, notice, context)
  return (await askCi(services, notice, context)) ?? notice
}
