import type { Socket } from 'node:net'
import { Connection as RabbitConnection, type Channel } from 'rabbitmq-client'
import type { CloudEvent } from '../callback/cloud-event'
import type { PeerError } from '../delivery/peer-error'
import { decoded, driverUrl } from '../delivery/driver-url'
import { follow, type Grammar } from '../delivery/follow'
import { guard, holder, progressOf } from '../delivery/guarded-socket'
import { failed, type Peer, peerAt } from '../delivery/peer'
import { reasonOf } from '../delivery/reason-of'
import { shareConnection, type Connection } from '../delivery/shared-connection'
import { each } from '../delivery/each'
import type { QueueDriver } from './queue'

const EXAMPLE = 'amqp://user:password@host:5672/vhost?queue=NAME'

/** Bytes; the largest frame that RabbitMQ sends and takes by default, and the largest message that it may return. */
const LARGEST_FRAME = 131_072
const LARGEST_BODY = 64 * 2 ** 20
/** A frame of a method, a content header, a body, a heartbeat. */
const FRAME_TYPES = new Set([1, 2, 3, 8])
const CONTENT_HEADER = 2

interface Route {
  /** Empty: the default exchange, which routes by the name of the queue. */
  readonly exchange: string
  readonly routingKey: string
  /** Whether the queue is to be created. */
  readonly declare: boolean
}

interface Broker {
  readonly options: Exclude<ConstructorParameters<typeof RabbitConnection>[0], string | undefined> & {
    readonly hostname: string
  }
  readonly route: Route
}

interface Publisher extends Connection {
  publish(event: CloudEvent): Promise<void>
}

/**
 * RabbitMQ, TDMQ for RabbitMQ (AMQP 0-9-1): `amqp[s]://user:pass@host[:port]/vhost?queue=NAME[&declare=1]` or
 * `?exchange=E&routingKey=K`. Messages are persistent and mandatory, and count once the broker has confirmed them; one that no queue
 * takes is a failed delivery. Message id = event id. Without `declare=1` (which makes it durable) a missing queue is an error.
 */
const open: QueueDriver['open'] = (text) => {
  const url = driverUrl(text, EXAMPLE, ['queue', 'exchange', 'routingKey', 'declare'])
  const scheme = url.protocol.slice(0, -1)
  const broker = brokerOf(url)
  const peer = peerAt(`${scheme}: ${url.host}`, text)
  const shared = shareConnection(peer, (lost) => openPublisher(peer, broker, lost))
  return {
    scheme,
    secrets: peer.secrets,
    endpoints: [{ host: broker.options.hostname, port: Number(broker.options.port) }],
    needs: [],
    publish: (events, deadline) =>
      each(events, (event) => shared.use(deadline, (publisher) => publisher.publish(event))),
    close: shared.close,
  }
}

function brokerOf(url: URL): Broker {
  if (url.hostname === '') throw new Error(`the host is missing: ${EXAMPLE}`)
  const isTls = url.protocol === 'amqps:'
  return {
    route: routeOf(url.searchParams),
    options: {
      hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? (isTls ? 5671 : 5672) : url.port,
      username: decoded(url.username, 'user name') || 'guest',
      password: decoded(url.password, 'password') || 'guest',
      vhost: decoded(url.pathname.slice(1), 'vhost') || '/',
      ...(isTls ? { tls: true } : {}),
      connectionName: 'cos-callback-relay',
      // The largest frame that RabbitMQ takes by default: a long event is one frame, not many.
      frameMax: LARGEST_FRAME,
      noDelay: true,
      // Deadlines are the caller's.
      connectionTimeout: 0,
    },
  }
}

function routeOf(parameters: URLSearchParams): Route {
  const queue = parameters.get('queue')
  const exchange = parameters.get('exchange')
  const routingKey = parameters.get('routingKey')
  const declare = parameters.get('declare')
  if (declare !== null && declare !== '1') throw new Error('declare can only be 1')
  if (queue) {
    if (exchange !== null || routingKey !== null)
      throw new Error('give either queue, or exchange and routingKey')
    return { exchange: '', routingKey: queue, declare: declare !== null }
  }
  if (!exchange) throw new Error(`the parameter queue (or exchange and routingKey) is missing: ${EXAMPLE}`)
  if (declare !== null) throw new Error('declare=1 goes with queue: an exchange is not created here')
  return { exchange, routingKey: routingKey ?? '', declare: false }
}

/** One message, which may be sent more than once at a time. */
interface UnderWay {
  times: number
  returned: number
}

/** Messages a write. */
const WRITTEN_TOGETHER = 8

