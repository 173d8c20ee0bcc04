import { isBase64 } from '../callback/body-text'
import type { Subject } from '../callback/model'
import { within } from '../delivery/within'
import type { GatewayRequest } from '../gateway/request'
import { DEADLINES } from './deadlines'
import { digest, park } from './delivery'
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
    const parked = await park(parts.store, {
      id,
      group: id,
      status: 'waiting',
      parkedAt: run.arrivedAt,
      tries: 1,
      dueAt: run.arrivedAt,
      lastError: message,
      parcel: { kind: 'unverified', bodyBase64: bodyBase64(request) },
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
  const { bucket } = subject.kind === 'workflow' ? subject.execution : subject.job
  if (bucket === null) throw new Error('the callback names no bucket to ask CI about')
  const told = await within(
    run.deadline.allow(DEADLINES.attempt),
    (signal) => toldOf(readBack, subject, bucket, signal),
    () => new Error('CI gave no answer in time'),
  )
  // What CI answers may lag behind what it calls back.
  if (told !== null && isGoingOn(stateOf(told)) && !isGoingOn(stateOf(subject)))
    throw new Error(`CI says that it is still ${stateOf(told)}`)
  return told
}

async function toldOf(
  readBack: ReadBack,
  subject: Subject,
  bucket: string,
  signal: AbortSignal,
): Promise<Subject | null> {
  if (subject.kind === 'job') {
    const job = await readBack.job(bucket, subject.job.jobId, signal)
    return job && { kind: 'job', job }
  }
  const execution = await readBack.execution(bucket, subject.execution.runId, signal)
  // CI does not tell the headers of the upload again.
  return execution && { kind: 'workflow', execution: { ...execution, headers: subject.execution.headers } }
}

function bodyBase64({ body, base64 }: GatewayRequest): string {
  return isBase64(body, base64) ? body : Buffer.from(body).toString('base64')
}
