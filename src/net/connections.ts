import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Deadline } from './deadline'
import { endpointAt } from './endpoint'
import { openSocket } from './open-socket'

/** A kept connection is trusted for so long by the wall clock: a network forgets idle ones, most often while an instance is frozen. */
const TRUSTED_MS = 1_000
/** Connections kept in all, and of those still being made for each origin when nobody waits for them any more. */
const MOST_KEPT = 32
const MOST_SURVIVORS = 4
/** Bytes of an answer that are read for the sake of the connection only. */
const LONGEST_DRAINED = 65_536
/** As long as the longest try: one that takes longer to be made has been frozen, or leads nowhere. */
const LONGEST_MAKING_MS = 20_000

interface Idle {
  readonly origin: string
  readonly socket: Socket
  readonly since: number
}

interface Waiter {
  readonly take: (socket: Socket) => void
  readonly fail: (error: Error) => void
}

/** A connection that is being made. It survives who asked for it, and then serves whoever asks next. */
interface Attempt {
  readonly origin: string
  readonly socket: Socket
  readonly since: number
  waiter: Waiter | null
}

/** The one idle for longest first. */
const idle: Idle[] = []
const attempts = new Set<Attempt>()
const draining = new Map<Socket, number>()
const sessions = new Map<string, Buffer>()

/**
 * A connection to the origin of a URL, kept or new, which nobody else uses until `keep` is given it back. Rejects with the system's error when none
 * can be made, with `late()` when none is made in time; one that is being made then goes on, and holds neither process nor invocation.
 */
export async function connectionTo(url: URL, deadline: Deadline, late: () => Error): Promise<Socket> {
  const { origin } = url
  for (;;) {
    const socket = takeIdle(origin)
    if (socket === null) return connect(url, deadline, late)
    // So that its end is read, where the peer has ended it and nobody has looked since: all that lies there is read between two turns.
    await turn()
    await turn()
    socket.off('data', endUnasked)
    if (isOpen(socket)) return socket
  }
}

/**
 * Reads the rest of an answer that nobody waits for, so that its connection can be kept: not much of it, and not for long.
 */
export function drain(response: IncomingMessage): void {
  const { socket } = response
  let size = 0
  let chunks = 0
  socket.unref()
  draining.set(socket, Date.now())
  response.on('data', (chunk: Buffer) => {
    size += chunk.length
    chunks += 1
    if (size > LONGEST_DRAINED || areCrumbs(chunks, size)) socket.destroy()
  })
  const [oldest] = draining.keys()
  if (draining.size > MOST_KEPT) oldest?.destroy()
}

/** Whether a body comes in pieces of a few bytes, each of which costs as much as a large one: thousands of them take the time of all that is to be done. */
export function areCrumbs(chunks: number, size: number): boolean {
  return chunks > 1_000 && size < chunks * 16
}

/** Takes a connection back once all of an answer has been read from it. */
export function keep(origin: string, socket: Socket): void {
  draining.delete(socket)
  if (!isOpen(socket)) return
  socket.unref()
  idle.push({ origin, socket, since: Date.now() })
  socket.on('data', endUnasked)
  dropStale()
  while (idle.length > MOST_KEPT) idle.shift()?.socket.destroy()
}

const turn = (): Promise<void> => new Promise(setImmediate)

function takeIdle(origin: string): Socket | null {
  dropStale()
  const at = idle.findLastIndex((entry) => entry.origin === origin)
  if (at === -1) return null
  const [{ socket }] = idle.splice(at, 1) as [Idle]
  socket.ref()
  return socket
}

function dropStale(): void {
  const now = Date.now()
  while (idle[0] !== undefined && Math.abs(now - idle[0].since) > TRUSTED_MS) idle.shift()?.socket.destroy()
  for (const [socket, since] of draining) {
    if (Math.abs(now - since) <= TRUSTED_MS) break
    socket.destroy()
  }
}

/** What comes without a request would be taken for the answer to the next one. */
function endUnasked(this: Socket): void {
  this.destroy()
}

function isOpen(socket: Socket): boolean {
  return socket.writable && !socket.readableEnded && !socket.destroyed
}

function connect(url: URL, deadline: Deadline, late: () => Error): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const waiter: Waiter = {
      take(socket) {
        stop()
        resolve(socket)
      },
      fail(error) {
        stop()
        reject(error)
      },
    }
    const stop = deadline.onceOver(() => {
      for (const attempt of attempts) if (attempt.waiter === waiter) abandon(attempt)
      reject(late())
    })
    try {
      begin(url, waiter)
    } catch (error) {
      waiter.fail(error as Error)
    }
  })
}

function begin(url: URL, waiter: Waiter): void {
  const { origin } = url
  const isTls = url.protocol === 'https:'
  const socket = openSocket(
    { ...endpointAt(url), isTls },
    { ALPNProtocols: ['http/1.1'], session: sessions.get(origin) },
  )
  const attempt: Attempt = { origin, socket, since: Date.now(), waiter }
  attempts.add(attempt)
  socket.once(isTls ? 'secureConnect' : 'connect', () => made(attempt))
  socket.on('error', (error) => {
    // Whatever comes later is told to whoever uses the connection.
    if (attempts.delete(attempt)) attempt.waiter?.fail(error)
  })
  socket.once('close', () => {
    if (attempts.delete(attempt)) attempt.waiter?.fail(new Error('the connection was closed'))
    draining.delete(socket)
    const at = idle.findIndex((entry) => entry.socket === socket)
    if (at !== -1) idle.splice(at, 1)
  })
  // Node.js says so when an answer is complete, and its connection good for another request.
  socket.on('free', () => keep(origin, socket))
  // A handle that is made anew for the next address holds the process anew.
  socket.on('connectionAttempt', () => {
    if (attempt.waiter === null) socket.unref()
  })
  socket.on('session', (ticket: Buffer) => remember(origin, ticket))
}

/** Spares the next connection half of a handshake. */
function remember(origin: string, ticket: Buffer): void {
  sessions.delete(origin)
  sessions.set(origin, ticket)
  const [oldest] = sessions.keys()
  if (sessions.size > MOST_KEPT && oldest !== undefined) sessions.delete(oldest)
}

function made(attempt: Attempt): void {
  attempts.delete(attempt)
  const { origin, socket } = attempt
  if (attempt.waiter !== null) {
    attempt.waiter.take(socket)
    return
  }
  if (isOld(attempt)) {
    socket.destroy()
    return
  }
  for (const other of attempts) {
    const { waiter } = other
    if (other.origin !== origin || waiter === null) continue
    abandon(other)
    socket.ref()
    waiter.take(socket)
    return
  }
  keep(origin, socket)
}

/** Nobody waits for it any more. */
function abandon(attempt: Attempt): void {
  attempt.waiter = null
  attempt.socket.unref()
  const survivors = [...attempts].filter((one) => one.origin === attempt.origin && one.waiter === null)
  const surplus = survivors.length - MOST_SURVIVORS
  for (const [at, one] of survivors.entries()) if (at < surplus || isOld(one)) one.socket.destroy()
}

function isOld({ since }: Attempt): boolean {
  return Math.abs(Date.now() - since) > LONGEST_MAKING_MS
}
