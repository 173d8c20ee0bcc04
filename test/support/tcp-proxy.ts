import { connect, createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What the proxy does with bytes, on connections that are open and on those to come. */
type Mode =
  | { readonly kind: 'pass'; readonly delayMs: number }
  /** Takes connections and bytes, answers nothing. */
  | { readonly kind: 'black-hole' }
  /** Drops each new connection at once. */
  | { readonly kind: 'reset' }
  /** Passes so many more bytes from the client, then drops the connection they came on. */
  | { readonly kind: 'cut-after'; bytes: number }
  /** Passes so many more answers of the server, a chunk each, and from then on nothing either way. */
  | { readonly kind: 'silent-after'; answers: number }
  /** Passes what the server sends a byte a second. */
  | { readonly kind: 'drip' }
  /** Passes what the server sends later, on a connection on which the client has said `word`. */
  | { readonly kind: 'late-after'; readonly word: string; readonly delayMs: number }

/**
 * A network between a client and a server, good or bad as the test says.
 *
 * Connections are dropped by `destroy`, not by `resetAndDestroy`: on Node 20 the latter shuts the socket down first, which at times
 * makes the reset fail and leaves a handle on which the process hangs while it exits.
 */
export interface TcpProxy {
  readonly port: number
  /** `127.0.0.1:PORT` */
  readonly address: string
  /** Connections taken so far. */
  readonly connections: number
  pass(): Promise<void>
  /** Passes each chunk later, both ways. */
  latency(ms: number): void
  /** Swallows bytes both ways. Connections stay open. */
  blackHole(): void
  readonly isBlackHole: boolean
  /** The connections there are stay open and answer nothing for good, as when a router forgot them; new ones pass. */
  strand(): void
  /** Drops the connections there are and each new one. */
  reset(): void
  /** Drops the connections there are; new ones pass. */
  cut(): void
  /** Drops a connection after `bytes` more bytes from the client, in all. */
  cutAfter(bytes: number): void
  /** Falls silent after so many more answers of a server that answers each request in one chunk. Connections stay open. */
  silentAfter(answers: number): void
  /** Hands on what the server sends a byte a second, and what comes meanwhile not at all. */
  drip(): void
  /** Hands on what the server says `ms` later once a client has said `word`, as of a broker whose disk stalls: what came before is answered at once. */
  lateAfter(word: string, ms: number): void
  /** As it was, with connections that work: what a black hole swallowed does not come back. */
  mend(): Promise<void>
  /** Nobody listens any more; the connections there are get dropped. `pass` listens again. */
  refuse(): Promise<void>
  close(): Promise<void>
}

/** Starts a proxy to `target` (`127.0.0.1:5690`), on a free port or the given one. */
export async function startTcpProxy(target: string, port = 0): Promise<TcpProxy> {
  const [host = '', targetPort] = target.split(':')
  let mode: Mode = { kind: 'pass', delayMs: 0 }
  let connections = 0
  const sockets = new Set<Socket>()
  const stranded = new WeakSet<Socket>()
  const late = new WeakMap<Socket, number>()
  let server: Server | null = null

  const track = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  }

  const trickle = async (chunk: Buffer, to: Socket): Promise<void> => {
    for (const byte of chunk) {
      if (to.destroyed) return
      to.write(Buffer.of(byte))
      await sleep(1000)
    }
  }

  const forward = (from: Socket, to: Socket, isClient: boolean): void => {
    from.on('data', (chunk) => {
      if (mode.kind === 'black-hole' || stranded.has(from)) return
      if (mode.kind === 'cut-after' && isClient) {
        const allowed = Math.min(mode.bytes, chunk.length)
        mode.bytes -= allowed
        to.write(chunk.subarray(0, allowed))
        if (mode.bytes === 0) from.destroy()
        return
      }
      if (mode.kind === 'silent-after') {
        if (mode.answers === 0) return
        if (!isClient) mode.answers -= 1
      }
      if (mode.kind === 'drip' && !isClient) {
        stranded.add(from)
        void trickle(chunk, to)
        return
      }
      if (mode.kind === 'late-after' && isClient && chunk.includes(mode.word)) late.set(to, mode.delayMs)
      const delayMs = late.get(from) ?? (mode.kind === 'pass' ? mode.delayMs : 0)
      if (delayMs === 0) to.write(chunk)
      else setTimeout(() => to.destroyed || to.write(chunk), delayMs)
    })
    from.on('close', () => {
      if (mode.kind !== 'black-hole' || isClient) to.destroy()
    })
  }

  const serve = async (): Promise<void> => {
    const listener = createServer((client) => {
      connections += 1
      track(client)
      if (mode.kind === 'reset') {
        client.destroy()
        return
      }
      const upstream = connect({ host, port: Number(targetPort) })
      track(upstream)
      forward(client, upstream, true)
      forward(upstream, client, false)
    })
    await new Promise<void>((done, fail) => {
      listener.once('error', fail)
      listener.listen(port, '127.0.0.1', done)
    })
    port = (listener.address() as AddressInfo).port
    server = listener
  }

  const cut = (): void => sockets.forEach((socket) => socket.destroy())

  const stop = async (): Promise<void> => {
    const listener = server
    server = null
    cut()
    if (listener !== null) await new Promise((done) => listener.close(done))
  }

  await serve()
  return {
    port,
    address: `127.0.0.1:${String(port)}`,
    get connections() {
      return connections
    },
    async pass() {
      mode = { kind: 'pass', delayMs: 0 }
      if (server === null) await serve()
    },
    latency(ms) {
      mode = { kind: 'pass', delayMs: ms }
    },
    get isBlackHole() {
      return mode.kind === 'black-hole'
    },
    blackHole() {
      mode = { kind: 'black-hole' }
    },
    strand() {
      mode = { kind: 'pass', delayMs: 0 }
      sockets.forEach((socket) => stranded.add(socket))
    },
    reset() {
      mode = { kind: 'reset' }
      cut()
    },
    cut,
    cutAfter(bytes) {
      mode = { kind: 'cut-after', bytes }
    },
    lateAfter(word, delayMs) {
      mode = { kind: 'late-after', word, delayMs }
    },
    drip() {
      mode = { kind: 'drip' }
    },
    async mend() {
      if (['black-hole', 'silent-after', 'drip'].includes(mode.kind))
        sockets.forEach((socket) => stranded.add(socket))
      mode = { kind: 'pass', delayMs: 0 }
      if (server === null) await serve()
    },
    silentAfter(answers) {
      mode = { kind: 'silent-after', answers }
    },
    refuse: stop,
    close: stop,
  }
}
