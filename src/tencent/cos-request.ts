import type { Agent } from 'node:http'
import type { PeerError } from '../net/peer-error'
import type { Deadline } from '../net/deadline'
import { type FailureOptions, failureOfStatus } from '../net/failure'
import { failed, type Peer } from '../net/peer'
import { ask, type HttpAnswer, retryAfterMs } from '../net/http'
import { cosEncode, signCos } from './cos-sign'
import { type Credentials, secretsOf } from './credentials'

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
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** Before percent-encoding, with its leading `/`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly deadline: Deadline
  /** Makes the connections instead, such as one that goes through a proxy. */
  readonly agent?: Agent
}

/** Bytes. The longest object that the store keeps is a quarantined body of 6 MiB in base64; the longest account of CI is that of 13,000 tasks. */
const LONGEST_ANSWER = 32 * 2 ** 20

/**
 * One signed request; redirects are not followed. Any status is an answer. Throws a PeerError, which names service and host, when there is none,
 * `unsure` when it is cut short.
 */
export async function cosRequest(
  target: CosTarget,
  request: CosRequest,
  credentials: Credentials,
): Promise<HttpAnswer> {
  const base = addressOf(target)
  const query = request.query ?? {}
  const path = request.path.split('/').map(cosEncode).join('/')
  const search = Object.entries(query).map(([name, value]) => `${cosEncode(name)}=${cosEncode(value)}`)
  const url = new URL(`${base.origin}${path}${search.length === 0 ? '' : `?${search.join('&')}`}`)
  const headers = {
    ...request.headers,
    ...(credentials.sessionToken === null ? {} : { 'x-cos-security-token': credentials.sessionToken }),
  }
  const authorization = signCos(
    { method: request.method, path: request.path, query, headers: { ...headers, host: base.host } },
    credentials,
  )
  const signature = authorization.slice(authorization.lastIndexOf('=') + 1)
  const peer: Peer = { name: target.service, secrets: [...secretsOf(credentials), signature] }
  const { method, body, agent } = request
  const sent = {
    method,
    url,
    headers: { ...headers, authorization },
    ...(body !== undefined && { body }),
    ...(agent && { agent }),
  }
  const answer = await ask(peer, sent, LONGEST_ANSWER, request.deadline)
  // Whether a part of it would mean the same, nobody knows: what CI has no word of passes for forged.
  if (answer.cut !== null)
    throw failed(peer, `${base.host}: answered ${answer.status}, but ${answer.cut}`, { kind: 'unsure' })
  return answer
}

/** A refusal as an error that quotes COS's code, words and request id; it carries the wait that COS asked for. */
export function cosRefusal(
  target: CosTarget,
  what: string,
  answer: HttpAnswer,
  options: FailureOptions = {},
): PeerError {
  const requestId = errorField(answer, 'RequestId') ?? headerOf(answer, 'x-cos-request-id')
  const words = [
    `${target.bucket}: ${what}: answered ${answer.status}`,
    errorField(answer, 'Code'),
    errorField(answer, 'Message'),
    requestId === null ? null : `(request ${requestId})`,
  ]
  return failed(answer.peer, words.filter((word) => word !== null).join(' '), {
    retryAfterMs: retryAfterMs(answer.headers),
    ...(errorField(answer, 'Code') === 'SlowDown' ? { kind: 'throttled' } : failureOfStatus(answer.status)),
    ...options,
  })
}

/** Null when it has none. */
export function headerOf(answer: HttpAnswer, name: string): string | null {
  const value = answer.headers[name]
  return value === undefined ? null : String(value)
}

/** Characters. */
const LONGEST_REFUSAL = 65_536

/** `Code`, `Message` or `RequestId` of an answer `<Error>…</Error>`; null when it has none. */
export function errorField(answer: HttpAnswer, name: 'Code' | 'Message' | 'RequestId'): string | null {
  const error = answer.body.slice(0, LONGEST_REFUSAL).split('<Error>')[1] ?? ''
  const [value = ''] = error.split(`<${name}>`)[1]?.split('<') ?? []
  return value.trim() === '' ? null : value.trim()
}

/** Where a bucket's requests go. */
export function addressOf({ service, bucket, region, endpoint }: CosTarget): URL {
  return endpoint ?? new URL(`https://${bucket}.${service}.${region}.myqcloud.com`)
}
