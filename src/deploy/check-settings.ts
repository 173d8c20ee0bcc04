import { openApp } from '../app'
import { ConfigError } from '../config'
import type { Serverless, ServerlessFunction } from './serverless'

/** SCF's limit for all names and values of a function's environment, in bytes. */
export const ENVIRONMENT_LIMIT = 4096

/** What the callback handler allows itself, in seconds: the function's timeout has to be the longer one. */
const HANDLER_DEADLINE = 4

export type Variables = Readonly<Record<string, string>>

/** What is set, as text; a setting left empty is not sent to the cloud at all. */
export function variablesOf(variables: Readonly<Record<string, unknown>> = {}): Variables {
  return Object.fromEntries(
    Object.entries(variables)
      .filter(([, value]) => value !== null && value !== undefined && value !== '')
      .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
}

/** The variables of both functions together: the whole configuration. */
export function configurationOf(service: Serverless['service']): Variables {
  const all = Object.values(service.functions).map(({ environment }) => variablesOf(environment?.variables))
  return Object.assign({}, ...all) as Variables
}

/** Every reason not to deploy, each with what to set; no secret is ever in it. */
export async function problemsOf(service: Serverless['service'], region: string): Promise<readonly string[]> {
  const functions = Object.entries(service.functions)
  return [
    ...(await configurationProblems({ ...configurationOf(service), TENCENTCLOUD_REGION: region })),
    ...functions.flatMap(([name, settings]) => functionProblems(name, settings, service.provider.memorySize)),
    ...triggerProblems(service.custom?.relay?.trigger),
    ...vpcProblems(service.provider.vpcConfig),
  ]
}

/** What the function itself would say at its first event: here it is still time to put it right. */
async function configurationProblems(variables: Variables): Promise<readonly string[]> {
  try {
    ;(await openApp(variables, () => undefined)).close()
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

function functionProblems(
  name: string,
  settings: ServerlessFunction,
  defaultMemory: unknown,
): readonly string[] {
  const problems: string[] = []
  const timeout = Number(settings.timeout)
  const shortest = name === 'callback' ? HANDLER_DEADLINE + 1 : 10
  if (!Number.isInteger(timeout) || timeout < shortest || timeout > 900) {
    problems.push(
      `timeout of ${name}: ${String(settings.timeout)}; use a whole number of seconds from ${shortest} to 900`,
    )
  }
  const memory = Number(settings.memorySize ?? defaultMemory)
  if (memory !== 64 && !(memory >= 128 && memory <= 3072 && memory % 128 === 0)) {
    problems.push(
      `memory of ${name}: ${String(settings.memorySize ?? defaultMemory)}; use 64, or a multiple of 128 up to 3072 (MB)`,
    )
  }
  const size = environmentSize(variablesOf(settings.environment?.variables))
  if (size > ENVIRONMENT_LIMIT) {
    problems.push(
      `environment of ${name}: ${size} bytes, SCF takes ${ENVIRONMENT_LIMIT}; shorten ALERT_URLS or RECONCILE`,
    )
  }
  return problems
}

export function environmentSize(variables: Variables): number {
  return Object.entries(variables).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  )
}

function triggerProblems(trigger: string | undefined): readonly string[] {
  if (trigger === undefined || trigger === 'url' || trigger === 'apigw') return []
  return [
    `trigger: ${trigger}; use url (a function URL) or apigw (API Gateway, for those who still have one)`,
  ]
}

function vpcProblems(vpc: { readonly vpcId?: string; readonly subnetId?: string } = {}): readonly string[] {
  return Boolean(vpc.vpcId) === Boolean(vpc.subnetId)
    ? []
    : ['vpcId, subnetId: only one is set; a VPC takes both']
}
