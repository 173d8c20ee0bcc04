import type { IncomingMessage } from 'node:http'
import type { PeerError } from '../delivery/peer-error'
import type { Deadline } from '../delivery/deadline'
import { failureOfStatus } from '../delivery/failure'
import { failed, type Peer } from '../delivery/peer'
import { retryAfterMs } from '../delivery/post'
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
  readonly method: 'GET' | 'PUT' | 'DELETE'
  /** Before percent-encoding, with its leading `/`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly deadline: Deadline
}

export interface CosAnswer {
  /** Who answered: an error about it blanks out the very credentials of the request. */
  readonly peer: Peer
  readonly status: number
  readonly headers: Pick<Headers, 'get'>
  readonly body: string
}

/** Bytes. The longest object that the store keeps is a quarantined body of 6 MiB in base64; the longest account of CI is that of 13,000 tasks. */
const LONGEST_ANSWER = 32 * 2 ** 20

/**
 * One signed request; redirects are not followed. By node:https, for the first use of fetch loads for three times as long, and this may be
 * on the way of every callback. Any status is an answer. Throws a PeerError, which names service and host, when
 * there is none.
 */
export async function cosRequest(
  target: CosTarget,
  request: CosRequest,
  credentials: Credentials,
): Promise<CosAnswer> {
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
  try {
    return { peer, ...(await send(url, { ...headers, authorization }, request)) }
  } catch (error) {
    const { code } = error as { code?: unknown }
    const fault = typeof code === 'string' ? code : 'the connection failed'
    const why = request.deadline.isOver ? 'no answer within the time allowed' : fault
    throw failed(peer, `${base.host}: ${why}`)
  }
}

async function send(
  url: URL,
  headers: Readonly<Record<string, string>>,
  request: CosRequest,
): Promise<Omit<CosAnswer, 'peer'>> {
  const { method, body, deadline } = request
  const { signal } = aborting(deadline)
  // Loaded when used: most callbacks ask neither COS nor CI.
  const client = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  return new Promise((resolve, reject) => {
    let isOver = false
    const sent = client.request(url, { method, headers, signal }, (response) => {
      isOver = true
      readAnswer(response).then(resolve, reject)
    })
    // Node ends a request whose answer is another protocol (101) without an error.
    sent.on('close', () => {
      if (!isOver) reject(new Error('closed'))
    })
    sent.on('error', (error: NodeJS.ErrnoException) => {
      isOver = true
      // A connection kept from an earlier invocation may have been closed by the peer meanwhile. All requests may be repeated.
      const isStale = sent.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
      if (isStale && !deadline.isOver) {
        send(url, headers, request).then(resolve, reject)
      } else reject(error)
    })
    sent.end(body)
  })
}

async function readAnswer(response: IncomingMessage): Promise<Omit<CosAnswer, 'peer'>> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    size += (chunk as Buffer).length
    if (size > LONGEST_ANSWER) throw Object.assign(new Error(), { code: 'the answer does not end' })
    chunks.push(chunk as Buffer)
  }
  const header = (name: string): string | null => {
    const value = response.headers[name.toLowerCase()]
    return value === undefined ? null : String(value)
  }
  return {
    status: response.statusCode ?? 0,
    headers: { get: header },
    body: Buffer.concat(chunks).toString('utf8'),
  }
}

/** A refusal as an error that quotes COS's code, words and request id; it carries the wait that COS asked for. */
export function cosRefusal(target: CosTarget, what: string, answer: CosAnswer): PeerError {
  const requestId = errorField(answer, 'RequestId') ?? answer.headers.get('x-cos-request-id')
  const words = [
    `${target.bucket}: ${what}: answered ${answer.status}`,
    errorField(answer, 'Code'),
    errorField(answer, 'Message'),
    requestId === null ? null : `(request ${requestId})`,
  ]
  return failed(answer.peer, words.filter((word) => word !== null).join(' '), {
    retryAfterMs: retryAfterMs(answer.headers),
    ...(errorField(answer, 'Code') === 'SlowDown' ? { kind: 'throttled' } : failureOfStatus(answer.status)),
  })
}

/** Characters. */
const LONGEST_REFUSAL = 65_536

/** `Code`, `Message` or `RequestId` of an answer `<Error>…</Error>`; null when it has none. */
export function errorField(answer: CosAnswer, name: 'Code' | 'Message' | 'RequestId'): string | null {
  const error = answer.body.slice(0, LONGEST_REFUSAL).split('<Error>')[1] ?? ''
  const [value = ''] = error.split(`<${name}>`)[1]?.split('<') ?? []
  return value.trim() === '' ? null : value.trim()
}

/** Where a bucket's requests go. */
export function addressOf({ service, bucket, region, endpoint }: CosTarget): URL {
  return endpoint ?? new URL(`https://${bucket}.${service}.${region}.myqcloud.com`)
}

function aborting(deadline: Deadline): AbortController {
  const controller = new AbortController()
  deadline.onceOver(() => controller.abort())
  return controller
}
