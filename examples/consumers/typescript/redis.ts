// Takes the relay's messages out of a stream of Redis (QUEUE_URL=redis://…?stream=videos), and works on each id once.
// To adapt: work(), the settings (NAME: one for each process), and what is to become of a message that fails for good: it is tried again for ever.
import { hostname } from 'node:os'
import Redis from 'iovalkey'

const { REDIS_URL = 'redis://127.0.0.1:6379/0', STREAM = 'videos', GROUP = 'workers' } = process.env
const NAME = process.env['NAME'] ?? hostname()
/** Longer than the longest work: after so long another takes over what a process that died has begun. */
const LEASE_S = Number(process.env['LEASE_S'] ?? 60)
/** For so long a repeat is known: longer than the relay's GIVE_UP_AFTER and LEDGER_KEEP. */
const KEPT_S = 30 * 24 * 3600

type Entry = readonly [entry: string, fields: readonly string[] | null]
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
await redis.xgroup('CREATE', STREAM, GROUP, '0', 'MKSTREAM').catch((error: unknown) => {
  // The group is there already, and goes on where it was.
  if (!String(error).includes('BUSYGROUP')) throw error
})
console.log('ready')

async function handle([entry, fields]: Entry): Promise<void> {
  // Null: maxlen= has taken the entry away meanwhile.
  const text = fields?.[fields.indexOf('event') + 1]
  if (text === undefined) {
    await redis.xack(STREAM, GROUP, entry)
    return
  }
  const event = JSON.parse(text) as Event
  const seen = `consumer:seen:${event.id}`
  if ((await redis.set(seen, 'working', 'EX', LEASE_S, 'NX')) === null) {
    // Done before: a repeat. Else another process is at it: the entry stays pending, and is claimed again below.
    if ((await redis.get(seen)) === 'done') await redis.xack(STREAM, GROUP, entry)
    return
  }
  try {
    await work(event)
    // Only after the work: were it noted before, a crash in between would lose the message. Together with the acknowledgement.
    await redis.multi().set(seen, 'done', 'EX', KEPT_S).xack(STREAM, GROUP, entry).exec()
  } catch (error) {
    console.error(String(error))
    await redis.del(seen)
  }
}

let cursor = '0-0'
for (;;) {
  try {
    // What a process took and never acknowledged, as it died or failed. The cursor goes round: there may be more than one answer holds.
    const idleMs = LEASE_S * 1000
    const claim = await redis.xautoclaim(STREAM, GROUP, NAME, idleMs, cursor, 'COUNT', 10)
    const [next, stale] = claim as [string, readonly Entry[]]
    cursor = next
    const args = ['GROUP', GROUP, NAME, 'COUNT', '10', 'BLOCK', '1000', 'STREAMS', STREAM, '>'] as const
    const answer = (await redis.xreadgroup(...args)) as readonly [string, readonly Entry[]][] | null
    for (const one of [...stale, ...(answer?.[0]?.[1] ?? [])]) await handle(one)
  } catch (error) {
    console.error(String(error))
    await new Promise((done) => setTimeout(done, 1000))
  }
}
