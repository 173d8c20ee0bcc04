import type { ConnectionOptions } from 'rabbitmq-client'
import type { CloudEvent } from '../callback/cloud-event'
import { decoded, driverUrl } from '../net/driver-url'
import { together } from './each'
import { hostOf } from '../net/endpoint'
import { extensionHeaders } from '../net/event-headers'
import { ADDRESS_RACE } from '../net/open-socket'
import { peerAt } from '../net/peer'
import { sha256 } from '../sha256'
import { shareConnection } from '../net/shared-connection'
import { tlsOptions } from '../net/tls-options'
import { LARGEST_FRAME, LONGEST_NAME, type Message } from './amqp/frames'
import { openPublisher, type Route } from './amqp/publisher'
import type { QueueDriver } from './queue'

const EXAMPLE = 'amqp://user:password@host:5672/vhost?queue=NAME'

/**
 * RabbitMQ, TDMQ for RabbitMQ (AMQP 0-9-1): `amqp[s]://user:pass@host[:port]/vhost?queue=NAME[&declare=1]` or
 * `?exchange=E&routingKey=K`. Messages are persistent and mandatory, and count once the broker has confirmed them; one that no queue
 * takes is a failed delivery. Message id = event id; the headers `cloudEvents:…` have the event's extension attributes. Without
 * `declare=1` (which makes it durable) a missing queue is an error.
 */
const open: QueueDriver['open'] = (text) => {
  const url = driverUrl(text, EXAMPLE, ['queue', 'exchange', 'routingKey', 'declare'])
  if (url.hostname === '') throw new Error(`the host is missing: ${EXAMPLE}`)
  const scheme = url.protocol.slice(0, -1)
  const isTls = scheme === 'amqps'
  const host = hostOf(url)
  const port = url.port === '' ? (isTls ? 5671 : 5672) : Number(url.port)
  const options = optionsOf(url, host, port)
  const route = routeOf(url.searchParams)
  const peer = peerAt(`${scheme}: ${url.host}`, text)
  const shared = shareConnection(peer, (lost) =>
    openPublisher(peer, isTls ? { ...options, tls: tlsOptions(host) } : options, route, lost),
  )
  return {
    scheme,
    secrets: peer.secrets,
    endpoints: [{ host, port }],
    needs: [],
    keepsOrder: true,
    publish: (events, deadline) =>
      together(events, (each) =>
        shared.use(deadline, (publisher) => each((event) => publisher.publish(messageOf(event)))),
      ),
    close: shared.close,
  }
}

function optionsOf(url: URL, hostname: string, port: number): ConnectionOptions {
  return {
    hostname,
    port,
    username: decoded(url.username, 'user name') || 'guest',
    password: decoded(url.password, 'password') || 'guest',
    vhost: decoded(url.pathname.slice(1), 'vhost') || '/',
    socket: { ...ADDRESS_RACE, port },
    connectionName: 'cos-callback-relay',
    // The largest frame that RabbitMQ takes by default: a long event is one frame, not many.
    frameMax: LARGEST_FRAME,
    noDelay: true,
    // Deadlines are the caller's.
    connectionTimeout: 0,
  }
}

function routeOf(parameters: URLSearchParams): Route {
  const queue = parameters.get('queue')
  const exchange = parameters.get('exchange')
  const routingKey = parameters.get('routingKey')
  const declare = parameters.get('declare')
  for (const [parameter, name] of Object.entries({ queue, exchange, routingKey }))
    if (Buffer.byteLength(name ?? '') > LONGEST_NAME)
      throw new Error(`${parameter} is longer than the ${LONGEST_NAME} bytes that AMQP allows`)
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

function messageOf(event: CloudEvent): Message {
  const body = JSON.stringify(event)
  // Parked by v0.1, perhaps: ids are shorter now.
  const isLong = Buffer.byteLength(event.id) > LONGEST_NAME
  return {
    id: isLong ? sha256(event.id, 'hex') : event.id,
    headers: extensionHeaders(event, 'cloudEvents:'),
    body,
    size: Buffer.byteLength(body),
  }
}

export const driver: QueueDriver = { schemes: ['amqp', 'amqps'], form: EXAMPLE, open }
