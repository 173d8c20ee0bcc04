import type { Agent, ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { version } from '../version'
import { areCrumbs, connectionTo, drain, keep } from './connections'
import type { Deadline } from './deadline'
import { hostOf } from './endpoint'
import { failed, type Peer } from './peer'
import type { PeerError } from './peer-error'
import { reasonOf } from './reason-of'

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Makes the connections instead, such as one that goes through a proxy. */
  readonly agent?: Agent
}

export interface HttpAnswer {
  /** Who answered: an error about it blanks out what the request carried. */
  readonly peer: Peer
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Why the body is not all of it, in words; null: it is. */
  readonly cut: string | null
}

/** Bytes of an answer in words. */
const LONGEST_ANSWER = 65_536

/**
 * One POST whose answer is in the body, of which at most 64 KiB are read. Throws as `ask` does; also, `unsure`, when a 2xx lacks the end of its body.
 */
export async function post(
  peer: Peer,
  url: URL,
  body: string,
  headers: Readonly<Record<string, string>>,
  deadline: Deadline,
): Promise<HttpAnswer> {
  return inWords(await ask(peer, { method: 'POST', url, headers, body }, LONGEST_ANSWER, deadline), url)
}

/** One GET; of its answer at most `longest` bytes are read. In all else as `post`. */
export async function get(
  peer: Peer,
  url: URL,
  headers: Readonly<Record<string, string>>,
  deadline: Deadline,
  longest = LONGEST_ANSWER,
): Promise<HttpAnswer> {
  return inWords(await ask(peer, { method: 'GET', url, headers }, longest, deadline), url)
}

function inWords(answer: HttpAnswer, url: URL): HttpAnswer {
  if (answer.cut === null || !isSuccess(answer.status)) return answer
  throw failed(answer.peer, `${url.host}: answered ${answer.status}, but ${answer.cut}`, { kind: 'unsure' })
}

/** Answers of status 1xx, before the one that counts. */
const MOST_PROVISIONAL = 20

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

/**
 * One request, sent once. Any status is an answer, redirects too; of its body at most `longest` bytes are read, and with 0 it is not waited for.
 * Throws a PeerError when there is no answer by the deadline: `unsure` once the request has left as a whole, for then it may have been taken, else
 * `down`. It names the peer and the host but never the path or the query, which hold keys.
 */
export async function ask(
  peer: Peer,
  request: HttpRequest,
  longest: number,
  deadline: Deadline,
): Promise<HttpAnswer> {
  const { url, agent } = request
  const down = (why: string): PeerError => failed(peer, `${url.host}: ${why}`, { kind: 'down' })
  if (deadline.isOver) throw down('no time was left for it')
  if (agent !== undefined) return exchange(peer, request, longest, deadline, { agent })
  let socket: Socket
  try {
    socket = await connectionTo(url, deadline, () => new Error('no connection within the time allowed'))
  } catch (error) {
    throw down(reasonOf(error))
  }
  return exchange(peer, request, longest, deadline, { createConnection: () => socket })
}

