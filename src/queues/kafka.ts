import type { CloudEvent } from '../callback/cloud-event'
import { checkParameters, decoded, PERCENT_ENCODE } from '../net/driver-url'
import { extensionHeaders } from '../net/event-headers'
import { peerAt } from '../net/peer'
import type { Delivery } from './kafka/delivery'
import { openProducer } from './kafka/producer'
import { type Login, MECHANISMS } from './kafka/sasl'
import type { Target } from './kafka/target'
import type { QueueDriver } from './queue'

const EXAMPLE = 'kafka://user:password@host:9092/TOPIC?sasl=plain'
const FORM = /^(kafkas?):\/\/(?:([^@/?#]*)@)?([^@/?#]+)\/([^/?#]+)(?:\?([^#]*))?$/
/** Bytes; what a broker takes unless told otherwise is a little more. */
const LARGEST_MESSAGE = 1_000_000
const HEADERS = { 'content-type': 'application/cloudevents+json; charset=utf-8' }
/** Bytes of a record besides its key and its value, at the most: the header, eight lengths and numbers. */
const RECORD_OVERHEAD = 100

/**
 * Kafka, CKafka: `kafka[s]://[user:pass@]host:port[,host:port]/TOPIC[?sasl=plain|scram-sha-256|scram-sha-512]` (plain, when there is
 * a user). All in-sync replicas confirm; the producer is idempotent unless `idempotent=0`. The key is the object's key, so that one
 * object's events keep their order; the record is a CloudEvent in the structured mode of the Kafka binding (1.0.2, 3.3). The topic
 * must exist.
 */
const open: QueueDriver['open'] = (text) => {
  const target = targetOf(text)
  const peer = peerAt(`${target.scheme}: ${target.hosts.join(',')}`, text)
  const producer = openProducer(target, peer)
  return {
    scheme: target.scheme,
    secrets: peer.secrets,
    endpoints: target.hosts.map((broker) => {
      const [host = '', port] = broker.split(':')
      return { host, port: Number(port) }
    }),
    needs: [],
    largest: LARGEST_MESSAGE,
    keepsOrder: true,
    async publish(events, deadline) {
      const answers = await producer.send(events.map(messageOf), deadline)
      return answers.map((answer) => answer?.failure ?? null)
    },
    close: () => producer.close(),
  }
}

export const driver: QueueDriver = { schemes: ['kafka', 'kafkas'], form: EXAMPLE, open }

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
    hosts: hosts.split(',').map(brokerOf),
    topic: topicOf(decoded(topic, 'topic')),
    login: loginOf(login, parameters.get('sasl')),
    isIdempotent: idempotent === '1',
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

function loginOf(login: string, mechanism: string | null): Login | null {
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

function messageOf(event: CloudEvent): Pick<Delivery, 'message' | 'size'> {
  const { object } = event.data
  const key = object === null ? null : Buffer.from(object)
  const headers = { ...HEADERS, ...Object.fromEntries(extensionHeaders(event, 'ce_')) }
  const value = Buffer.from(JSON.stringify(event))
  return {
    message: { key, value, headers },
    size: value.length + (key?.length ?? 0) + JSON.stringify(headers).length + RECORD_OVERHEAD,
  }
}
