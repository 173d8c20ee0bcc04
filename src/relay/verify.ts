import { isBase64 } from '../callback/body-text'
import { endOf, keyOf, type Notice } from '../callback/notice'
import { isGoingOn } from '../callback/verdict'
import { failure, failureOf } from '../net/failure'
import type { Deadline } from '../net/deadline'
import type { GatewayRequest } from '../gateway/request'
import { DEADLINES, lastMoment } from '../deadlines'
import { park } from '../outbox/deliver-or-park'
import { bucketsToAsk } from './buckets-to-ask'
import { groupInLane } from '../stores/line'
import { messageOf } from '../log'
import type { ParkedItem } from '../stores/store'
import type { Outcome } from './outcome'
import type { ReadBack, Services } from '../services'
import type { CallbackContext } from './callback-context'
import { unverifiedId } from './unverified'

/** A notice that CI has to be asked about later, and why. */
export interface Unasked {
  readonly notice: Notice
  readonly error: unknown
}

/**
 * VERIFY=read-back: the body is only a hint. An execution or job becomes what CI says of it; one that CI does not know is refused; one that CI
 * cannot be asked about now has to wait, until the sweep asks again. Never throws.
 */
export async function asked(
  services: Services,
  notice: Notice,
  context: Pick<CallbackContext, 'deadline'>,
): Promise<Notice | Outcome | Unasked> {
  try {
    return (await askCi(services, notice, context)) ?? { outcome: 'unknown', ...endOf(notice) }
  } catch (error) {
    return { notice, error }
  }
}

/** What is known of the one notice of a body; one that CI has to be asked about later is parked. */
export async function verify(
  services: Services,
  notice: Notice,
  request: GatewayRequest,
  context: CallbackContext,
): Promise<Notice | Outcome> {
  const told = services.verify === 'off' ? notice : await asked(services, notice, context)
  if ('outcome' in told) return told
  const waits = 'error' in told ? told : askedAgain(services, told)
  if (waits !== null && (await parkLot(services, [waits], true, request, context)))
    return { outcome: 'parked', ...endOf(waits.notice) }
  return 'error' in told ? { outcome: 'undelivered', ...endOf(notice) } : told
}

/**
 * Parks together what of a body CI could not be asked about: it is kept once, not once for each. But what nobody can be asked about must not hold up
 * the rest. Which of them are parked.
 */
export async function parkUnasked(
  services: Services,
  unasked: readonly Unasked[],
  isWholeBody: boolean,
  request: GatewayRequest,
  context: CallbackContext,
): Promise<ReadonlySet<Unasked>> {
  const lots = [true, false]
    .map((isHopeless) => unasked.filter(({ error }) => isUnverifiable(error) === isHopeless))
    .filter((lot) => lot.length > 0)
  const parked = await Promise.all(
    lots.map(async (lot) =>
      (await parkLot(services, lot, isWholeBody && lots.length === 1, request, context)) ? lot : [],
    ),
  )
  return new Set(parked.flat())
}

/** Of an execution that is over while one of its tasks goes on: CI has to be asked again, where it can be. Null: it cannot. */
export function askedAgain(services: Services, notice: Notice): Unasked | null {
  if (!notice.isOpen || notice.unknownEvent !== null || services.readBack === null || services.store === null)
    return null
  if (bucketsToAsk(services, notice).length === 0) return null
  return { notice, error: new Error('a task of it goes on: CI is asked again') }
}

/** Characters. */
const LONG = 256 * 1024
/** So many of one item are named in the log. */
const NAMED = 20

async function parkLot(
  services: Services,
  lot: readonly Unasked[],
  isWholeBody: boolean,
  request: GatewayRequest,
  context: CallbackContext,
): Promise<boolean> {
  const notices = lot.map(({ notice }) => notice)
  const error = lot[0]?.error
  const id = unverifiedId(notices)
  const message = messageOf(error)
  const [bucket = null] = notices.flatMap((notice) => bucketsToAsk(services, notice))
  const item: ParkedItem = {
    id,
    group: isUnverifiable(error) ? groupInLane('unchecked', { id, group: id }) : id,
    status: 'waiting',
    parkedAt: context.arrivedAt,
    tries: 1,
    dueAt: context.arrivedAt,
    lastError: message,
    payload: {
      kind: 'unverified',
      bodyBase64: bodyBase64(request),
      bucket,
      ...(!isWholeBody && { only: notices.map(keyOf) }),
    },
  }
  // A body of MB takes its time.
  const end = lastMoment(context.deadline)
  const parked = await park(services.store, item, request.body.length > LONG ? end.left : DEADLINES.store)
  const named = notices.slice(0, NAMED).map(endOf)
  const which = named.length === 1 ? named[0] : { count: notices.length, of: named }
  services.log(parked ? 'warn' : 'error', 'CI could not be asked', { ...which, error: message, parked })
  return parked
}

/** What CI says of a notice; null when it knows none such. Throws when it cannot be asked, or is not as far as its callback. */
export async function askCi(
  services: Services,
  notice: Notice,
  context: Pick<CallbackContext, 'deadline'>,
): Promise<Notice | null> {
  const { readBack } = services
  if (readBack === null) throw new Error('no credentials to ask CI with: give the function a role')
  const buckets = bucketsToAsk(services, notice)
  if (buckets.length === 0)
    throw new Unverifiable(
      notice.askedAt === 'none'
        ? 'CI cannot be asked about this kind of callback'
        : 'the callback names no bucket to ask CI about',
    )
  const deadline = context.deadline.within(DEADLINES.attempt)
  if (deadline.isOver) throw new Error('no time was left to ask CI')
  const told = await deadline.hold(
    firstTold(readBack, notice, buckets, deadline),
    () => new Error('CI gave no answer in time'),
  )
  // What CI answers may lag behind what it calls back.
  if (told !== null && isGoingOn(told.state) && !isGoingOn(notice.state))
    throw new TooEarly(`CI says that it is still ${told.state}`)
  return told
}

class TooEarly extends Error {
  readonly failure = failure(this.message, { tooEarly: true })
}

class Unverifiable extends Error {
  readonly failure = failure(this.message, { unverifiable: true })
}

/** Whether nobody can be asked, or CI knows no such bucket of ours. */
function isUnverifiable(error: unknown): boolean {
  return failureOf(error).unverifiable === true
}

async function firstTold(
  readBack: ReadBack,
  notice: Notice,
  buckets: readonly string[],
  deadline: Deadline,
): Promise<Notice | null> {
  for (const bucket of buckets) {
    const told = await toldOf(readBack, notice, bucket, deadline)
    if (told !== null) return told
  }
  // Only executions are all known at one place: of a job that none of the known places has, nobody can say that it is forged.
  if (notice.askedAt !== 'executions')
    throw new Unverifiable('CI knows no such job at any place that is known')
  return null
}

async function toldOf(
  readBack: ReadBack,
  { id, askedAt, data, raw }: Notice,
  bucket: string,
  deadline: Deadline,
): Promise<Notice | null> {
  if (askedAt !== 'executions') {
    const told = await readBack.job(bucket, id, deadline)
    return told && { ...told, raw }
  }
  const told = await readBack.execution(bucket, id, deadline)
  if (told === null) return null
  // CI does not tell the headers of the upload again.
  const headers = 'headers' in data ? data.headers : told.data.headers
  return { ...told, raw, data: { ...told.data, headers } }
}

function bodyBase64({ body, base64 }: GatewayRequest): string {
  return isBase64(body, base64) ? body : Buffer.from(body).toString('base64')
}
