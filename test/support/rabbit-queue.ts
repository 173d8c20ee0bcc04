import { Connection } from 'rabbitmq-client'
import type { CloudEvent } from '../../src/callback/cloud-event'
import { validateMessage } from './schema'

export interface RabbitQueue {
  readonly name: string
  /** The queue's URL by way of this address (a proxy's, else the server's own). */
  url(address?: string): string
  /** Takes every message out, in order, and holds it to its schema: the RunId and the object of each. */
  drain(): Promise<readonly { readonly id: string; readonly subject: string }[]>
  /** How many messages it holds. */
  count(): Promise<number>
  remove(): Promise<void>
}

export async function createRabbitQueue(address: string, name: string): Promise<RabbitQueue> {
  const connection = new Connection(`amqp://guest:guest@${address}`)
  await connection.queueDeclare({ queue: name, durable: true })
  return {
    name,
    url: (at = address) => `amqp://guest:guest@${at}/?queue=${name}`,
    async drain() {
      const channel = await connection.acquire()
      const events: { id: string; subject: string }[] = []
      for (;;) {
        const message = await channel.basicGet({ queue: name, noAck: true })
        if (message === undefined) break
        const event = JSON.parse(String(message.body)) as CloudEvent
        validateMessage(event)
        const { data, subject = '' } = event
        events.push({ id: 'runId' in data ? data.runId : '', subject })
      }
      await channel.close()
      return events
    },
    count: async () => (await connection.queueDeclare({ queue: name, passive: true })).messageCount,
    async remove() {
      await connection.queueDelete(name)
      await connection.close()
    },
  }
}
