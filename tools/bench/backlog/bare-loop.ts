// What a backlog could be drained at: the same messages, made before the clock starts, by the same client, in batches. Bundled before it runs. Each
// order `{ from, count, objects, batch }` is answered with the ms that it took.
import { Connection } from 'rabbitmq-client'
import { eventOf } from './seeds'

const publisher = new Connection(process.env['BROKER']).createPublisher({ confirm: true })
const envelope = {
  routingKey: process.env['QUEUE'] ?? '',
  durable: true,
  mandatory: true,
  contentType: 'application/cloudevents+json',
}

interface Order {
  readonly from: number
  readonly count: number
  readonly objects: number
  readonly batch: number
}

process.on('message', (order: Order) => void publish(order).then((ms) => process.send?.({ ms })))

/** The ms that it took. */
async function publish({ from, count, objects, batch }: Order): Promise<number> {
  const messages = Array.from({ length: count }, (_, index) => {
    const event = eventOf(from + index, objects)
    return { messageId: event.id, body: JSON.stringify(event) }
  })
  const start = performance.now()
  for (let at = 0; at < count; at += batch)
    await Promise.all(
      messages
        .slice(at, at + batch)
        .map(({ messageId, body }) => publisher.send({ ...envelope, messageId }, body)),
    )
  return performance.now() - start
}
