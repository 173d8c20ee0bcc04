import { Connection } from 'rabbitmq-client'
import { queueContract } from '../contracts/queue-contract'
import { createVhost } from '../support/rabbit-vhost'
import { describeService } from '../support/services'

describeService('rabbitmq', (server) => {
  queueContract('amqp', async () => {
    const vhost = createVhost(`artifact-queues-${process.pid}`)
    const admin = new Connection(`amqp://guest:guest@${server}/${vhost.name}`)
    await admin.queueDeclare({ queue: 'q' })
    return {
      server,
      env: (address) => ({ QUEUE_URL: `amqp://guest:guest@${address}/${vhost.name}?queue=q` }),
      refuse: {
        env: (address) => ({ QUEUE_URL: `amqp://relay:p%40ss-%2F-word@${address}/${vhost.name}?queue=q` }),
        words: /ACCESS_REFUSED/,
      },
      secrets: ['p@ss-/-word'],
      async received() {
        const events: unknown[] = []
        for (;;) {
          const message = await admin.basicGet({ queue: 'q', noAck: true })
          if (message === undefined) return events
          events.push(JSON.parse(String(message.body)))
        }
      },
      async close() {
        await admin.close()
        vhost.remove()
      },
    }
  })
})
