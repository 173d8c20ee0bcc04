import { isBase64 } from '../callback/body-text'
import { endOf, keyOf, type Notice } from '../callback/notice'
import { isGoingOn } from '../callback/verdict'
import { failure, failureOf } from '../delivery/failure'
import type { Deadline } from '../delivery/deadline'
import type { GatewayRequest } from '../gateway/request'
import { DEADLINES } from './deadlines'
import { park } from './deliver-or-park'
import { bucketsToAsk } from './buckets-to-ask'
import { groupInLane } from './delivery'
import { fewAtOnce } from './few-at-once'
import { messageOf } from './ledger'
import type { Outcome } from './outcome'
import type { ReadBack, RelayParts } from './parts'
import type { Run } from './run'
import { unverifiedId } from './unverified'

/**
 * VERIFY=read-back: the body is only a hint. Each execution or job becomes what CI says of it; one that CI does not know is refused; those
 * that CI cannot be asked about now wait in the outbox, where the sweep asks again.
 */
export async function verify(
  parts: RelayParts,
  notices: readonly Notice[],
  request: GatewayRequest,
  run: Run,
): Promise<readonly (Notice | Outcome)[]> {
  const unasked: Unasked[] = []
  const told = await fewAtOnce(notices, async (notice): Promise<Notice | Outcome | null> => {
    try {
      return (await askCi(parts, notice, run)) ?? { outcome: 'unknown', ...endOf(notice) }
    } catch (error) {
      unasked.push({ notice, error })
      return null
    }
  })
  if (unasked.length === 0) return told as readonly (Notice | Outcome)[]
  // Together: a body of thousands of jobs is kept once, not once for each. But what nobody can be asked about must not hold up the rest.
  const lots = [true, false]
    .map((isHopeless) => unasked.filter(({ error }) => isUnverifiable(error) === isHopeless))
    .filter((lot) => lot.length > 0)
  const parked = new Set<Notice>()
  await Promise.all(
    lots.map(async (lot) => {
      const isParked = await parkUnasked(parts, lot, lot.length === notices.length, request, run)
      if (isParked) for (const { notice } of lot) parked.add(notice)
    }),
  )
  return notices.map((notice, index) => {
    const outcome = parked.has(notice) ? 'parked' : 'undelivered'
    return told[index] ?? { outcome, ...endOf(notice) }
  })
}

/** Of an execution that is over while one of its tasks goes on: CI is asked again by the next sweep, where it can be. False: it cannot. */
export async function parkOpen(
  parts: RelayParts,
  notice: Notice,
  request: GatewayRequest,
  run: Run,
): Promise<boolean> {
  if (parts.store === null || bucketsToAsk(parts, notice).length === 0) return false
  const error = new Error('a task of it goes on: CI is asked again')
  return parkUnasked(parts, [{ notice, error }], false, request, run)
}

interface Unasked {
  readonly notice: Notice
  readonly error: unknown
}

/** So many of one item are named in the log. */
const NAMED = 20

async function parkUnasked(
  parts: RelayParts,
  lot: readonly Unasked[],
  isWholeBody: boolean,
  request: GatewayRequest,
  run: Run,
): Promise<boolean> {
  const notices = lot.map(({ notice }) => notice)
  const error = lot[0]?.error
  const id = unverifiedId(notices)
  const message = messageOf(error)
  const [bucket = null] = notices.flatMap((notice) => bucketsToAsk(parts, notice))
  const parked = await park(parts.store, {
    id,
    group: isUnverifiable(error) ? groupInLane('unchecked', { id, group: id }) : id,
    status: 'waiting',
    parkedAt: run.arrivedAt,
    tries: 1,
    dueAt: run.arrivedAt,
    lastError: message,
    parcel: {
      kind: 'unverified',
      bodyBase64: bodyBase64(request),
      bucket,
      ...(!isWholeBody && { only: notices.map(keyOf) }),
    },
  })
  const named = notices.slice(0, NAMED).map(endOf)
  const which = named.length === 1 ? named[0] : { count: notices.length, of: named }
  parts.log(parked ? 'warn' : 'error', 'CI could not be asked', { ...which, error: message, parked })
  return parked
}

/** What CI says of a notice; null when it knows none such. Throws when it cannot be asked, or is not as far as its callback. */
export async function askCi(
  parts: RelayParts,
  notice: Notice,
  run: Pick<Run, 'deadline'>,
): Promise<Notice | null> {
  const { readBack } = parts
  if (readBack === null) throw new Error('no credentials to ask CI with: give the function a role')
  const buckets = bucketsToAsk(parts, notice)
  if (buckets.length === 0)
    throw new Unverifiable(
      notice.askedAt === 'none'
        ? 'CI cannot be asked about this kind of callback'
        : 'the callback names no bucket to ask CI about',
    )
  const deadline = run.deadline.within(DEADLINES.attempt)
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
