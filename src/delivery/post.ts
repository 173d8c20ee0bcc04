import type { Deadline } from './deadline'
import { failed, type Peer } from './peer'

export interface PostAnswer {
  /** Who answered: an error about it blanks out what the request carried. */
  readonly peer: Peer
  readonly status: number
  readonly headers: Headers
  /** At most the first 64 KiB. */
  readonly body: string
}

const LONGEST_ANSWER = 65_536

/**
 * One POST. Redirects are not followed: a 3xx comes back as it is. Any status is an answer; throws a PeerError, which names
 * the peer and the host but never the path or the query (they hold keys), when there is none.
 */
export async function post(
  peer: Peer,
  url: URL,
  body: string,
  headers: Readonly<Record<string, string>>,
  deadline: Deadline,
): Promise<PostAnswer> {
  return ask(peer, url, { method: 'POST', headers, body }, deadline)
}

/** One GET, in all else as `post`. */
export async function get(
  peer: Peer,
  url: URL,
  headers: Readonly<Record<string, string>>,
  deadline: Deadline,
): Promise<PostAnswer> {
  return ask(peer, url, { method: 'GET', headers }, deadline)
}

async function ask(peer: Peer, url: URL, request: RequestInit, deadline: Deadline): Promise<PostAnswer> {
  const controller = new AbortController()
  const { signal } = controller
  const stop = deadline.onceOver(() => controller.abort())
  const attempt = async (): Promise<PostAnswer> => {
    const response = await fetch(url, { ...request, redirect: 'manual', signal })
    return { peer, status: response.status, headers: response.headers, body: await firstBytes(response) }
  }
  try {
    return await attempt().catch((error: unknown) => {
      if (deadline.isOver || !DROPPED.has(reasonOf(error))) throw error
      return attempt()
    })
  } catch (error) {
    const why = deadline.isOver ? 'no answer within the time allowed' : reasonOf(error)
    throw failed(peer, `${url.host}: ${why}`)
  } finally {
    stop()
  }
}

/** How a kept connection shows that the peer closed it meanwhile, unseen by an instance that was frozen: worth one more try. */
const DROPPED = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

async function firstBytes(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk as Uint8Array)
    size += (chunk as Uint8Array).length
    if (size >= LONGEST_ANSWER) break
  }
  return Buffer.concat(chunks).subarray(0, LONGEST_ANSWER).toString('utf8')
}

/** The system's code (`ECONNREFUSED`) rather than the message, which may hold the URL. */
function reasonOf(error: unknown): string {
  const cause = (error as { cause?: { code?: unknown } }).cause
  return typeof cause?.code === 'string' ? cause.code : 'the connection failed'
}

/** Whatever a peer says: it may be mistaken, or mean harm. */
const LONGEST_WAIT_MS = 86_400_000

/** `Retry-After` in ms, a day at most: seconds or an HTTP date (RFC 9110, 10.2.3); null when absent or unreadable. */
export function retryAfterMs(headers: Pick<Headers, 'get'>, now: number = Date.now()): number | null {
  const value = headers.get('retry-after')
  if (value === null) return null
  if (/^\s*\d+\s*$/.test(value)) return Math.min(Number(value) * 1000, LONGEST_WAIT_MS)
  const at = Date.parse(value)
  return Number.isNaN(at) ? null : Math.min(Math.max(0, at - now), LONGEST_WAIT_MS)
}
