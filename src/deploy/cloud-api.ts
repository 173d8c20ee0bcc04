import type { Credentials } from '../tencent/credentials'
import { signTc3 } from '../tencent/tc3'

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
    const call = {
      service,
      host,
      action,
      version: VERSIONS[service],
      region: service === 'cam' ? null : region,
      body,
    }
    const response = await reach(`https://${host}/`, {
      method: 'POST',
      headers: signTc3(call, credentials),
      body,
    })
    const answer = ((await response.json().catch(() => null)) as { Response?: unknown } | null)?.Response
    if (typeof answer !== 'object' || answer === null) {
      throw new CloudError(
        `HTTP ${response.status}`,
        `${action}: no readable answer (HTTP ${response.status})`,
      )
    }
    const error = (answer as { Error?: { Code?: unknown; Message?: unknown } }).Error
    if (error !== undefined) throw new CloudError(String(error.Code), `${action}: ${String(error.Message)}`)
    return answer as Record<string, unknown>
  }
}

/** A request whose failure names the host, never the path: it may hold the token. */
export async function reach(url: string, request: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(30_000), ...request })
  } catch (error) {
    const code = systemCode(error)
    throw new CloudError(code, `${new URL(url).host}: ${code}`)
  }
}

function systemCode(error: unknown): string {
  const { cause, name } = error as { cause?: { code?: unknown }; name?: unknown }
  if (name === 'TimeoutError') return 'no answer in time'
  return typeof cause?.code === 'string' ? cause.code : 'the connection failed'
}
