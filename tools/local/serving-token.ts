import { randomBytes } from 'node:crypto'
import { draftConfig, type Environment } from '../../src/config/read-config'
import type { ListenAddress } from './listen-address'
import { targetsOf, tokensOf } from './local-environment'
import { LOCAL_TOKEN } from './sample-token'

/** What is delivered or kept on this machine alone, where a forged callback does no harm. */
const EMBEDDED = /^(file|console|memory):/i

/**
 * The environment with the token that `npm start` serves under. Every user of the machine can reach a loopback port, so the public token is only for
 * what stays here; where one is needed and none is set, it is a random one for this run.
 *
 * Throws an Error when the address is beyond loopback and the cloud would not take the token either.
 */
export function withServingToken(
  env: Environment,
  given: Environment,
  { host, isLoopback }: ListenAddress,
): { readonly env: Environment; readonly isRandom: boolean; readonly warnings: readonly string[] } {
  if (!isLoopback) {
    const { problems } = draftConfig({ ...given, RELAY_LOCAL: undefined }, 'callbacks')
    const problem = problems.find((text) => text.startsWith('CALLBACK_TOKEN:'))
    if (problem !== undefined)
      throw new Error(
        `HOST ${host} is beyond this machine, where the cloud's rule for tokens holds: ${problem}`,
      )
    const warning = `HOST ${host}: other machines can reach this server, and what they send, the token too, is not encrypted`
    return { env, isRandom: false, warnings: [warning] }
  }
  const beyond = targetsOf(env).filter(({ url }) => !EMBEDDED.test(url))
  if (beyond.length === 0) return { env, isRandom: false, warnings: [] }
  if (!given['CALLBACK_TOKEN']?.trim())
    return {
      env: { ...env, CALLBACK_TOKEN: randomBytes(16).toString('hex') },
      isRandom: true,
      warnings: [],
    }
  const isPublic = tokensOf(given).includes(LOCAL_TOKEN)
  const names = [...new Set(beyond.map(({ variable }) => variable))].join(', ')
  const warning = `CALLBACK_TOKEN has the public token "${LOCAL_TOKEN}": every user of this machine can send to ${names}`
  return { env, isRandom: false, warnings: isPublic ? [warning] : [] }
}
