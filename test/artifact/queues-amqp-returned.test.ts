import { Connection } from 'rabbitmq-client'
import { createVhost } from '../support/rabbit-vhost'
import { validateMessage } from '../support/schema'
import { describeService } from '../support/services'
import { callbackXml } from './callbacks'
import { openRelay } from './open-relay'

describeService('rabbitmq', (server) => {
  test('a message that no queue takes is parked, however long its id; one that is taken has the whole of it', async () => {
    const vhost = createVhost(`artifact-returned-${process.pid}`)
    const admin = new Connection(`amqp://guest:guest@${server}/${vhost.name}`)
    await admin.exchangeDeclare({ exchange: 'e', type: 'direct', durable: true })
    const relay = openRelay({
      QUEUE_URL: `amqp://guest:guest@${server}/${vhost.name}?exchange=e&routingKey=k`,
      STORE_URL: 'memory:',
    })
    const ids = [32, 255, 256, 1_000].map((length) => 'i'.padEnd(length, String(length)))
    try {
      for (const id of ids) expect((await relay.post(callbackXml(id))).outcome).toBe('parked')
      await admin.queueDeclare({ queue: 'q' })
      await admin.queueBind({ queue: 'q', exchange: 'e', routingKey: 'k' })
      await relay.passTime(3_600_000)
      expect(await relay.sweep()).toMatchObject({ delivered: ids.length, waiting: 0 })
      const events: string[] = []
      for (let message = await admin.basicGet({ queue: 'q', noAck: true }); message !== undefined;) {
        const event = JSON.parse(String(message.body)) as { data: { runId: string } }
        validateMessage(event)
        events.push(event.data.runId)
        message = await admin.basicGet({ queue: 'q', noAck: true })
      }
      expect(events.sort()).toEqual([...ids].sort())
    } finally {
      await relay.kill()
      await admin.close()
      vhost.remove()
    }
  })
})
