import type { Address } from './callback-url'
import { type CallApi, CloudError } from './cloud-api'
import { jsonObject } from './json-object'
import { pause } from './pause'

export const NAMESPACE = 'default'

/** What is read of a deployed function. */
export interface DeployedFunction {
  readonly name: string
  readonly id: string
  readonly status: string
  /** Why a creation or an update failed; empty: nothing is said. */
  readonly reason: string
  readonly runtime: string
  readonly memory: string
  readonly timeout: string
  readonly changedAt: string
  readonly role: string | null
  readonly vpc: { readonly vpcId: string; readonly subnetId: string } | null
  readonly variables: Readonly<Record<string, string>>
  readonly clsTopic: string | null
}

export interface Trigger {
  readonly type: string
  readonly name: string
  readonly open: boolean
  /** The version or alias that it calls: `$LATEST`, `$DEFAULT`. */
  readonly qualifier: string
  /** JSON, but for triggers whose description is a plain word. */
  readonly description: string
}

/** A function as deployed; null when there is none of that name. */
export async function findFunction(call: CallApi, name: string): Promise<DeployedFunction | null> {
  try {
    const found = await call('scf', 'GetFunction', {
      FunctionName: name,
      Namespace: NAMESPACE,
      ShowCode: 'FALSE',
    })
    const vpc = found['VpcConfig'] as { VpcId?: string; SubnetId?: string } | null | undefined
    const [reason] = (found['StatusReasons'] ?? []) as { ErrorMessage?: unknown }[]
    const environment = found['Environment'] as
      { Variables?: { Key: string; Value: string }[] } | null | undefined
    return {
      name,
      id: text(found['FunctionId']),
      status: text(found['Status']),
      reason: text(reason?.ErrorMessage) || text(found['StatusDesc']),
      runtime: text(found['Runtime']),
      memory: text(found['MemorySize']),
      timeout: text(found['Timeout']),
      changedAt: text(found['ModTime']),
      role: text(found['Role']) || null,
      vpc: vpc?.VpcId ? { vpcId: vpc.VpcId, subnetId: vpc.SubnetId ?? '' } : null,
      variables: Object.fromEntries((environment?.Variables ?? []).map(({ Key, Value }) => [Key, Value])),
      clsTopic: text(found['ClsTopicId']) || null,
    }
  } catch (error) {
    if (error instanceof CloudError && /^ResourceNotFound\.Function(Name)?$/.test(error.code)) return null
    throw error
  }
}

export async function listTriggers(call: CallApi, functionName: string): Promise<readonly Trigger[]> {
  const answer = await call('scf', 'ListTriggers', {
    FunctionName: functionName,
    Namespace: NAMESPACE,
    Limit: 100,
  })
  const triggers = answer['Triggers'] as
    | { Type: string; TriggerName: string; Enable: number; TriggerDesc: string; Qualifier?: string }[]
    | undefined
  return (triggers ?? []).map((trigger) => ({
    type: trigger.Type,
    name: trigger.TriggerName,
    open: trigger.Enable === 1,
    qualifier: trigger.Qualifier || (trigger.Type === 'http' ? '$DEFAULT' : '$LATEST'),
    description: trigger.TriggerDesc,
  }))
}

/** The address that one of the triggers gives; null when none does (yet). */
export function addressOf(triggers: readonly Trigger[], kind?: Address['kind']): Address | null {
  for (const trigger of triggers) {
    if (trigger.type === 'http' && kind !== 'apigw') {
      const base = (jsonObject(trigger.description)['NetConfig'] as { ExtranetUrl?: string } | undefined)
        ?.ExtranetUrl
      if (base) return { kind: 'url', base }
    }
    if (trigger.type === 'apigw' && kind !== 'url') {
      const base = (jsonObject(trigger.description)['service'] as { subDomain?: string } | undefined)
        ?.subDomain
      if (base) return { kind: 'apigw', base }
    }
  }
  return null
}

/** The gateway service that an apigw trigger hangs on; null when there is no such trigger. */
export function gatewayServiceOf(triggers: readonly Trigger[]): string | null {
  const trigger = triggers.find(({ type }) => type === 'apigw')
  if (trigger === undefined) return null
  return (jsonObject(trigger.description)['service'] as { serviceId?: string } | undefined)?.serviceId ?? null
}

/** As long as a change of a function may take, ms. */
const PATIENCE_MS = 90_000
/** Between two looks, ms. */
const PAUSE_MS = 500
/** After a change was seen to be over; the vendor's own provider waits, too. */
const SETTLE_MS = 500

/** Waits until the function takes other calls again; throws when it failed or takes longer than `patienceMs`. */
export async function untilActive(
  call: CallApi,
  name: string,
  patienceMs = PATIENCE_MS,
  pauseMs = PAUSE_MS,
): Promise<void> {
  const end = Date.now() + patienceMs
  for (let isFirst = true; ; isFirst = false) {
    const found = await findFunction(call, name)
    if (found === null) throw new Error(`${name} is not there: run \`npx serverless deploy\`.`)
    if (found.status === 'Active') {
      if (!isFirst) await pause(Math.min(pauseMs, SETTLE_MS))
      return
    }
    if (!isBusy(found)) throw new Error(cureOf(found))
    if (Date.now() > end)
      throw new Error(
        `${name} is still ${found.status} after ${patienceMs / 1000} s: run \`npx serverless deploy\` again in a while.`,
      )
    await pause(pauseMs)
  }
}

/** At work on a change, and taking no other meanwhile. */
export function isBusy({ status }: DeployedFunction): boolean {
  return /^(Creating|Updating|Publishing)$/.test(status)
}

/** Variables as the API takes them. */
export function environmentOf(variables: Readonly<Record<string, string>>): {
  readonly Variables: readonly object[]
} {
  return { Variables: Object.entries(variables).map(([Key, Value]) => ({ Key, Value })) }
}

/** What to do about a function that is not as it should be. */
export function cureOf({ name, status, reason }: DeployedFunction): string {
  const why = reason === '' ? '' : ` (${reason})`
  switch (status) {
    case 'CreateFailed':
      return `${name} could not be made${why}: put that right, then run \`npx serverless deploy\` again, which deletes it and makes it anew.`
    case 'UpdateFailed':
      return `${name} could not be changed${why}: put that right, then run \`npx serverless deploy\` again.`
    default:
      return `${name} is ${status}${why}: see the function in SCF's console, then run \`npx serverless deploy\`.`
  }
}

/** Waits until a function that was deleted is gone: until then its name is taken. */
export async function untilGone(call: CallApi, name: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS
  while ((await findFunction(call, name)) !== null) {
    if (Date.now() > end)
      throw new Error(`${name} is still there ${PATIENCE_MS / 1000} s after it was deleted.`)
    await pause(PAUSE_MS)
  }
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
