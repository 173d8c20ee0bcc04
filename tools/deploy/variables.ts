import type { Serverless } from './serverless'

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
