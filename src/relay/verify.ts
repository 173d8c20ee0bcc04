import { isBase64 } from '../callback/body-text'
import type { Subject } from '../callback/model'
import { failure, failureOf } from '../delivery/failure'
import type { Deadline } from '../delivery/deadline'
import type { GatewayRequest } from '../gateway/request'
import { DEADLINES } from './deadlines'
import { park } from './deliver-or-park'
import { digest, groupInLane } from './delivery'
import { fewAtOnce } from './few-at-once'
import { messageOf } from './ledger'
import type { ParkedItem } from '../stores/store'
import { endOf, idOf, keyOf, type Outcome, stateOf } from './outcome'
import type { ReadBack, RelayParts } from './parts'
import type { Run } from './run'
import { isGoingOn } from './route'

/**
 * VERIFY=read-back: the body is only a hint. Each execution or job becomes what CI says of it; one that CI does not know is refused; those
 * that CI cannot be asked about now wait in the outbox, where the sweep asks again.
 */
export async function verify(
  parts: RelayParts,
  subjects: readonly Subject[],
  request: GatewayRequest,
  run: Run,
): Promise<readonly (Subject | Outcome)[]> {
  const unasked: Unasked[] = []
  const told = await fewAtOnce(subjects, async (subject): Promise<Subject | Outcome | null> => {
    try {
      return (await askCi(parts, subject, run)) ?? { outcome: 'unknown', ...endOf(subject) }
    } catch (error) {
      unasked.push({ subject, error })
      return null
    }
  })
  if (unasked.length === 0) return told as readonly (Subject | Outcome)[]
  // Together: a body of thousands of jobs is kept once, not once for each. But what nobody can be asked about must not hold up the rest.
  const lots = [true, false]
    .map((isHopeless) => unasked.filter(({ error }) => isUnverifiable(error) === isHopeless))
    .filter((lot) => lot.length > 0)
  const parked = new Set<Subject>()
  await Promise.all(
    lots.map(async (lot) => {
      const isParked = await parkUnasked(parts, lot, lot.length === subjects.length, request, run)
      if (isParked) for (const { subject } of lot) parked.add(subject)
    }),
  )
  return subjects.map((subject, index) => {
    const outcome = parked.has(subject) ? 'parked' : 'undelivered'
    return told[index] ?? { outcome, ...endOf(subject) }
  })
}

interface Unasked {
  readonly subject: Subject
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
  const subjects = lot.map(({ subject }) => subject)
  const error = lot[0]?.error
  const id = unverifiedId(subjects)
  const message = messageOf(error)
  const [bucket = null] = subjects.flatMap((subject) => bucketsToAsk(parts, subject))
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
      ...(!isWholeBody && { only: subjects.map(keyOf) }),
    },
  })
  const named = subjects.slice(0, NAMED).map(endOf)
  const which = named.length === 1 ? named[0] : { count: subjects.length, of: named }
  parts.log(parked ? 'warn' : 'error', 'CI could not be asked', { ...which, error: message, parked })
  return parked
}

/** The same for every repeat. */
function unverifiedId(subjects: readonly Subject[]): string {
  return `unverified-${digest(...subjects.flatMap((subject) => [subject.kind, idOf(subject), stateOf(subject)]))}`
}

/** Which of a parked body's executions and jobs an item is about, each once. v0.1 parked the whole body once for each of them. */
export function subjectsOf(
  { id, parcel }: Pick<ParkedItem, 'id' | 'parcel'>,
  body: readonly Subject[],
): readonly Subject[] {
  const all = [...new Map(body.map((subject) => [keyOf(subject), subject])).values()]
  if (parcel.kind !== 'unverified') return all
  if (parcel.only !== undefined) {
    const only = new Set(parcel.only)
    return all.filter((subject) => only.has(keyOf(subject)))
  }
  const own = all.filter((subject) => unverifiedId([subject]) === id)
  return own.length > 0 ? own : all
}

/** What CI says of a subject; null when it knows none such. Throws when it cannot be asked, or is not as far as its callback. */
export async function askCi(
  parts: RelayParts,
  subject: Subject,
  run: Pick<Run, 'deadline'>,
): Promise<Subject | null> {
  const { readBack } = parts
  if (readBack === null) throw new Error('no credentials to ask CI with: give the function a role')
  const buckets = bucketsToAsk(parts, subject)
  if (buckets.length === 0) throw new Unverifiable('the callback names no bucket to ask CI about')
  const deadline = run.deadline.within(DEADLINES.attempt)
  if (deadline.isOver) throw new Error('no time was left to ask CI')
  const told = await deadline.hold(
    firstTold(readBack, subject, buckets, deadline),
    () => new Error('CI gave no answer in time'),
  )
  // What CI answers may lag behind what it calls back.
  if (told !== null && isGoingOn(stateOf(told)) && !isGoingOn(stateOf(subject)))
    throw new StillGoingOn(`CI says that it is still ${stateOf(told)}`)
  return told
}

class StillGoingOn extends Error {}

/** Whether CI could be asked, and has no more to say yet. */
export function isStillGoingOn(error: unknown): boolean {
  return error instanceof StillGoingOn
}

/** The bucket that the callback names; where it names none, those that RECONCILE has for its workflow. */
export function bucketsToAsk({ bucketsOf }: RelayParts, subject: Subject): readonly string[] {
  const { bucket, workflow } = subject.kind === 'workflow' ? subject.execution : subject.job
  if (bucket !== null) return [bucket]
  const id = workflow?.id ?? null
  return id === null ? [] : bucketsOf(id)
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
  subject: Subject,
  buckets: readonly string[],
  deadline: Deadline,
): Promise<Subject | null> {
  for (const bucket of buckets) {
    const told = await toldOf(readBack, subject, bucket, deadline)
    if (told !== null) return told
  }
  return null
}

async function toldOf(
  readBack: ReadBack,
  subject: Subject,
  bucket: string,
  deadline: Deadline,
): Promise<Subject | null> {
  if (subject.kind === 'job') {
    const job = await readBack.job(bucket, subject.job.jobId, deadline)
    return job && { kind: 'job', job }
  }
  const execution = await readBack.execution(bucket, subject.execution.runId, deadline)
  // CI does not tell the headers of the upload again.
  return execution && { kind: 'workflow', execution: { ...execution, headers: subject.execution.headers } }
}

function bodyBase64({ body, base64 }: GatewayRequest): string {
  return isBase64(body, base64) ? body : Buffer.from(body).toString('base64')
}
