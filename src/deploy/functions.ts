import type { Address } from './callback-url'
import { type CallApi, CloudError } from './cloud-api'

const NAMESPACE = 'default'

/** What is read of a deployed function. */
export interface DeployedFunction {
  readonly name: string
  readonly status: string
  readonly runtime: string
  readonly memory: string
  readonly timeout: string
  readonly changedAt: string
  readonly role: string | null
  readonly variables: Readonly<Record<string, string>>
  readonly clsTopic: string | null
}

export interface Trigger {
  readonly type: string
  readonly name: string
  readonly open: boolean
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
    const environment = found['Environment'] as
      { Variables?: { Key: string; Value: string }[] } | null | undefined
    return {
      name,
      status: text(found['Status']),
      runtime: text(found['Runtime']),
      memory: text(found['MemorySize']),
      timeout: text(found['Timeout']),
      changedAt: text(found['ModTime']),
      role: text(found['Role']) || null,
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
    { Type: string; TriggerName: string; Enable: number; TriggerDesc: string }[] | undefined
  return (triggers ?? []).map((trigger) => ({
    type: trigger.Type,
    name: trigger.TriggerName,
    open: trigger.Enable === 1,
    description: trigger.TriggerDesc,
  }))
}

/** The address that one of the triggers gives; null when none does (yet). */
export function addressOf(triggers: readonly Trigger[], kind?: Address['kind']): Address | null {
  for (const trigger of triggers) {
    if (trigger.type === 'http' && kind !== 'apigw') {
      const base = (json(trigger.description)['NetConfig'] as { ExtranetUrl?: string } | undefined)
        ?.ExtranetUrl
      if (base) return { kind: 'url', base }
    }
    if (trigger.type === 'apigw' && kind !== 'url') {
      const base = (json(trigger.description)['service'] as { subDomain?: string } | undefined)?.subDomain
      if (base) return { kind: 'apigw', base }
    }
  }
  return null
}

/** The gateway service that an apigw trigger hangs on; null when there is no such trigger. */
export function gatewayServiceOf(triggers: readonly Trigger[]): string | null {
  const trigger = triggers.find(({ type }) => type === 'apigw')
  if (trigger === undefined) return null
  return (json(trigger.description)['service'] as { serviceId?: string } | undefined)?.serviceId ?? null
}

/** Waits until the function takes other calls again; throws when it failed or takes longer than `patienceMs`. */
export async function untilActive(
  call: CallApi,
  name: string,
  patienceMs: number,
  pauseMs = 1000,
): Promise<void> {
  const end = Date.now() + patienceMs
  for (;;) {
    const found = await findFunction(call, name)
    if (found === null) throw new Error(`${name} is not there: deploy first.`)
    if (found.status === 'Active') return
    if (!/^(Creating|Updating|Publishing)$/.test(found.status)) {
      throw new Error(`${name} is ${found.status}: see the function in SCF's console, then deploy again.`)
    }
    if (Date.now() > end)
      throw new Error(
        `${name} is still ${found.status} after ${patienceMs / 1000} s: deploy again in a while.`,
      )
    await pause(pauseMs)
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function json(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
