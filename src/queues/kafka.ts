import type { Socket } from 'node:net'
import { Kafka, Partitioners, logLevel, type KafkaConfig, type Message, type SASLOptions } from 'kafkajs'
import { SCRAM as Scram } from 'kafkajs/src/broker/saslAuthenticator/scram'
import RequestQueue from 'kafkajs/src/network/requestQueue'
import Decoder from 'kafkajs/src/protocol/decoder'
import type { CloudEvent } from '../callback/cloud-event'
import { checkParameters, decoded, PERCENT_ENCODE } from '../delivery/driver-url'
import { follow, type Grammar } from '../delivery/follow'
import { openGuarded, progressOf } from '../delivery/guarded-socket'
import { failed, type Peer, peerAt } from '../delivery/peer'
import { reasonOf } from '../delivery/reason-of'
import { shareConnection, type Connection } from '../delivery/shared-connection'
import { each } from '../delivery/each'
import type { QueueDriver } from './queue'

// The client is kafkajs 2.2.4. Bundled and minified it loads in 24 ms and is 270 KB (70 KB zipped); @platformatic/kafka 1.35.0 loads
// in 205 ms and is 577 KB (171 KB zipped), 110 ms and 433 KB by its producer's file alone, which its package does not export, and it
// asks npm for a prebuilt binary (medians of 15 on the 2-core machine, Node 20). kafkajs has no dependencies but is kept no longer
// (last release 2023); the protocol versions that it speaks are those of Kafka 0.10 to 4. What it does badly is not used: it never
// retries past the caller's deadline, one batch is in flight at a time (see `pump`), and its idle timer is stopped (below). Should it
// fail with a later Node or Kafka, this file is all that changes.

