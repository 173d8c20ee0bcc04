// Who reads the queue while it is filled, so that the broker holds little, and looks at each message.
import { EventEmitter, once } from 'node:events'
import { BROKER } from '../measure.mjs'
import { connectToBroker } from '../peers.mjs'
import { numberOf, startArrivals } from './arrivals.cjs'

/** A queue of this name, empty; it goes with `stop`. */
export async function startReceiver(queue) {
  const connection = await connectToBroker()
  await connection.queueDelete(queue)
  // Of a bench that was interrupted, the broker lets go by itself.
  await connection.queueDeclare({ queue, durable: true, arguments: { 'x-expires': 600_000 } })
  const publisher = connection.createPublisher({ confirm: true })
  const channel = await connection.acquire()
  const markers = new EventEmitter()
  let arrivals = startArrivals(1, 0)
  let phase = 0
  let lastMarker = 0
  let fault = null
  markers.on('error', (error) => (fault = error))
  // What was on its way to a channel that broke cannot be told from what was lost.
  channel.on('close', () => markers.emit('error', new Error('the channel from the queue broke')))
  // Neither waits for acknowledgements: a message is the consumer's as soon as it is on its way.
  await channel.basicConsume({ queue, noAck: true }, ({ body, type }) => {
    if (type === 'marker') {
      markers.emit(String(body))
      return
    }
    const { subject, data } = JSON.parse(body)
    arrivals.take(numberOf(data?.runId), subject, phase)
  })
  return {
    queue,
    /** For QUEUE_URL; `port`: of a proxy. */
    url(port = new URL(BROKER).port) {
      const address = new URL(BROKER)
      return Object.assign(address, { port, pathname: '/%2F', search: `queue=${queue}` }).href
    },
    /** Forgets what came, and expects other messages. */
    expect(objects, most) {
      phase = 0
      arrivals = startArrivals(objects, most)
      return arrivals
    },
    nextPhase: () => (phase += 1),
    /** Resolves once all that was in the queue before has been looked at. */
    async caughtUp() {
      if (fault !== null) throw fault
      const marker = String((lastMarker += 1))
      const seen = once(markers, marker)
      await Promise.all([seen, publisher.send({ routingKey: queue, type: 'marker' }, marker)])
    },
    async stop() {
      await channel.close()
      await publisher.close()
      await connection.queueDelete(queue)
      await connection.close()
    },
  }
}
