import { type Address, callbackUrl, LONGEST_URL } from '../cloud/callback-url'
import { tokensIn } from '../../../src/config/read-config'
import {
  addressOf,
  type DeployedFunction,
  findFunction,
  listTriggers,
  type Trigger,
} from '../cloud/functions'
import type { Session } from '../session'

/** The callback function as it is in the cloud now. */
export interface DeployedCallback {
  readonly found: DeployedFunction
  readonly triggers: readonly Trigger[]
  readonly address: Address
  /** Those that it accepts; the first is the one for the URL. */
  readonly tokens: readonly string[]
  readonly url: string
}

/** Throws, and says what to do, when it is not deployed, has no address or no token. */
export async function deployedCallback(session: Session): Promise<DeployedCallback> {
  const { call, serverless } = session
  const name = session.functionName('callback')
  const found = await findFunction(call, name)
  if (found === null) throw new Error(`${name} is not deployed: run \`npx serverless deploy\`.`)
  const triggers = await listTriggers(call, name)
  const wanted = serverless.service.custom?.relay?.trigger === 'apigw' ? 'apigw' : 'url'
  const address = addressOf(triggers, wanted) ?? addressOf(triggers)
  if (address === null)
    throw new Error(`${name} has no address: run \`npx serverless deploy\` to give it one.`)
  const tokens = tokensIn(found.variables['CALLBACK_TOKEN'])
  session.hideToo(tokens)
  const [token] = tokens
  if (token === undefined) throw new Error(`${name} has no CALLBACK_TOKEN: set one and deploy.`)
  return { found, triggers, address, tokens, url: callbackUrl(address, token) }
}

export function lengthProblem(url: string): string | null {
  if (url.length <= LONGEST_URL) return null
  return `The callback URL has ${url.length} characters; CI promises to take ${LONGEST_URL}: make CALLBACK_TOKEN shorter by ${url.length - LONGEST_URL} and deploy.`
}
