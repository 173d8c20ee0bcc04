import { Kafka, logLevel } from 'kafkajs'
import { queueContract } from '../contracts/queue-contract'
import { describeService } from '../support/services'

describeService('kafka', (server) => {
  // See tools/services/services.mjs: SASL one port on; two on, a listener that sends clients to the port after it.
  const port = Number(server.split(':')[1])

  queueContract('kafka', async () => {
    const topic = `artifact-queues-${process.pid}`
    const kafka = new Kafka({ brokers: [server], logLevel: logLevel.NOTHING })
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] })
    const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 20 })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    let inbox: unknown[] = []
    let last = -1
    await consumer.run({
      eachMessage: async ({ message: { value, offset } }) => {
        inbox.push(JSON.parse(String(value)))
        last = Number(offset)
      },
    })
    return {
      server: `127.0.0.1:${port + 2}`,
      proxyPort: port + 3,
      env: (address) => ({ QUEUE_URL: `kafka://${address}/${topic}` }),
      refuse: {
        env: () => ({
          QUEUE_URL: `kafka://${encodeURIComponent('ckafka-1#relay')}:wr%2Fng-secret@127.0.0.1:${port + 1}/${topic}`,
        }),
        words: /authentication failed/i,
      },
      secrets: ['wr/ng-secret'],
      async received() {
        const [end] = await admin.fetchTopicOffsets(topic)
        while (last < Number(end?.high) - 1) await new Promise((done) => setTimeout(done, 5))
        const events = inbox
        inbox = []
        return events
      },
      async close() {
        await consumer.disconnect()
        await admin.deleteTopics({ topics: [topic] })
        await admin.disconnect()
      },
    }
  })
})
