import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Random } from './random'

/** What a peer does with a connection that it took. */
export type Behaviour = (socket: Socket) => void

/** A server that behaves as it is told to, connection by connection. */
export interface HostilePeer {
  readonly port: number
  /** `127.0.0.1:PORT` */
  readonly address: string
  behave(next: Behaviour): void
  /** Ends the connections there are. */
  cut(): void
  close(): Promise<void>
}

export async function startHostilePeer(): Promise<HostilePeer> {
  let behaviour: Behaviour = (socket) => socket.destroy()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    behaviour(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const cut = (): void => sockets.forEach((socket) => socket.destroy())
  return {
    port,
    address: `127.0.0.1:${port}`,
    behave(next) {
      behaviour = next
    },
    cut,
    async close() {
      cut()
      await new Promise((done) => server.close(done))
    },
  }
}

/** Says something at once, and nothing more. */
export function says(words: string | Buffer): Behaviour {
  return (socket) => {
    socket.on('data', () => undefined)
    socket.write(words)
  }
}

/** Says something once it was spoken to, and then, when given, the rest over and over for as long as somebody takes it. */
export function answers(words: string | Buffer, overAndOver?: string | Buffer): Behaviour {
  return (socket) => {
    const more = (): void => {
      while (overAndOver !== undefined && !socket.destroyed && socket.write(overAndOver));
    }
    socket.on('data', () => undefined)
    socket.once('data', () => {
      socket.write(words)
      more()
    })
    socket.on('drain', more)
  }
}

/** Ends the connection as soon as it was spoken to. */
export const hangsUp: Behaviour = (socket) => socket.once('data', () => socket.end())

/** What becomes of a chunk that the real server sent, `at` so many bytes from the first. */
export type Change = (chunk: Buffer, at: number) => Buffer

/** Speaks for a real server, and changes what that says. */
export function speaksFor(server: string, change: Change): Behaviour {
  const [host, port] = server.split(':')
  return (socket) => {
    const real = connect({ host: host ?? '', port: Number(port) })
    let at = 0
    socket.on('data', (chunk) => real.write(chunk)).on('close', () => real.destroy())
    real.on('error', () => socket.destroy()).on('close', () => socket.destroy())
    real.on('data', (chunk) => {
      const changed = change(chunk, at)
      at += chunk.length
      if (!socket.destroyed) socket.write(changed)
    })
  }
}

export const unchanged: Change = (chunk) => chunk

/** From the byte `from` on garbage, as the first chunk that reaches so far is long. */
export function garbageFrom(from: number, random: Random): Change {
  return (chunk, at) => {
    const changed = Buffer.from(chunk)
    for (let i = Math.max(0, from - at); i < changed.length; i += 1) changed[i] = random.int(256)
    return changed
  }
}

/** Up to the byte `to` all, then nothing. */
export function silentFrom(to: number): Change {
  return (chunk, at) => chunk.subarray(0, Math.max(0, to - at))
}

/** A few faults anywhere in the first bytes: a bit, a byte, a number of four bytes, a piece that is lost, doubled or new. */
export function mutated(random: Random, within: number): Change {
  const faults = Array.from({ length: 1 + random.int(3) }, () => ({
    at: random.int(within),
    kind: random.pick(['bit', 'byte', 'number', 'lost', 'doubled', 'new']),
  }))
  return (chunk, at) => {
    let changed: Buffer = Buffer.from(chunk)
    for (const { at: where, kind } of faults) {
      const i = where - at
      if (i < 0 || i >= changed.length) continue
      const [before, after] = [changed.subarray(0, i), changed.subarray(i)]
      if (kind === 'bit') changed[i] = (changed[i] ?? 0) ^ (1 << random.int(8))
      else if (kind === 'byte') changed[i] = random.pick([0, 0x7f, 0x80, 0xff, 0x2a, 0x24])
      else if (kind === 'number' && i + 4 <= changed.length)
        changed.writeInt32BE(random.pick([-1, -4, 0, 3, 30_000_000, 0x7fffffff, -0x80000000]), i)
      else if (kind === 'lost') changed = Buffer.concat([before, after.subarray(1 + random.int(8))])
      else if (kind === 'doubled') changed = Buffer.concat([before, after.subarray(0, 8), after])
      else changed = Buffer.concat([before, Buffer.from([random.int(256), random.int(256)]), after])
    }
    return changed
  }
}

export function randomBytes(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.int(256)))
}
