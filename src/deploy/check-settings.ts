import type { Serverless, ServerlessFunction } from './serverless'

/** SCF's limit for all names and values of a function's environment, in bytes. */
export const ENVIRONMENT_LIMIT = 4096
export const SHORTEST_TOKEN = 22
/** What the callback handler allows itself, in seconds: the function's timeout has to be the longer one. */
const HANDLER_DEADLINE = 4

export type Variables = Readonly<Record<string, string>>

/** What is set, as text; a setting left empty is not sent to the cloud at all. */
export function variablesOf(variables: Readonly<Record<string, unknown>> = {}): Variables {
  return Object.fromEntries(
    Object.entries(variables)
      .filter(([, value]) => value !== null && value !== undefined && value !== '')
      .map(([name, value]) => [name, textOf(value)]),
  )
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Every reason not to deploy, each with what to set; no value of a variable is ever in it. */
export function problemsOf(service: Serverless['service']): readonly string[] {
  const callback = service.functions['callback']
  if (callback === undefined) return ['serverless.yml has no function named callback']
  const variables = variablesOf(callback.environment?.variables)
  return [
    ...tokenProblems(variables['CALLBACK_TOKEN']),
    ...targetProblems(variables),
    ...Object.entries(service.functions).flatMap(([name, settings]) => functionProblems(name, settings, service.provider.memorySize)),
    ...triggerProblems(service.custom?.relay?.trigger),
    ...vpcProblems(service.provider.vpcConfig),
  ]
}

export function tokensOf(setting: string | undefined): readonly string[] {
  return (setting ?? '')
    .split(',')
    .map((token) => token.trim())
    .filter((token) => token !== '')
}

function tokenProblems(setting: string | undefined): readonly string[] {
  const tokens = tokensOf(setting)
  const make = `make one with: node -p "crypto.randomBytes(16).toString('base64url')"`
  if (tokens.length === 0) return [`CALLBACK_TOKEN is not set: the secret in the callback URL; ${make}`]
  return tokens.flatMap((token, index) => {
    const which = tokens.length > 1 ? `CALLBACK_TOKEN, number ${index + 1},` : 'CALLBACK_TOKEN'
    if (token.length < SHORTEST_TOKEN) return [`${which} has ${token.length} characters: at least ${SHORTEST_TOKEN}; ${make}`]
    if (!/^[\w.~-]+$/.test(token)) return [`${which} has characters that do not go into a URL as they are: use A-Z a-z 0-9 . _ ~ - only`]
    return []
  })
}

function targetProblems(variables: Variables): readonly string[] {
  if (variables['QUEUE_URL'] !== undefined || variables['ALERT_URLS'] !== undefined) return []
  return ['neither QUEUE_URL (where successes go) nor ALERT_URLS (where failures go) is set: set at least one']
}

function functionProblems(name: string, settings: ServerlessFunction, defaultMemory: unknown): readonly string[] {
  const problems: string[] = []
  const timeout = Number(settings.timeout)
  const shortest = name === 'callback' ? HANDLER_DEADLINE + 1 : 10
  if (!Number.isInteger(timeout) || timeout < shortest || timeout > 900) {
    problems.push(`${name}: timeout is ${String(settings.timeout)}: a whole number of seconds from ${shortest} to 900`)
  }
  const memory = Number(settings.memorySize ?? defaultMemory)
  if (memory !== 64 && !(memory >= 128 && memory <= 3072 && memory % 128 === 0)) {
    problems.push(`${name}: memory is ${String(settings.memorySize ?? defaultMemory)} MB: 64, or a multiple of 128 from 128 to 3072`)
  }
  const size = environmentSize(variablesOf(settings.environment?.variables))
  if (size > ENVIRONMENT_LIMIT) {
    problems.push(`${name}: its environment has ${size} bytes, SCF takes ${ENVIRONMENT_LIMIT}: shorten ALERT_URLS or RECONCILE`)
  }
  return problems
}

export function environmentSize(variables: Variables): number {
  return Object.entries(variables).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0)
}

function triggerProblems(trigger: string | undefined): readonly string[] {
  if (trigger === undefined || trigger === 'url' || trigger === 'apigw') return []
  return [`trigger is ${trigger}: url (a function URL) or apigw (API Gateway)`]
}

function vpcProblems(vpc: { readonly vpcId?: string; readonly subnetId?: string } = {}): readonly string[] {
  return Boolean(vpc.vpcId) === Boolean(vpc.subnetId) ? [] : ['a VPC takes both vpcId and subnetId: set the other one too']
}
