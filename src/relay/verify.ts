import { isBase64 } from '../callback/body-text'
import type { Subject } from '../callback/model'
import type { Deadline } from '../delivery/deadline'
import type { GatewayRequest } from '../gateway/request'
import { DEADLINES } from './deadlines'
import { park } from './deliver-or-park'
import { digest, groupInLane } from './delivery'
import { fewAtOnce } from './few-at-once'
import { messageOf } from './ledger'
import { idOf, type Outcome, stateOf } from './outcome'
import type { ReadBack, RelayParts } from './parts'
import type { Run } from './run'
import { isGoingOn } from './route'

/**
 * VERIFY=read-back: the body is only a hint. Each execution or job becomes what CI says of it; one that CI does not know is refused; one
 * that CI cannot be asked about now waits in the outbox, where the sweep asks again.
 */
export async function verify(
  parts: RelayParts,
  subjects: readonly Subject[],
  request: GatewayRequest,
  run: Run,
): Promise<readonly (Subject | Outcome)[]> {
  return fewAtOnce(subjects, async (subject) => verifyOne(parts, subject, request, run))
}

async function verifyOne(
  parts: RelayParts,
  subject: Subject,
  request: GatewayRequest,
  run: Run,
): Promise<Subject | Outcome> {
  const what = { id: idOf(subject), state: stateOf(subject) }
  try {
    const told = await askCi(parts, subject, run)
    return told ?? { outcome: 'unknown', ...what }
  } catch (error) {
    const message = messageOf(error)
    const id = `unverified-${digest(subject.kind, what.id, what.state)}`
    const [bucket = null] = bucketsToAsk(parts, subject)
    const parked = await park(parts.store, {
      id,
      group: isUnverifiable(error) ? groupInLane('unchecked', { id, group: id }) : id,
      status: 'waiting',
      parkedAt: run.arrivedAt,
      tries: 1,
      dueAt: run.arrivedAt,
      lastError: message,
      parcel: { kind: 'unverified', bodyBase64: bodyBase64(request), bucket },
    })
    parts.log(parked ? 'warn' : 'error', 'CI could not be asked', { ...what, error: message, parked })
    return { outcome: parked ? 'parked' : 'undelivered', ...what }
  }
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
  const told = await deadline.hold(
    firstTold(readBack, subject, buckets, deadline),
    () => new Error('CI gave no answer in time'),
  )
  // What CI answers may lag behind what it calls back.
  if (told !== null && isGoingOn(stateOf(told)) && !isGoingOn(stateOf(subject)))
    throw new Error(`CI says that it is still ${stateOf(told)}`)
  return told
}

/** The bucket that the callback names; where it names none, those that RECONCILE has for its workflow. */
export function bucketsToAsk({ bucketsOf }: RelayParts, subject: Subject): readonly string[] {
  const { bucket, workflow } = subject.kind === 'workflow' ? subject.execution : subject.job
  if (bucket !== null) return [bucket]
  const id = workflow?.id ?? null
  return id === null ? [] : bucketsOf(id)
}

class Unverifiable extends Error {
  readonly unknownBucket = true
}

/** Whether nobody can be asked, or CI knows no such bucket of ours. By its field: drivers are bundled apart. */
export function isUnverifiable(error: unknown): boolean {
  return ((error ?? {}) as { unknownBucket?: unknown }).unknownBucket === true
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
