import { DeliveryError } from '../delivery/delivery-error'
import { fetchFault, retryAfterMs } from '../delivery/post'
import { cosEncode, signCos } from './cos-sign'
import type { Credentials } from './credentials'

/** One bucket at COS (objects) or at CI (workflows). */
export interface CosTarget {
  readonly service: 'cos' | 'ci'
  /** With its APPID: `media-1250000000`. */
  readonly bucket: string
  readonly region: string
  /** Stands in for the public host in tests; on loopback only, which the caller checks. */
  readonly endpoint: URL | null
}

export interface CosRequest {
  readonly method: 'GET' | 'PUT' | 'DELETE'
  /** Before percent-encoding, with its leading `/`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
}

export interface CosAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

/**
 * One signed request; redirects are not followed. Any status is an answer. Throws a DeliveryError, which names service and host, when
 * there is none.
 */
export async function cosRequest(
  target: CosTarget,
  request: CosRequest,
  credentials: Credentials,
): Promise<CosAnswer> {
  const base = target.endpoint ?? new URL(publicAddress(target))
  const query = request.query ?? {}
  const path = request.path.split('/').map(cosEncode).join('/')
  const search = Object.entries(query).map(([name, value]) => `${cosEncode(name)}=${cosEncode(value)}`)
  const url = `${base.origin}${path}${search.length === 0 ? '' : `?${search.join('&')}`}`
  const headers = {
    ...request.headers,
    ...(credentials.sessionToken === null ? {} : { 'x-cos-security-token': credentials.sessionToken }),
  }
  const authorization = signCos(
    { method: request.method, path: request.path, query, headers: { ...headers, host: base.host } },
    credentials,
  )
  const { method, body, signal } = request
  try {
    const response = await fetch(url, {
      method,
      headers: { ...headers, authorization },
      body: body ?? null,
      redirect: 'manual',
      signal,
    })
    return { status: response.status, headers: response.headers, body: await response.text() }
  } catch (error) {
    const why = signal.aborted ? 'no answer within the time allowed' : fetchFault(error)
    throw new DeliveryError(`${target.service}: ${base.host}: ${why}`)
  }
}

/** A refusal as an error that quotes COS's code, words and request id; it carries the wait that COS asked for. */
export function cosRefusal(target: CosTarget, what: string, answer: CosAnswer): DeliveryError {
  const requestId = errorField(answer, 'RequestId') ?? answer.headers.get('x-cos-request-id')
  const words = [
    `${target.service}: ${target.bucket}: ${what}: answered ${answer.status}`,
    errorField(answer, 'Code'),
    errorField(answer, 'Message'),
    requestId === null ? null : `(request ${requestId})`,
  ]
  return new DeliveryError(words.filter((word) => word !== null).join(' '), {
    retryAfterMs: retryAfterMs(answer.headers),
    throttled: answer.status === 429 || errorField(answer, 'Code') === 'SlowDown',
  })
}

/** `Code`, `Message` or `RequestId` of an answer `<Error>…</Error>`; null when it has none. */
export function errorField(answer: CosAnswer, name: 'Code' | 'Message' | 'RequestId'): string | null {
  const [, error] = /<Error>([^]*)<\/Error>/.exec(answer.body) ?? []
  const [, value] = new RegExp(`<${name}>([^<]{1,300})`).exec(error ?? '') ?? []
  return value === undefined ? null : value.trim()
}

function publicAddress({ service, bucket, region }: CosTarget): string {
  return `https://${bucket}.${service}.${region}.myqcloud.com`
}
