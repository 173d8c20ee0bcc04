// Takes the relay's messages out of a queue of RabbitMQ (QUEUE_URL=amqp://…?queue=videos), and works on each id once.
// To adapt: work(), the settings, and what is to become of a message that fails for good: without a dead-letter exchange it comes back for ever.
import Redis from 'iovalkey'
import { Connection, ConsumerStatus } from 'rabbitmq-client'

const {
  AMQP_URL = 'amqp://guest:guest@127.0.0.1:5672',
  QUEUE = 'videos',
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

/** Yours. It may run again when this process dies in it, so let it do no harm twice. */
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

const connection = new Connection(AMQP_URL)
connection.on('error', (error: Error) => console.error(String(error)))
const consumer = connection.createConsumer(
  // As declare=1 of the relay makes it: whoever comes first.
  { queue: QUEUE, queueOptions: { durable: true }, qos: { prefetchCount: 10 }, concurrency: 10 },
  async (message) => {
    // Acknowledged after the work alone.
    if (await once(JSON.parse(String(message.body)) as Event)) return ConsumerStatus.ACK
    await new Promise((done) => setTimeout(done, PAUSE_MS))
    return ConsumerStatus.REQUEUE
  },
)
consumer.on('error', (error: Error) => console.error(String(error)))
consumer.on('ready', () => console.log('ready'))
