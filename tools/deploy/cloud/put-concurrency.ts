import { type CallApi, CloudError } from './cloud-api'
import { NAMESPACE } from './functions'

/** Caps how many callbacks are handled at once, which caps what a flood costs; with nothing set, takes away the cap that there is. */
export async function putConcurrency(
  call: CallApi,
  functionName: string,
  concurrency: string | number | undefined,
  /** Of one instance, MB. */
  memory: number,
  say: (text: string) => void,
): Promise<void> {
  const parameters = { FunctionName: functionName, Namespace: NAMESPACE }
  const wanted = Number(concurrency) || 0
  if (wanted > 0) {
    await call('scf', 'PutReservedConcurrencyConfig', {
      ...parameters,
      ReservedConcurrencyMem: wanted * memory,
    })
    say(`${functionName}: at most ${wanted} at once`)
    return
  }
  try {
    const { ReservedMem } = await call('scf', 'GetReservedConcurrencyConfig', parameters)
    if (Number(ReservedMem) > 0) await call('scf', 'DeleteReservedConcurrencyConfig', parameters)
  } catch (error) {
    // A deploy does not fail for what was not asked for.
    if (!(error instanceof CloudError)) throw error
  }
}
