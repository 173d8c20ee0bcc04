import { openApp } from '../../../src/app'
import { ConfigError } from '../../../src/config/read-config'
import { regionProblem, runtimeProblem, stageProblem } from './check-names'
import { whatNeedsRole } from './check-role'
import type { Serverless, ServerlessFunction } from '../serverless'
import { targetsOf } from './targets'
import { configurationOf, type Variables, variablesOf } from '../variables'

/** SCF's limit for all names and values of a function's environment, in bytes. */
export const ENVIRONMENT_LIMIT = 4096

/** What the callback handler allows itself, in seconds: the function's timeout has to be the longer one. */
const HANDLER_DEADLINE = 4

/** Every reason not to deploy, each with what to set; no secret is ever in it. */
export async function problemsOf(
  service: Serverless['service'],
  stage: string,
  region: string,
): Promise<readonly string[]> {
  const functions = Object.entries(service.functions)
  const variables = configurationOf(service)
  const cosRegion = variables['COS_REGION']
  return [
    ...[
      stageProblem(service.service, stage, Object.keys(service.functions)),
      regionProblem('region', region),
      cosRegion === undefined ? null : regionProblem('COS_REGION', cosRegion),
      runtimeProblem(service.provider.runtime ?? ''),
    ].filter((problem) => problem !== null),
    ...(await configurationProblems({ ...variables, TENCENTCLOUD_REGION: region })),
    ...(await roleProblems(variables, service.provider.role ?? '', region)),
    ...concurrencyProblems(service.custom?.relay?.concurrency),
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

/** Nothing can be signed without a role: said now, and not at the first callback. */
async function roleProblems(variables: Variables, role: string, region: string): Promise<readonly string[]> {
  if (role !== '') return []
  const needs = whatNeedsRole(variables, await targetsOf(variables, region))
  return needs.length === 0
    ? []
    : [
        `role: none, but ${needs.join(' and ')} needs one: \`npx serverless callback role\` makes it; set DEPLOY_ROLE to its name`,
      ]
}

function concurrencyProblems(concurrency: string | number = ''): readonly string[] {
  return /^([1-9]\d{0,3})?$/.test(String(concurrency))
    ? []
    : [`concurrency: ${concurrency}; use a whole number of callbacks at once, from 1 to 9999`]
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
