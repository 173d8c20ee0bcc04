import plain from 'kafkajs/src/broker/saslAuthenticator/plain'
import { SCRAM as Scram } from 'kafkajs/src/broker/saslAuthenticator/scram'
import scram256 from 'kafkajs/src/broker/saslAuthenticator/scram256'
import scram512 from 'kafkajs/src/broker/saslAuthenticator/scram512'
import { type Ask, SASL_AUTHENTICATE, SASL_HANDSHAKE } from './api'
import { nameOf, Refused } from './errors'

const PROVIDERS = { plain, 'scram-sha-256': scram256, 'scram-sha-512': scram512 } as const
export type Mechanism = keyof typeof PROVIDERS
export const MECHANISMS = Object.keys(PROVIDERS) as readonly Mechanism[]

export interface Login {
  readonly mechanism: Mechanism
  readonly username: string
  readonly password: string
}

/** Brokers have 4096 unless told otherwise. */
const MOST_ITERATIONS = 1_000_000

// It hashes a password as often as a broker says: that may keep one of the few threads that also write files for hours.
const derive = Scram.hi.bind(Scram)
Scram.hi = async (password, salt, iterations, digest) => {
  if (iterations > MOST_ITERATIONS) throw new Error('the broker asks for too many iterations of SCRAM')
  return derive(password, salt, iterations, digest)
}

const SILENT = { debug: () => undefined, error: () => undefined }

/** Logs in; resolves with how long that holds, in ms, 0 for as long as the connection. Rejects with a Refused when the broker says no. */
export async function authenticate({
  host,
  port,
  login,
  ask,
}: {
  readonly host: string
  readonly port: number
  readonly login: Login
  readonly ask: Ask
}): Promise<number> {
  const { mechanism } = login
  const name = mechanism.toUpperCase()
  const { enabledMechanisms: offered } = await ask(SASL_HANDSHAKE, { mechanism: name })
  if (!offered.includes(name)) {
    const known = offered.map((one) => one.toLowerCase()).join(', ')
    throw new Refused(
      known === ''
        ? 'it takes no logins: leave the user and the password out of the URL'
        : `it takes no logins by ${mechanism}, but by ${known}: set sasl=`,
    )
  }
  const state = { sessionMs: 0, isAnswered: false }
  const provider = PROVIDERS[mechanism](login)({
    host,
    port,
    logger: SILENT,
    async saslAuthenticate({ request, response }) {
      state.isAnswered = false
      const answer = await ask(SASL_AUTHENTICATE, { authBytes: await request.encode() })
      state.isAnswered = true
      if (answer.errorCode !== 0) throw new Error(answer.errorMessage ?? nameOf(answer.errorCode))
      state.sessionMs = Number(answer.sessionLifetimeMs ?? 0)
      return response?.parse(await response.decode(answer.authBytes))
    },
  })
  try {
    await provider.authenticate()
  } catch (error) {
    // Not answered: the connection ended, which says nothing about the password.
    if (!state.isAnswered) throw error
    throw new Refused(
      `${(error as Error).message}; check the user and the password (of CKafka: instance#user, the "#" as %23)`,
    )
  }
  return state.sessionMs
}