function openPublisher(peer: Peer, { options, route }: Broker, lost: () => void): Publisher {
  const fail = (what: string): PeerError => failed(peer, what)
  const connection = new RabbitConnection(options)
  const internals = connection as unknown as Internals
  guard(internals._socket, follow(framesOfBroker()))
  /** Why the connection is of no more use, where the broker or the system said so. */
  let reason: string | null = null
  let refuse: (error: Error) => void = () => undefined
  const refused = new Promise<never>((_, reject) => (refuse = reject))

  const end = (why: string): void => {
    reason ??= why
    refuse(fail(reason))
    // The client would reconnect by itself, on timers that nobody waits for: the next publish opens a connection of its own.
    connection.unsafeDestroy()
    lost()
  }
  connection.on('error', (error: Error) => end(reasonOf(error)))
  // Sooner than the client tells of it, and with the first cause.
  internals._socket.on('error', (error: Error) => end(reasonOf(error)))
  connection.on('connection.blocked', (why: string) => end(`the broker takes no messages now (${why})`))

  /** By message id, of those only that are under way: a broker may return whatever it likes. */
  const underWay = new Map<string, UnderWay>()
  const open = async (): Promise<Channel> => {
    // Asked for any sooner, a channel would be waited for with a timer that holds the process.
    await new Promise((resolve) => connection.once('connection', resolve))
    const channel = await connection.acquire()
    internals._state.heartbeatTimer?.unref()
    await checkRoute(channel, route, options, fail)
    channel.on('basic.return', ({ messageId = '' }) => {
      const sent = underWay.get(messageId)
      if (sent !== undefined) sent.returned += 1
    })
    channel.on('close', () => end('the broker closed the channel'))
    await channel.confirmSelect()
    return channel
  }
  /** What is published in one turn leaves in few writes: one costs as much as all the rest of a publish. */
  let heldBack = 0
  const writeTogether = (): void => {
    const { _socket: socket } = internals
    if (heldBack === 0) {
      socket.cork()
      setImmediate(() => {
        heldBack = 0
        socket.uncork()
      })
    } else if (heldBack % WRITTEN_TOGETHER === 0) {
      // The broker begins with these while the next ones are made.
      socket.uncork()
      socket.cork()
    }
    heldBack += 1
  }
  /** One for all that are confirmed in this turn: it begins when the last of them, and whatever came before it, has been read. */
  let turn: Promise<void> | null = null
  const nextTurn = (): Promise<void> =>
    (turn ??= new Promise((resolve) => {
      process.nextTick(() => {
        turn = null
        setImmediate(resolve)
      })
    }))
  const channel = Promise.race([open(), refused])
  channel.catch(() => undefined)

  return {
    ready: channel,
    async publish(event) {
      const envelope = {
        exchange: route.exchange,
        routingKey: route.routingKey,
        mandatory: true,
        durable: true,
        messageId: event.id,
        contentType: 'application/cloudevents+json',
      }
      const ready = await channel
      const sent = underWay.get(event.id) ?? { times: 0, returned: 0 }
      underWay.set(event.id, sent)
      sent.times += 1
      writeTogether()
      try {
        await ready.basicPublish(envelope, Buffer.from(JSON.stringify(event)))
        // A returned message is confirmed as well; the client tells of the return one turn after the confirm.
        await nextTurn()
      } catch (error) {
        throw fail(explained(error, route, options) ?? reason ?? reasonOf(error))
      } finally {
        sent.times -= 1
        if (sent.times === 0) underWay.delete(event.id)
      }
      if (sent.returned === 0) return
      sent.returned -= 1
      throw fail(unroutable(route))
    },
    get progress() {
      return progressOf(internals._socket)
    },
    check: async () => (await channel).confirmSelect(),
    hold: holder(internals._socket),
    destroy: () => connection.unsafeDestroy(),
  }
}

/** What a broker sends (AMQP 0-9-1, 4.2.3): the client would wait for a frame of any length, and make room for a body of any length. */
function* framesOfBroker(): Grammar {
  for (;;) {
    const head = yield { see: 7 }
    const type = head.readUInt8(0)
    const size = head.readUInt32BE(3)
    if (!FRAME_TYPES.has(type)) throw new Error('what answers there does not speak AMQP 0-9-1')
    if (size > LARGEST_FRAME) throw new Error('the broker sends a frame that is too large')
    if (type === CONTENT_HEADER && size >= 12) {
      const content = yield { see: 12 }
      if (content.readBigUInt64BE(4) > LARGEST_BODY) throw new Error('the broker returns what nobody sent')
      yield { skip: size - 11 }
    } else yield { skip: size + 1 }
  }
}

/** What rabbitmq-client does not offer: without it an idle connection would hold the process. Its version is pinned exactly. */
interface Internals {
  readonly _socket: Socket
  readonly _state: { readonly heartbeatTimer?: NodeJS.Timeout }
}

/** Makes sure of the queue or the exchange before the first message. */
async function checkRoute(
  channel: Channel,
  route: Route,
  options: Broker['options'],
  fail: (what: string) => PeerError,
): Promise<void> {
  try {
    if (route.exchange !== '') await channel.exchangeDeclare({ exchange: route.exchange, passive: true })
    else if (route.declare) await channel.queueDeclare({ queue: route.routingKey, durable: true })
    else await channel.queueDeclare({ queue: route.routingKey, passive: true })
  } catch (error) {
    throw fail(explained(error, route, options) ?? reasonOf(error))
  }
}

/** Plain words for the broker's commonest refusal; null for any other. */
function explained(error: unknown, route: Route, options: Broker['options']): string | null {
  if ((error as { code?: unknown }).code !== 'NOT_FOUND') return null
  const vhost = typeof options === 'object' ? options.vhost : ''
  return route.exchange === ''
    ? `there is no queue "${route.routingKey}" in vhost "${vhost ?? ''}": create it, or add declare=1 to the URL`
    : `there is no exchange "${route.exchange}" in vhost "${vhost ?? ''}": create it`
}

function unroutable(route: Route): string {
  return route.exchange === ''
    ? `there is no queue "${route.routingKey}" any more: the message was returned`
    : `exchange "${route.exchange}" has no queue for routing key "${route.routingKey}": the message was returned, bind a queue`
}

export const driver: QueueDriver = { schemes: ['amqp', 'amqps'], form: EXAMPLE, open }
