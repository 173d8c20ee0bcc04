import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'iovalkey'
import { Kafka, logLevel } from 'kafkajs'
import { Webhook } from 'standardwebhooks'
import { callbackXml } from '../artifact/callbacks'
import { openRelay, type Relay } from '../artifact/open-relay'
import { createRabbitQueue } from '../support/rabbit-queue'
import { freePort, type RedisServer, startRedis } from '../support/redis-server'
import { describeService } from '../support/services'
import { temporaryFolder } from '../support/temporary-folder'
import {
  type Consumer,
  describeLanguage,
  type Language,
  LANGUAGES,
  startConsumer,
  type Transport,
} from './consumer-process'

/** What a consumer reads from. */
interface Source {
  readonly queueUrl: string
  /** The consumer's settings; `run` counts its starts. */
  env(run: number): Readonly<Record<string, string>>
  /** How many messages have not been acknowledged. */
  left(run: number): Promise<number>
  close(): Promise<void>
}

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

let redis: RedisServer
let client: Redis
let redisUrl: string
/** Where a consumer keeps what it has seen. */
const store = () => ({ REDIS_URL: redisUrl, REDIS_ADDRESS: redis.address })
let relay: Relay | null = null
let consumer: Consumer | null = null
let source: Source | null = null

async function http(): Promise<Source> {
  const port = await freePort()
  const folder = temporaryFolder()
  return {
    queueUrl: `http://127.0.0.1:${port}/hook#secret=${SECRET}`,
    env: () => ({
      PORT: String(port),
      WEBHOOK_SECRET: SECRET,
      ...store(),
      DATABASE: join(folder.path, 'consumer.sqlite'),
    }),
    left: async () => client.hlen('consumer:inbox'),
    close: async () => folder.remove(),
  }
}

async function amqp(server: string, name: string): Promise<Source> {
  const queue = await createRabbitQueue(server, name)
  return {
    queueUrl: queue.url(),
    env: () => ({ AMQP_URL: `amqp://guest:guest@${server}/%2F`, QUEUE: name, ...store() }),
    // Told of those alone that no consumer holds: what one that is gone held is back there.
    left: async () => queue.count(),
    close: async () => queue.remove(),
  }
}

async function kafka(server: string, topic: string): Promise<Source> {
  const admin = new Kafka({ brokers: [server], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] })
  const groups = new Set<string>()
  // Another group reads the topic from its beginning: all that was worked on comes again.
  const groupOf = (run: number): string => `${topic}-${run}`
  return {
    queueUrl: `kafka://${server}/${topic}`,
    env(run) {
      groups.add(groupOf(run))
      return { KAFKA_BROKERS: server, TOPIC: topic, GROUP: groupOf(run), ...store() }
    },
    async left(run) {
      const [end] = await admin.fetchTopicOffsets(topic)
      const [of] = await admin.fetchOffsets({ groupId: groupOf(run), topics: [topic] })
      return Number(end?.high) - Math.max(0, Number(of?.partitions[0]?.offset))
    },
    async close() {
      await admin.deleteTopics({ topics: [topic] })
      await admin.disconnect()
    },
  }
}

async function stream(): Promise<Source> {
  return {
    queueUrl: `${redisUrl}?stream=videos`,
    env: (run) => ({
      ...store(),
      STREAM: 'videos',
      GROUP: 'workers',
      NAME: `w${run}`,
      LEASE_S: '1',
    }),
    async left() {
      const [group] = (await client.xinfo('GROUPS', 'videos')) as unknown[][]
      const facts = Object.fromEntries(group!.map((name, index) => [name, group![index + 1]]))
      return Number(facts['pending']) + Number(facts['lag'])
    },
    close: async () => undefined,
  }
}

/** A relay without a ledger: whatever comes twice goes out twice. */
const relayTo = ({ queueUrl }: Source): Relay => (relay = openRelay({ QUEUE_URL: queueUrl }))
const send = async (to: Relay, id: string): Promise<void> =>
  expect(await to.post(callbackXml(id))).toMatchObject({ outcome: 'queued' })

async function isAllTaken(run: number): Promise<void> {
  for (let tries = 0; (await source!.left(run)) > 0; tries += 1) {
    if (tries > 100) throw new Error(`${await source!.left(run)} left: ${consumer?.printed()}`)
    await sleep(100)
  }
}

