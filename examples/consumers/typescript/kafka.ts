// Takes the relay's messages out of a topic of Kafka (QUEUE_URL=kafka://…/videos), and works on each id once. One object's messages come in their order.
// To adapt: work(), the settings (sasl and ssl, as in QUEUE_URL), and what is to become of a message that fails for good: it holds up its partition.
import Redis from 'iovalkey'
import { Kafka, logLevel } from 'kafkajs'

const {
  KAFKA_BROKERS = '127.0.0.1:9092',
  TOPIC = 'videos',
  GROUP = 'workers',
  REDIS_URL = 'redis://127.0.0.1:6379/0',
} = process.env
/** Longer than the longest work: after so long another may take over what a process that died has begun. */
const LEASE_S = 60
/** For so long a repeat is known: longer than the relay's GIVE_UP_AFTER and LEDGER_KEEP. */
const KEPT_S = 30 * 24 * 3600
const PAUSE_MS = 1000

interface Event {
  readonly id: string
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

/** Yours. It may run again when this process dies in it, so let it do no harm twice. Longer than 30 s: raise sessionTimeout, or call heartbeat in it. */
async function work(event: Event): Promise<void> {
  await Promise.resolve()
  console.log(JSON.stringify({ worked: event.id, type: event.type }))
}

const redis = new Redis(REDIS_URL)
redis.on('error', (error: Error) => console.error(String(error)))

/** Whether it is done, now or before; false: another process is at it, or it failed. */
async function once(event: Event): Promise<boolean> {
  const seen = `consumer:seen:${event.id}`
  if ((await redis.set(seen, 'working', 'EX', LEASE_S, 'NX')) === null)
    return (await redis.get(seen)) === 'done'
  try {
    await work(event)
    // Only after the work: were it noted before, a crash in between would lose the message. (Work that writes to a database is better off to insert the id in
    // the same transaction.)
    await redis.set(seen, 'done', 'EX', KEPT_S)
    return true
  } catch (error) {
    console.error(String(error))
    await redis.del(seen)
    return false
  }
}

const kafka = new Kafka({ brokers: KAFKA_BROKERS.split(','), logLevel: logLevel.ERROR })
const consumer = kafka.consumer({ groupId: GROUP })
await consumer.connect()
// The topic must exist: the relay creates none.
await consumer.subscribe({ topic: TOPIC, fromBeginning: true })
consumer.on('consumer.group_join', () => console.log('ready'))
await consumer.run({
  autoCommit: false,
  eachMessage: async (taken) => {
    const { topic, partition, message } = taken
    const event = JSON.parse(String(message.value)) as Event
    while (!(await once(event))) {
      await new Promise((done) => setTimeout(done, PAUSE_MS))
      await taken.heartbeat()
    }
    // Acknowledged after the work alone.
    await consumer.commitOffsets([{ topic, partition, offset: String(BigInt(message.offset) + 1n) }])
  },
})
