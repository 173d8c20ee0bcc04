import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'

/** What becomes of a broker's answer: it is passed on, changed, never, or the connection is cut instead. */
export type AnswerTo = (api: Api, answer: Buffer) => Buffer | 'silence' | 'cut'

export type Api = 'produce' | 'metadata' | 'login' | 'other'

/** A network in front of a broker that also stands in for it: clients are sent back here, and what the broker answers can be looked at. */
export interface KafkaFront {
  /** `127.0.0.1:PORT` */
  readonly address: string
  /** Connections taken so far. */
  readonly connections: number
  /** Requests to write something that have reached the broker. */
  readonly produced: number
  answer(as: AnswerTo): void
  /** Sends clients to another port of this machine from now on. */
  advertise(port: number): void
  /** Each chunk takes so long, either way. */
  delay(ms: number): void
  /** The answer to a request to write takes so long. */
  confirmLate(ms: number): void
  /** The connections there are stay open and carry nothing any more; new ones work. */
  forget(): void
  /** The connections there are end; new ones work. */
  cut(): void
  close(): Promise<void>
}

const APIS: Readonly<Record<number, Api>> = { 0: 'produce', 3: 'metadata', 36: 'login' }

export const passOn: AnswerTo = (_, answer) => answer

/** Starts a front for the broker at `server`; `tls` makes clients come by TLS. */
export async function startKafkaFront(
  server: string,
  tls?: { readonly key: Buffer; readonly cert: Buffer },
): Promise<KafkaFront> {
  const [host = '', port] = server.split(':')
  const pairs = new Set<{ readonly client: Socket; readonly broker: Socket; isForgotten: boolean }>()
  let answerTo = passOn
  let delayMs = 0
  let confirmMs = 0
  let connections = 0
  let produced = 0

  const take = (client: Socket): void => {
    connections += 1
    const broker = connect({ host, port: Number(port) })
    const pair = { client, broker, isForgotten: false }
    const asked = new Map<number, Api>()
    pairs.add(pair)
    const end = (): void => {
      pairs.delete(pair)
      client.destroy()
      broker.destroy()
    }
    for (const socket of [client, broker]) socket.on('error', () => undefined).on('close', end)
    const send = (to: Socket, bytes: Buffer, waitMs = delayMs): void => {
      if (pair.isForgotten) return
      const write = (): void => {
        if (!to.destroyed) to.write(bytes)
      }
      if (waitMs === 0) write()
      else setTimeout(write, waitMs)
    }
    client.on(
      'data',
      framesOf((frame) => {
        const api = APIS[frame.readInt16BE(4)] ?? 'other'
        asked.set(frame.readInt32BE(8), api)
        if (api === 'produce' && !pair.isForgotten) produced += 1
        send(broker, frame)
      }),
    )
    broker.on(
      'data',
      framesOf((frame) => {
        const api = asked.get(frame.readInt32BE(4)) ?? 'other'
        const answer = answerTo(api, api === 'metadata' ? sentBack(frame) : frame)
        if (answer === 'cut') end()
        else if (answer !== 'silence') send(client, answer, api === 'produce' ? delayMs + confirmMs : delayMs)
      }),
    )
  }

  const listener = tls === undefined ? createServer(take) : createTlsServer(tls, take)
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const own = (listener.address() as AddressInfo).port

  const there = placeOf(Number(port))
  let here = placeOf(own)
  const sentBack = (frame: Buffer): Buffer => {
    const at = frame.indexOf(there)
    if (at >= 0) here.copy(frame, at)
    return frame
  }

  const cut = (): void => pairs.forEach(({ client, broker }) => [client.destroy(), broker.destroy()])
  return {
    address: `127.0.0.1:${own}`,
    get connections() {
      return connections
    },
    get produced() {
      return produced
    },
    answer(as) {
      answerTo = as
    },
    advertise(elsewhere) {
      here = placeOf(elsewhere)
    },
    delay(ms) {
      delayMs = ms
    },
    confirmLate(ms) {
      confirmMs = ms
    },
    forget() {
      for (const pair of pairs) pair.isForgotten = true
    },
    cut,
    async close() {
      cut()
      await new Promise((done) => listener.close(done))
    },
  }
}

/** As it stands in a broker's answer. */
function placeOf(port: number): Buffer {
  const bytes = Buffer.alloc(15)
  bytes.writeInt16BE(9)
  bytes.write('127.0.0.1', 2)
  bytes.writeInt32BE(port, 11)
  return bytes
}

/** Calls with each whole frame, its length before it. */
function framesOf(call: (frame: Buffer) => void): (chunk: Buffer) => void {
  let kept: Buffer = Buffer.alloc(0)
  return (chunk) => {
    kept = Buffer.concat([kept, chunk])
    while (kept.length >= 4 && kept.length >= 4 + kept.readInt32BE(0)) {
      const length = 4 + kept.readInt32BE(0)
      call(Buffer.from(kept.subarray(0, length)))
      kept = kept.subarray(length)
    }
  }
}

/** An answer to a request to write into one partition, with another error code in it. */
export function withCode(code: number): AnswerTo {
  return (api, answer) => {
    if (api === 'produce') answer.writeInt16BE(code, codeAt(answer))
    return answer
  }
}

/** The same, with a wish to be left alone for so many ms. */
export function withThrottle(ms: number): AnswerTo {
  return (api, answer) => {
    if (api === 'produce') answer.writeInt32BE(ms, answer.length - 4)
    return answer
  }
}

/** An answer to a login, that it holds for so many ms. */
export function withSession(ms: number): AnswerTo {
  return (api, answer) => {
    if (api === 'login') answer.writeBigInt64BE(BigInt(ms), answer.length - 8)
    return answer
  }
}

/** Behind length, correlation id, one topic and its name, one partition and its number. */
function codeAt(answer: Buffer): number {
  return 12 + 2 + answer.readInt16BE(12) + 4 + 4
}
