import type { Address } from './callback-url'
import { type CallApi, CloudError } from './cloud-api'
import { addressOf, listTriggers, NAMESPACE, untilActive } from './functions'
import { pause } from './pause'

/** Open to all comers and without SCF's own check: COS cannot sign, the token in the URL is what keeps others out. */
export const URL_DESCRIPTION = JSON.stringify({
  AuthType: 'NONE',
  NetConfig: { EnableIntranet: false, EnableExtranet: true },
})

/**
 * Makes sure that the function has a function URL, and returns it.
 *
 * The service names the trigger itself and there is one a function, so it is found by its type. It is never deleted and made
 * again: that would change the URL.
 */
export async function ensureFunctionUrl(
  call: CallApi,
  functionName: string,
  pauseMs = 1000,
): Promise<{ address: Address; made: boolean }> {
  const there = (await listTriggers(call, functionName)).some(({ type }) => type === 'http')
  if (!there) {
    await untilActive(call, functionName, 90_000, pauseMs)
    await createUrl(call, functionName)
  }
  for (let tries = 0; tries < 30; tries++) {
    const address = addressOf(await listTriggers(call, functionName), 'url')
    if (address !== null) return { address, made: !there }
    await pause(pauseMs)
  }
  throw new Error(
    `${functionName} has a function URL, but the service does not tell its public address: open the function in SCF's console, see that public access is on, and run \`npx serverless info\`.`,
  )
}

async function createUrl(call: CallApi, functionName: string): Promise<void> {
  try {
    await call('scf', 'CreateTrigger', {
      FunctionName: functionName,
      Namespace: NAMESPACE,
      TriggerName: 'url',
      Type: 'http',
      Qualifier: '$DEFAULT',
      Enable: 'OPEN',
      TriggerDesc: URL_DESCRIPTION,
    })
  } catch (error) {
    // Made by another deploy in the meantime.
    if (!(error instanceof CloudError && error.code.startsWith('ResourceInUse'))) throw error
  }
}
