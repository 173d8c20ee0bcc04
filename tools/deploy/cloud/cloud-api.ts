import { Agent } from 'node:https'
import type { Credentials } from '../../../src/tencent/credentials'
import { pause } from './pause'
import { agentFor } from './proxy'

const VERSIONS = {
  scf: '2018-04-16',
  cls: '2020-10-16',
  cam: '2019-01-16',
  tag: '2018-08-13',
} as const

export type CloudService = keyof typeof VERSIONS

/** A call of the API 3.0, by the vendor's own SDK; resolves to its `Response`, throws a CloudError. */
export type CallApi = (
  service: CloudService,
  action: string,
  parameters: Readonly<Record<string, unknown>>,
) => Promise<Record<string, unknown>>

/** What the cloud refused, or that it could not be reached (`code` is then the system's, such as `ENOTFOUND`). */
export class CloudError extends Error {
  override readonly name = 'CloudError'
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

/** Until an answer, s: a function that is invoked answers after as long as it may last, of which the API waits for 300 s. */
const PATIENCE = { usual: 60, Invoke: 310 } as const

/** Of a moment, says the vendor's own provider for Terraform, which asks again then. */
const PASSING =
  /^(RequestLimitExceeded|FailedOperation\.FunctionStatusError|OperationConflict|InternalError|ResourceInUse)/
/** Somebody else's name that is taken stays taken. */
const TAKEN = /^ResourceInUse/
/** What only looks may be asked again when its answer was lost. */
const LOOKS = /^(Get|List|Describe|Search)/
/** Before the next try, ms: half a minute in all, which is as long as a change of a function takes. */
const PAUSES = [500, 1_000, 2_000, 4_000, 8_000, 15_000]

/** Asks again what is refused for a moment only. */
export function cloudApi(credentials: Credentials, region: string): CallApi {
  return async (service, action, parameters) => {
    for (let tries = 0; ; tries += 1) {
      try {
        return await callOnce(credentials, region, service, action, parameters)
      } catch (error) {
        const wait = PAUSES[tries]
        if (wait === undefined || !mayPass(error, action)) throw error
        await pause(wait * (0.75 + Math.random() / 2))
      }
    }
  }
}

function mayPass(error: unknown, action: string): boolean {
  if (!(error instanceof CloudError)) return false
  if (TAKEN.test(error.code) && action.startsWith('Create')) return false
  return PASSING.test(error.code) || (LOOKS.test(action) && /^(ECONNRESET|ETIMEDOUT|EPIPE)$/.test(error.code))
}

async function callOnce(
  { secretId, secretKey, sessionToken }: Credentials,
  region: string,
  service: CloudService,
  action: string,
  parameters: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const { CommonClient } = await import('tencentcloud-sdk-nodejs-common')
  const host = `${service}.tencentcloudapi.com`
  const client = new CommonClient(host, VERSIONS[service], {
    credential: { secretId, secretKey, ...(sessionToken === null ? {} : { token: sessionToken }) },
    ...(service === 'cam' ? {} : { region }),
    profile: {
      httpProfile: {
        reqTimeout: action === 'Invoke' ? PATIENCE.Invoke : PATIENCE.usual,
        // Without one the SDK goes by `http_proxy`, whatever NO_PROXY says.
        agent: agentFor(`https://${host}/`) ?? new Agent(),
      },
    },
  })
  try {
    return (await client.request(action, parameters)) as Record<string, unknown>
  } catch (error) {
    throw cloudError(error, host, action)
  }
}

function cloudError(error: unknown, host: string, action: string): CloudError {
  const { code, message } = error as { code?: unknown; message?: unknown }
  if (typeof code === 'string' && code !== '') return new CloudError(code, `${action}: ${String(message)}`)
  const words = String(message)
  if (/Proxy Authentication Required/i.test(words))
    return new CloudError(
      'ProxyAuthentication',
      'the proxy asks for a user name and a password: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT',
    )
  const [system] = /\bE[A-Z]{3,}\b|network timeout|socket hang up/.exec(words) ?? []
  if (system === undefined)
    return new CloudError('NoReadableAnswer', `${action}: no readable answer: ${words}`)
  return new CloudError(system, `${host}: ${system === 'network timeout' ? 'no answer in time' : system}`)
}
