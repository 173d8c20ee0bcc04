import { type CallApi, CloudError } from './cloud-api'
import { listTriggers, NAMESPACE, type Trigger } from './functions'
import { jsonObject } from './json-object'

export interface TimerToBe {
  readonly name: string
  /** Seven fields, second to year. */
  readonly cron: string
  readonly open: boolean
}

/** Makes a function's timer, or makes the one that is there what it should be; it is never missing in between. */
export async function putTimer(
  call: CallApi,
  functionName: string,
  wanted: TimerToBe,
): Promise<'made' | 'changed' | 'as it was'> {
  const there = (await listTriggers(call, functionName)).find(
    ({ type, name }) => type === 'timer' && name === wanted.name,
  )
  const parameters = {
    FunctionName: functionName,
    Namespace: NAMESPACE,
    TriggerName: wanted.name,
    Type: 'timer',
    TriggerDesc: wanted.cron,
    Enable: wanted.open ? 'OPEN' : 'CLOSE',
    Qualifier: there?.qualifier ?? '$LATEST',
  }
  if (there === undefined) {
    await call('scf', 'CreateTrigger', parameters)
    return 'made'
  }
  if (cronOf(there) === wanted.cron && there.open === wanted.open) return 'as it was'
  await call('scf', 'UpdateTrigger', parameters)
  return 'changed'
}

/** The cron expression of a timer that is there. */
export function cronOf({ description }: Trigger): string {
  const { cron } = jsonObject(description)
  return typeof cron === 'string' ? cron : description
}

/**
 * A timer's call is asynchronous, and by itself the platform repeats one that throws or times out, twice, a minute apart: beside the next sweep, which does the
 * same work. None is repeated, and one that had to wait for longer than the timer's interval is dropped.
 */
export async function repeatNoSweep(
  call: CallApi,
  functionName: string,
  say: (text: string) => void,
): Promise<void> {
  try {
    await call('scf', 'UpdateFunctionEventInvokeConfig', {
      FunctionName: functionName,
      Namespace: NAMESPACE,
      AsyncTriggerConfig: { RetryConfig: [{ RetryNum: 0 }], MsgTTL: 300 },
    })
  } catch (error) {
    // A sweep is safe beside its own repeat; a deploy does not fail for it.
    if (!(error instanceof CloudError)) throw error
    say(`${functionName}: the platform's own retries stay as they are (${error.code})`)
  }
}