function exchange(
  peer: Peer,
  request: HttpRequest,
  longest: number,
  deadline: Deadline,
  way: { readonly agent: Agent } | { readonly createConnection: () => Socket },
): Promise<HttpAnswer> {
  const { url } = request
  return new Promise((resolve, reject) => {
    let sent: ClientRequest
    try {
      sent = open(request, way)
    } catch (error) {
      if ('createConnection' in way) keep(url.origin, way.createConnection())
      reject(failed(peer, `${url.host}: ${reasonOf(error)}`, { kind: 'down' }))
      return
    }
    let answer: IncomingMessage | null = null
    let hasLeft = false
    let isOver = false
    let body: Buffer = Buffer.alloc(0)
    let size = 0
    let chunks = 0
    let provisional = 0

    const settle = (cut: string | null): void => {
      isOver = true
      stop()
      if (answer === null) return
      const { statusCode = 0 } = answer
      // Of an answer that is not whole, enough for its words.
      const text = body.toString('utf8', 0, cut === null ? size : Math.min(size, LONGEST_ANSWER))
      resolve({ peer, status: statusCode, headers: answer.headers, body: text, cut })
    }
    const end = (why: string, cut: string, kind: 'unsure' | 'down'): void => {
      if (isOver) return
      settle(cut)
      sent.destroy()
      if (answer === null) reject(failed(peer, `${url.host}: ${why}`, { kind }))
    }
    const lost = (error: Error): void =>
      end(reasonOf(error), 'its body was cut short', hasLeft && !speaksOther(error) ? 'unsure' : 'down')
    const stop = deadline.onceOver(() =>
      end('no answer within the time allowed', 'its body did not come in time', hasLeft ? 'unsure' : 'down'),
    )

    sent.on('finish', () => {
      hasLeft = true
      if (answer !== null && longest === 0 && !isOver) settle(null)
    })
    sent.on('error', lost)
    sent.on('close', () => {
      if (!isOver) lost(new Error('the connection was closed without an answer'))
    })
    sent.on('information', () => {
      provisional += 1
      if (provisional > MOST_PROVISIONAL) lost(new Error('only provisional answers, without end'))
    })
    // Of another protocol, which nobody asked for.
    sent.on('upgrade', (response, socket) => {
      answer = response
      socket.destroy()
      if (!isOver) settle(null)
    })
    sent.on('response', (response) => {
      answer = response
      if (longest === 0) {
        drain(response)
        if (hasLeft) settle(null)
        return
      }
      response.on('data', (chunk: Buffer) => {
        chunks += 1
        if (size + chunk.length > longest || areCrumbs(chunks, size)) {
          end('', 'its body does not end', 'unsure')
          return
        }
        body = appended(body, size, chunk)
        size += chunk.length
      })
      response.on('error', lost)
      response.on('end', () => {
        if (!isOver) settle(null)
      })
    })
    sent.end(request.body)
  })
}

/** Copied into one: chunks of a byte, kept as they come, would take a hundred times the room of what they say. */
function appended(body: Buffer, size: number, chunk: Buffer): Buffer {
  if (size === 0) return chunk
  const room = size + chunk.length <= body.length ? body : Buffer.allocUnsafeSlow(2 * (size + chunk.length))
  if (room !== body) body.copy(room, 0, 0, size)
  chunk.copy(room, size)
  return room
}

/** What answers there does not speak HTTP: it cannot have taken the request. */
function speaksOther(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === 'HPE_INVALID_CONSTANT'
}

function open(
  { method, url, headers }: HttpRequest,
  way: { readonly agent: Agent } | { readonly createConnection: () => Socket },
): ClientRequest {
  const own = { host: url.host, 'user-agent': `cos-callback-relay/${version}`, connection: 'keep-alive' }
  const hostname = hostOf(url)
  const { port, protocol } = url
  const options = { method, hostname, port, path: url.pathname + url.search, headers: { ...own, ...headers } }
  if ('agent' in way) {
    const target = { protocol, ...options, ...way }
    return protocol === 'https:'
      ? process.getBuiltinModule('node:https').request(target)
      : process.getBuiltinModule('node:http').request(target)
  }
  return process.getBuiltinModule('node:http').request({ ...options, ...way })
}

/** Whatever a peer says: it may be mistaken, or mean harm. */
const LONGEST_WAIT_MS = 86_400_000

/** `Retry-After` in whole ms, a day at most: seconds or an HTTP date (RFC 9110, 10.2.3); null when absent or unreadable. */
export function retryAfterMs(headers: IncomingHttpHeaders, now: number = Date.now()): number | null {
  const value = headers['retry-after']?.trim() ?? ''
  const isDate = /^[A-Z][a-z]{2,8},? /.test(value)
  const ms = /^\d+(?:\.\d+)?$/.test(value) ? Number(value) * 1_000 : isDate ? Date.parse(value) - now : NaN
  return Number.isNaN(ms) ? null : Math.ceil(Math.min(Math.max(0, ms), LONGEST_WAIT_MS))
}
