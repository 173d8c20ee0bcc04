import createRequest from 'kafkajs/src/protocol/request'
import { follow, type Grammar } from '../../net/follow'
import { type Address, openGuarded } from '../../net/guarded-socket'
import type { Peer } from '../../net/peer'
import type { Connection } from '../../net/shared-connection'
import { API_VERSIONS, type Api, type Ask, INIT_PRODUCER_ID } from './api'
import { nameOf, told } from './errors'
import { authenticate, type Login } from './sasl'

/** A connection to one broker, logged in. */
export interface Broker extends Connection {
  readonly ask: Ask
}

const CLIENT_ID = 'cos-callback-relay'
/** Bytes: the largest answer to a producer of one topic, its brokers and partitions. */
const LARGEST_ANSWER = 8 * 2 ** 20
const UNSUPPORTED_VERSION = 35
const LONGEST_TIMER_MS = 2 ** 31
/** Of a session that a broker allows. */
const SESSION_USED = 0.8
const NO_BROKER = 'what answers there is no Kafka broker'
const HUNG_UP =
  'it ended the connection: is the address right, does it want TLS (kafkas:), a user and a password, or neither?'

interface Asker {
  readonly answer: (payload: Buffer) => void
  readonly fail: (error: Error) => void
}

export function openBroker(peer: Peer, address: Address, login: Login | null, lost: () => void): Broker {
  const askers = new Map<number, Asker>()
  let versions: ReadonlyMap<number, number> | null = null
  let lastId = 0
  let end: Error | null = null
  let session: NodeJS.Timeout | undefined

  function* answers(): Grammar {
    for (;;) {
      const length = (yield { see: 4 }).readInt32BE(0)
      if (length < 4 || length > LARGEST_ANSWER) throw new Error(NO_BROKER)
      const answer = yield { see: length }
      const id = answer.readInt32BE(0)
      const asker = askers.get(id)
      if (asker === undefined) throw new Error(NO_BROKER)
      askers.delete(id)
      asker.answer(answer.subarray(4))
    }
  }

  const socket = openGuarded(address, follow(answers()))
  socket.setNoDelay(true)
  // Each chunk is read on its way in; nobody else listens for it.
  socket.resume()
  socket.once('error', (error) => (end = error))
  socket.once('close', () => {
    end ??= new Error(HUNG_UP)
    for (const { fail } of askers.values()) fail(end)
    askers.clear()
    clearTimeout(session)
    lost()
  })

  const exchange = async <Options, Answer>(
    { definition }: Api<Options, Answer>,
    options: Options,
    version: number,
    onWritten?: () => void,
  ): Promise<Answer> => {
    const { request, response } = definition.protocol({ version })(options)
    const id = (lastId += 1)
    const { buffer } = await createRequest({ correlationId: id, clientId: CLIENT_ID, request })
    const payload = await new Promise<Buffer>((answer, fail) => {
      if (end !== null) {
        fail(end)
        return
      }
      askers.set(id, { answer, fail })
      onWritten?.()
      socket.write(buffer)
    })
    try {
      return await response.decode(payload)
    } catch (error) {
      if ((error as { type?: string }).type === nameOf(UNSUPPORTED_VERSION)) throw error
      const fault = new Error(NO_BROKER)
      socket.destroy(fault)
      throw fault
    }
  }

  const newest = ({ key, definition }: Api<never, unknown>): number => {
    const offered = versions?.get(key)
    if (offered === undefined) throw new Error(tooOld(key))
    return Math.min(Math.max(...definition.versions.map(Number)), offered)
  }

  const ask: Ask = async (api, options, onWritten) => exchange(api, options, newest(api), onWritten)

  const askVersions = async (version: number): Promise<ReadonlyMap<number, number>> => {
    const { apiVersions } = await exchange(API_VERSIONS, undefined, version)
    return new Map(apiVersions.map(({ apiKey, maxVersion }) => [apiKey, maxVersion]))
  }

  const connect = async (): Promise<void> => {
    versions = await askVersions(2).catch(async (error: unknown) => {
      if ((error as { type?: string }).type !== nameOf(UNSUPPORTED_VERSION)) throw error
      return askVersions(0)
    })
    if (login === null) return
    const sessionMs = await authenticate({ ...address, login, ask })
    // Once it is over the broker ends the connection: it is given up in time, and the next use logs in anew.
    if (sessionMs > 0 && sessionMs < LONGEST_TIMER_MS)
      session = setTimeout(lost, sessionMs * SESSION_USED).unref()
  }

  return {
    ready: connect().catch((error: unknown) => {
      throw told(peer, error)
    }),
    socket,
    check: () => ask(API_VERSIONS, undefined),
    ask,
    destroy() {
      socket.destroy(new Error('the connection was let go'))
    },
  }
}

/** A request that every broker knows, but those before the version of Kafka that brought it. */
function tooOld(key: number): string {
  return key === INIT_PRODUCER_ID.key
    ? 'the broker is older than Kafka 0.11: add idempotent=0'
    : 'the broker is older than Kafka 1.0'
}
