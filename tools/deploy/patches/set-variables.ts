import { SETTINGS } from '../../../src/config/settings'
import { givenFor } from './setting-source'
import type { Serverless } from '../serverless'

/** Gives each function its variables, byte for byte: what stands in a value is nothing to serverless. One that is not set is left out. */
export function setVariables(
  { functions }: Serverless['service'],
  params: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
): void {
  for (const [key, settings] of Object.entries(functions)) {
    const own = SETTINGS.filter(
      ({ readBy }) => readBy === 'functions' || (readBy === 'callback' && key === 'callback'),
    )
    // The function knows the defaults by itself.
    const given = own.map((one) => [one.name, givenFor(one, params, env) ?? ''] as const)
    settings.environment = {
      variables: {
        ...settings.environment?.variables,
        ...Object.fromEntries(given.filter(([, value]) => value.trim() !== '')),
      },
    }
  }
}