function worksOnce(language: Language, transport: Transport, open: () => Promise<Source>): void {
  test(`${transport}: a message and its repeats are worked on once, by a process that was started anew, too`, async () => {
    source = await open()
    consumer = await startConsumer(language, transport, source.env(1))
    const to = relayTo(source)
    for (const id of ['i1', 'i1', 'i2', 'i1']) await send(to, id)
    await Promise.all(['i1:Success', 'i2:Success'].map((id) => consumer!.hasWorked(id)))
    await isAllTaken(1)
    // What the last one did is on its way to where it is kept.
    await sleep(700)
    expect([...consumer.worked()].sort()).toEqual(['i1:Success', 'i2:Success'])
    await consumer.stop()
    expect(transport === 'kafka' ? 0 : await source.left(1)).toBe(0)

    consumer = await startConsumer(language, transport, source.env(2))
    for (const id of ['i1', 'i2', 'i3']) await send(to, id)
    await consumer.hasWorked('i3:Success')
    await isAllTaken(2)
    expect(consumer.worked()).toEqual(['i3:Success'])
  })
}

describeService('redis', () => {
  beforeAll(async () => {
    redis = await startRedis()
    redisUrl = `redis://${redis.address}/0`
    client = new Redis(redisUrl)
  })
  afterAll(async () => {
    client.disconnect()
    await redis.stop()
  })
  afterEach(async () => {
    await consumer?.stop()
    await relay?.kill()
    await source?.close()
    consumer = relay = source = null
    await client.flushall()
  })

  const others = (process.env['EXAMPLES'] ?? '').split(',')
  for (const language of LANGUAGES.filter((one, index) => index < 2 || others.includes(one)))
    describeLanguage(language, () => {
      worksOnce(language, 'http', http)
      worksOnce(language, 'redis', stream)

      test('http: what is forged, changed, old or not signed is a 401, and nobody works on it', async () => {
        source = await http()
        const env = source.env(1)
        consumer = await startConsumer(language, 'http', env)
        const at = new Date()
        const body = JSON.stringify({ id: 'forged', type: 'com.tencentcloud.ci.workflow.succeeded' })
        const signed = (by: string, text: string, when = at): Record<string, string> => ({
          'webhook-id': 'forged',
          'webhook-timestamp': String(Math.floor(when.getTime() / 1000)),
          'webhook-signature': new Webhook(by).sign('forged', when, text),
        })
        const statusOf = async (headers: Record<string, string>, text = body): Promise<number> =>
          (await fetch(`http://127.0.0.1:${env['PORT']}/hook`, { method: 'POST', body: text, headers }))
            .status
        const other = `whsec_${Buffer.alloc(32, 'x').toString('base64')}`
        expect(await statusOf(signed(other, body))).toBe(401)
        expect(await statusOf(signed(SECRET, `${body} `))).toBe(401)
        expect(await statusOf(signed(SECRET, body, new Date(at.getTime() - 3_600_000)))).toBe(401)
        expect(await statusOf({})).toBe(401)
        expect(await statusOf({ ...signed(SECRET, body), 'webhook-signature': 'x' })).toBe(401)
        await send(relayTo(source), 'i1')
        await consumer.hasWorked('i1:Success')
        expect(consumer.worked()).toEqual(['i1:Success'])
      })

      // The others lease for a minute.
      const claims = language === 'typescript' || language === 'python' ? test : test.skip
      claims('redis: what a process took and never acknowledged is claimed by another', async () => {
        source = await stream()
        await client.xgroup('CREATE', 'videos', 'workers', '0', 'MKSTREAM')
        await send(relayTo(source), 'i1')
        await client.xreadgroup('GROUP', 'workers', 'dead', 'COUNT', 1, 'STREAMS', 'videos', '>')
        // It had begun the work.
        await client.set('consumer:seen:i1:Success', 'working', 'EX', 1)
        consumer = await startConsumer(language, 'redis', source.env(1))
        await consumer.hasWorked('i1:Success')
        await isAllTaken(1)
        expect(consumer.worked()).toEqual(['i1:Success'])
      })

      describeService('rabbitmq', (server) =>
        worksOnce(language, 'amqp', async () => amqp(server, `examples-${language}-${process.pid}`)),
      )
      describeService('kafka', (server) =>
        worksOnce(language, 'kafka', async () => kafka(server, `examples-${language}-${process.pid}`)),
      )
    })
})

test('each consumer is one file of at most 80 lines', () => {
  const folder = resolve(__dirname, '..', '..', 'examples', 'consumers')
  const long = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|py|go|java)$/.test(name))
    .map((name) => `${name}: ${readFileSync(join(folder, name), 'utf8').trimEnd().split('\n').length}`)
    .filter((told) => Number(told.split(': ')[1]) > 80)
  expect(long).toEqual([])
})
