import { Deadline } from '../../../src/net/deadline'
import { driver } from '../../../src/queues/kafka'
import { openKafkaQueue } from '../../support/open-drivers'
import { Kafka as KafkaBinding } from 'cloudevents'
import { Kafka, logLevel, type Consumer, type KafkaMessage } from 'kafkajs'
import { sampleEvent } from '../../support/events'
import { describeService } from '../../support/services'

const CONTEXT = { credentials: () => null, region: null }

describe('opening', () => {
  test.each([
    ['kafka://localhost:9092', 'not a URL of the form kafka://'],
    ['kafka://u#n:p@localhost:9092/t', '%23'],
    ['kafka://localhost:9092,:1/t', 'each broker must be host:port'],
    ['kafka://localhost:9092/t%20t', 'the topic must be'],
    ['kafka://localhost:9092/t?sasl=plain', 'sasl needs a user name and a password'],
    ['kafka://u:p@localhost:9092/t?sasl=gssapi', 'sasl must be one of plain, scram-sha-256, scram-sha-512'],
    ['kafka://u@localhost:9092/t', 'a user name and a password are needed'],
    ['kafka://u:100%@localhost:9092/t', 'the password has a "%"'],
    ['kafka://localhost:9092/t?acks=1', 'unknown parameter (known: sasl, idempotent)'],
    ['kafka://localhost:9092/t?idempotent=no', 'idempotent must be 0 or 1'],
  ])('%s: %s', (url, words) => {
    expect(() => openKafkaQueue(url, CONTEXT)).toThrow(words)
  })
})

describeService('kafka', (address) => {
  // See tools/services/services.mjs: SASL one port on; two on, a listener that sends clients to the port after it.
  const at = (offset: number): string => `127.0.0.1:${String(Number(address.split(':')[1]) + offset)}`
  const user = encodeURIComponent('ckafka-1#relay')
  const password = 's3cret/@:%'
  const topic = `relay-test-${String(process.pid)}`
  const kafka = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  let consumer: Consumer
  let inbox: KafkaMessage[] = []

  beforeAll(async () => {
    await admin.connect()
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] })
    consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 20 })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    const joined = new Promise((done) => consumer.on(consumer.events.GROUP_JOIN, done))
    await consumer.run({
      eachMessage: async ({ message }) => {
        inbox.push(message)
      },
    })
    await joined
  }, 30_000)

  afterAll(async () => {
    await consumer.disconnect()
    await admin.deleteTopics({ topics: [topic] })
    await admin.disconnect()
  })

  /** Every message up to the end of the topic. */
  async function messages(): Promise<KafkaMessage[]> {
    const [end] = await admin.fetchTopicOffsets(topic)
    for (let round = 0; round < 1000; round += 1) {
      const last = inbox.at(-1)?.offset ?? String(seen)
      if (Number(last) >= Number(end?.high) - 1) break
      await new Promise((done) => setTimeout(done, 5))
    }
    const all = inbox
    seen = Number(all.at(-1)?.offset ?? seen)
    inbox = []
    return all
  }
  let seen = -1

  test('writes a record of the CloudEvents binding under the key of the object', async () => {
    const queue = openKafkaQueue(`kafka://${address}/${topic}`, CONTEXT)
    const event = sampleEvent('record')
    await queue.publish(event, Deadline.in(5000))
    queue.close?.()
    const [record] = await messages()
    expect(String(record?.key)).toBe(event.subject)
    const headers = Object.fromEntries(
      Object.entries(record?.headers ?? {}).map(([name, value]) => [name, String(value)]),
    )
    expect(headers).toEqual({
      'content-type': 'application/cloudevents+json; charset=utf-8',
      ce_workflowid: 'w1b4ffd6900a343c3a2fe5b92b1fb7ff6',
      ce_workflowname: 'demo',
      ce_bucket: 'examplebucket-1250000000',
      ce_state: 'Success',
      ce_verdict: 'succeeded',
    })
    const read = KafkaBinding.toEvent({
      headers,
      body: String(record?.value),
      value: String(record?.value),
    } as never)
    expect(read).toMatchObject({ id: 'record', type: event.type, subject: event.subject, data: event.data })
  })

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'])('logs in by %s', async (mechanism) => {
    const login = `${user}:${encodeURIComponent(password)}`
    const queue = openKafkaQueue(`kafka://${login}@${at(1)}/${topic}?sasl=${mechanism}`, CONTEXT)
    await queue.publish(sampleEvent(mechanism), Deadline.in(5000))
    queue.close?.()
    expect((await messages()).map(({ value }) => (JSON.parse(String(value)) as { id: string }).id)).toEqual([
      mechanism,
    ])
  })

  test('goes to the next broker when the first is not there', async () => {
    const queue = openKafkaQueue(`kafka://127.0.0.1:1,${address}/${topic}`, CONTEXT)
    await queue.publish(sampleEvent('second-broker'), Deadline.in(5000))
    queue.close?.()
    expect(await messages()).toHaveLength(1)
  })

  test('answers for each of several', async () => {
    const queue = driver.open(`kafka://${address}/${topic}`, CONTEXT)
    const large = sampleEvent('large', 'x'.repeat(1_100_000))
    const events = [sampleEvent('one'), large, sampleEvent('three')]
    const [one, two, three] = await queue.publish(events, Deadline.in(5000))
    queue.close?.()
    expect([one, three]).toEqual([null, null])
    expect(two).toMatchObject({ kind: 'refused', isFinal: true })
    expect((await messages()).map(({ value }) => (JSON.parse(String(value)) as { id: string }).id)).toEqual([
      'one',
      'three',
    ])
  })

  test('answers nothing for none', async () => {
    const queue = driver.open(`kafka://${address}/${topic}`, CONTEXT)
    expect(await queue.publish([], Deadline.in(5000))).toEqual([])
  })

  test('names a topic that does not exist, and does not create it', async () => {
    const queue = openKafkaQueue(`kafka://${address}/${topic}-none`, CONTEXT)
    await expect(queue.publish(sampleEvent('none'), Deadline.in(5000))).rejects.toThrow(
      `kafka: ${address}: there is no topic "${topic}-none": create it`,
    )
    queue.close?.()
    expect(await admin.listTopics()).not.toContain(`${topic}-none`)
  })
})
