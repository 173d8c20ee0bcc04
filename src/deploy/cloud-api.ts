import type { Credentials } from '../tencent/credentials'
import { tc3Headers } from './tc3-sign'

const VERSIONS = { scf: '2018-04-16', cls: '2020-10-16', cam: '2019-01-16' } as const

export type CloudService = keyof typeof VERSIONS

/** A call of the API 3.0; resolves to its `Response`, throws a CloudError. */
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

export function cloudApi(credentials: Credentials, region: string): CallApi {
  return async (service, action, parameters) => {
    const host = `${service}.tencentcloudapi.com`
    const body = JSON.stringify(parameters)
    const call = { host, action, version: VERSIONS[service], region: service === 'cam' ? null : region, body }
    let response: Response
    try {
      response = await fetch(`https://${host}/`, {
        method: 'POST',
        headers: tc3Headers(call, credentials),
        body,
        signal: AbortSignal.timeout(30_000),
      })
    } catch (error) {
      const code = systemCode(error)
      throw new CloudError(code, `${host} cannot be reached (${code})`)
    }
    const answer = ((await response.json().catch(() => null)) as { Response?: unknown } | null)?.Response
    if (typeof answer !== 'object' || answer === null) {
      throw new CloudError(`HTTP ${response.status}`, `${action}: no readable answer (HTTP ${response.status})`)
    }
    const error = (answer as { Error?: { Code?: unknown; Message?: unknown } }).Error
    if (error !== undefined) throw new CloudError(String(error.Code), `${action}: ${String(error.Message)}`)
    return answer as Record<string, unknown>
  }
}

export function systemCode(error: unknown): string {
  const { cause, code, name } = error as { cause?: { code?: unknown }; code?: unknown; name?: unknown }
  if (name === 'TimeoutError') return 'no answer in time'
  const found = cause?.code ?? code
  return typeof found === 'string' ? found : 'the connection failed'
}
