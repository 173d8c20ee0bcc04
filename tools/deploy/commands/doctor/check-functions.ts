import { fingerprints } from '../../../../src/config/fingerprints'
import { cureOf, type DeployedFunction, findFunction } from '../../cloud/functions'
import type { Session } from '../../session'
import { variablesOf } from '../../variables'
import type { DeployedCallback } from '../deployed-callback'
import type { About } from './check-sweeps'
import { fail, type Finding, ok, warn } from './finding'

export async function checkFunctions(
  session: Session,
  { found, tokens }: DeployedCallback,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const sweep = await findFunction(session.call, session.functionName('sweep'))
  for (const [key, one] of [
    ['callback', found],
    ['sweep', sweep],
  ] as const) {
    if (one === null) findings.push(fail(`${key}: not deployed`, 'run `npx serverless deploy`'))
    else if (one.status !== 'Active') findings.push(fail(`${key}: ${one.status}`, cureOf(one)))
    else {
      const different = differences(session, key, one)
      findings.push(
        different.length === 0
          ? ok(`${key}: active, last change ${one.changedAt}, settings as here`)
          : warn(
              `${key}: active, but ${different.join(', ')} differ from the settings here`,
              'run `npx serverless deploy`, if the ones here are right',
            ),
      )
    }
  }
  const short = tokens.filter(({ length }) => length < 22)
  findings.push(
    short.length > 0
      ? fail('token: shorter than 22 characters', 'make a new one: openssl rand -hex 16')
      : ok(
          `token: ${tokens.length === 1 ? 'one' : `${tokens.length} accepted, the first is the one in the URL`}`,
        ),
  )
  return findings
}

/** What of a function as deployed is not what the settings here say. */
function differences(session: Session, key: string, one: DeployedFunction): readonly string[] {
  const { functions: wanted, provider } = session.serverless.service
  const here = variablesOf(wanted[key]?.environment?.variables)
  const names = [...new Set([...Object.keys(here), ...Object.keys(one.variables)])]
  const { vpcId = '', subnetId = '' } = provider.vpcConfig ?? {}
  const others: readonly (readonly [string, string, string])[] = [
    ['role', provider.role ?? '', one.role ?? ''],
    ['VPC', [vpcId, subnetId].join('/'), [one.vpc?.vpcId ?? '', one.vpc?.subnetId ?? ''].join('/')],
    ['runtime', provider.runtime ?? '', one.runtime],
    ['memory', String(provider.memorySize), one.memory],
    ['timeout', String(wanted[key]?.timeout), one.timeout],
  ]
  return [
    ...names.filter((name) => here[name] !== one.variables[name]),
    ...others.flatMap(([name, given, deployed]) => (given === deployed ? [] : [name])),
  ]
}

/** Whether the values arrived in the function as they were deployed: its runtime is known to take some apart. */
export function checkArrivals(found: DeployedFunction, about: About): readonly Finding[] {
  const seen = about?.settings
  if (typeof seen !== 'object' || seen === null)
    return [
      warn(
        'arrival: the function does not say what it sees',
        'run `npx serverless deploy`, if it is of an earlier version',
      ),
    ]
  const broken = Object.entries(fingerprints(found.variables))
    .filter(([name, print]) => (seen as Record<string, unknown>)[name] !== print)
    .map(([name]) => name)
  return broken.length === 0
    ? [ok('arrival: the function sees each value as it was deployed')]
    : [
        fail(
          `arrival: the function sees another value of ${broken.join(', ')} than was deployed`,
          'some runtimes cut a value at its second =: write %3D for it in a URL, then run `npx serverless deploy`',
        ),
      ]
}