const EXAMPLE = 'kafka://user:password@host:9092/TOPIC?sasl=plain'
const FORM = /^(kafkas?):\/\/(?:([^@/?#]*)@)?([^@/?#]+)\/([^/?#]+)(?:\?([^#]*))?$/
const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const
const LARGEST_BATCH = 500
const LONGEST_THROTTLE_MS = 1000
/** Brokers have 4096 unless told otherwise. */
const MOST_ITERATIONS = 1_000_000

// Once it has sent a request, kafkajs looks every millisecond whether another one waits, for as long as the connection lives: the
// process never ends and an idle function is billed. It needs to look only while one does.
const lookAgain = Object.getOwnPropertyDescriptor(RequestQueue.prototype, 'scheduleCheckPendingRequests')
  ?.value as (this: RequestQueue) => void
RequestQueue.prototype.scheduleCheckPendingRequests = function () {
  if (this.pending.length > 0) lookAgain.call(this)
}

// It waits for as long as a broker asks it to, on a timer that holds the process.
const throttle = Object.getOwnPropertyDescriptor(RequestQueue.prototype, 'maybeThrottle')
  ?.value as RequestQueue['maybeThrottle']
RequestQueue.prototype.maybeThrottle = function (ms) {
  throttle.call(this, Math.min(ms ?? 0, LONGEST_THROTTLE_MS))
}

// It hashes a password as often as a broker says: that may keep one of the few threads that also write files for hours.
const derive = Scram.hi.bind(Scram)
Scram.hi = async (password, salt, iterations, digest) => {
  if (iterations > MOST_ITERATIONS) throw new Error('the broker asks for too many iterations of SCRAM')
  return derive(password, salt, iterations, digest)
}

// It makes room for as many elements as a broker announces, before the first of them was read.
Decoder.prototype.readArray = function (reader) {
  const length = this.readInt32()
  if (length > this.buffer.length - this.offset) throw new Error('the broker announces more than it sends')
  return Array.from({ length: Math.max(0, length) }, () => reader(this))
}

/** Bytes: the largest answer to a producer of one topic, its brokers and partitions. */
const LARGEST_ANSWER = 8 * 2 ** 20

/** What a broker sends: answers, each after its length and begun by the number of its request. */
function* answersOfBroker(): Grammar {
  for (;;) {
    const length = (yield { see: 4 }).readInt32BE(0)
    if (length < 4 || length > LARGEST_ANSWER) throw new Error('what answers there is no Kafka broker')
    yield { skip: length }
  }
}

interface Target {
  readonly scheme: string
  readonly brokers: readonly string[]
  readonly topic: string
  readonly sasl: SASLOptions | null
  readonly idempotent: boolean
}

interface Producer extends Connection {
  publish(event: CloudEvent): Promise<void>
}

/**
 * Kafka, CKafka: `kafka[s]://[user:pass@]host:port[,host:port]/TOPIC[?sasl=plain|scram-sha-256|scram-sha-512]` (plain, when there is
 * a user). All in-sync replicas confirm; the producer is idempotent unless `idempotent=0`. The key is the object's key, so that one
 * object's events keep their order; the record is a CloudEvent in the structured mode of the Kafka binding (1.0.2, 3.3). The topic
 * must exist.
 */
const open: QueueDriver['open'] = (text) => {
  const target = targetOf(text)
  const peer = peerAt(`${target.scheme}: ${target.brokers.join(',')}`, text)
  const shared = shareConnection(peer, (lost) => openProducer(peer, target, lost))
  return {
    scheme: target.scheme,
    secrets: peer.secrets,
    endpoints: target.brokers.map((broker) => {
      const [host = '', port] = broker.split(':')
      return { host, port: Number(port) }
    }),
    needs: [],
    publish: (events, deadline) =>
      each(events, (event) => shared.use(deadline, (producer) => producer.publish(event))),
    close: shared.close,
  }
}

function targetOf(text: string): Target {
  const match = FORM.exec(text)
  if (match === null) {
    throw new Error(`not a URL of the form ${EXAMPLE}; ${PERCENT_ENCODE}`)
  }
  const [, scheme = '', login = '', hosts = '', topic = '', query = ''] = match
  const parameters = new URLSearchParams(query)
  checkParameters(parameters, EXAMPLE, ['sasl', 'idempotent'])
  const idempotent = parameters.get('idempotent') ?? '1'
  if (!/^[01]$/.test(idempotent)) throw new Error('idempotent must be 0 or 1')
  return {
    scheme,
    brokers: hosts.split(',').map(brokerOf),
    topic: topicOf(decoded(topic, 'topic')),
    sasl: saslOf(login, parameters.get('sasl')),
    idempotent: idempotent === '1',
  }
}

function brokerOf(host: string): string {
  if (!/^[A-Za-z0-9._-]+(:\d{1,5})?$/.test(host))
    throw new Error(`each broker must be host:port, separated by commas; ${PERCENT_ENCODE}`)
  return host.includes(':') ? host : `${host}:9092`
}

function topicOf(topic: string): string {
  if (/^[A-Za-z0-9._-]{1,249}$/.test(topic)) return topic
  throw new Error('the topic must be 1 to 249 letters, digits, dots, underscores or hyphens')
}

function saslOf(login: string, mechanism: string | null): SASLOptions | null {
  if (login === '') {
    if (mechanism !== null) throw new Error(`sasl needs a user name and a password: ${EXAMPLE}`)
    return null
  }
  const known = MECHANISMS.find((name) => name === (mechanism ?? 'plain'))
  if (known === undefined) throw new Error(`sasl must be one of ${MECHANISMS.join(', ')}`)
  const colon = login.indexOf(':')
  if (colon < 1) throw new Error(`a user name and a password are needed: ${EXAMPLE}`)
  const username = decoded(login.slice(0, colon), 'user name')
  return { mechanism: known, username, password: decoded(login.slice(colon + 1), 'password') }
}

function openProducer(peer: Peer, target: Target, lost: () => void): Producer {
  const sockets = openSockets(target.scheme === 'kafkas')
  const kafka = new Kafka({
    clientId: 'cos-callback-relay',
    brokers: [...target.brokers],
    ...(target.sasl === null ? {} : { sasl: target.sasl }),
    socketFactory: sockets.factory,
    logLevel: logLevel.NOTHING,
    // Deadlines are the caller's; the client's own would be timers that hold the process.
    enforceRequestTimeout: false,
    connectionTimeout: 10_000,
    retry: { retries: 3, initialRetryTime: 50, maxRetryTime: 400 },
  })
  const producer = kafka.producer({
    idempotent: target.idempotent,
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  })

  const send = async (messages: Message[]): Promise<void> => {
    try {
      await producer.send({ topic: target.topic, acks: -1, messages })
    } catch (error) {
      throw failed(peer, explained(error, target))
    }
  }

  let waiting: Pending[] = []
  let isSending = false

  /**
   * One batch at a time, with its retries. Several at once on one idempotent producer lose messages in kafkajs: a batch whose answer
   * got lost gives its sequence number back, the next batch takes it, and the broker drops that one as a repeat.
   */
  const pump = async (): Promise<void> => {
    isSending = true
    while (waiting.length > 0) {
      const batch = waiting.slice(0, LARGEST_BATCH)
      waiting = waiting.slice(LARGEST_BATCH)
      try {
        await send(batch.map(({ message }) => message))
        batch.forEach(({ resolve }) => resolve())
      } catch (error) {
        // The sequence numbers may be out of step with the broker's now: a new producer begins anew.
        lost()
        for (const { reject } of [...batch, ...waiting]) reject(error as Error)
        waiting = []
      }
    }
    isSending = false
  }

  const connect = async (): Promise<void> => {
    try {
      await producer.connect()
    } catch (error) {
      throw failed(peer, explained(error, target))
    }
  }
  const ready = connect()
  sockets.onLost(lost)

  return {
    ready,
    publish: (event) =>
      new Promise((resolve, reject) => {
        waiting.push({ message: messageOf(event), resolve, reject })
        if (!isSending) void pump()
      }),
    get progress() {
      return sockets.progress
    },
    hold: (busy) => sockets.hold(busy),
    destroy: () => sockets.destroy(),
  }
}

interface Pending {
  readonly message: Message
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

function messageOf(event: CloudEvent): Message {
  return {
    key: event.subject ?? null,
    value: JSON.stringify(event),
    headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' },
  }
}

interface Sockets {
  readonly factory: NonNullable<KafkaConfig['socketFactory']>
  onLost(lost: () => void): void
  readonly progress: number
  hold(busy: boolean): void
  destroy(): void
}

/** The client's sockets, within reach: it offers no way to let the process end while they are idle, nor to drop a request. */
function openSockets(isTls: boolean): Sockets {
  const sockets = new Set<Socket>()
  let isDestroyed = false
  let onLost: () => void = () => undefined
  return {
    factory({ host, port, onConnect }) {
      if (isDestroyed) throw new Error('the connection was let go')
      const socket = openGuarded({ host, port, isTls }, follow(answersOfBroker()))
      socket.once(isTls ? 'secureConnect' : 'connect', onConnect)
      socket.setNoDelay(true)
      sockets.add(socket)
      socket.once('close', () => {
        sockets.delete(socket)
        if (sockets.size === 0) onLost()
      })
      return socket
    },
    onLost(lost) {
      onLost = lost
    },
    get progress() {
      return [...sockets].reduce((sum, socket) => sum + progressOf(socket), 0)
    },
    hold(busy) {
      for (const socket of sockets) {
        if (busy) socket.ref()
        else socket.unref()
      }
    },
    destroy() {
      isDestroyed = true
      for (const socket of sockets) socket.destroy(new Error('the connection was let go'))
    },
  }
}

/** The innermost cause in plain words. The client wraps it in "retries exceeded" and the like. */
function explained(error: unknown, target: Target): string {
  let cause = error as { cause?: unknown; type?: unknown; code?: unknown; name?: unknown; message?: unknown }
  while (cause.cause instanceof Error) cause = cause.cause
  if (cause.type === 'UNKNOWN_TOPIC_OR_PARTITION') return `there is no topic "${target.topic}": create it`
  if (typeof cause.code === 'string') return cause.code
  return reasonOf(cause)
}

export const driver: QueueDriver = { schemes: ['kafka', 'kafkas'], form: EXAMPLE, open }
