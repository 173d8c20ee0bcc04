// One warm instance for a long time: its memory must be flat, and nothing must stay open that was not open after the first callback.
import { Redis } from 'iovalkey'
import { BROKER, eventOf, measure, REDIS, write } from './measure.mjs'
import { connectToBroker, startReceiver } from './peers.mjs'

const CALLBACKS = 100_000
const AT_ONCE = 16
const HEAP_MB = 80
const QUEUE = 'relay-soak'
const PREFIX = `relay-soak-${process.pid}:`

/** `handler`: the built file; `callbacks`: how many. */
export async function benchSoak({ row, handler, work, callbacks = CALLBACKS }) {
  const redis = new Redis(REDIS, { lazyConnect: true, retryStrategy: () => null })
  redis.on('error', () => {})
  const broker = await connectToBroker()
  const receiver = await startReceiver('ok')
  const soak = (name, env) =>
    report(
      row,
      name,
      measure(work, 'soak', handler, {
        execArgv: [`--max-old-space-size=${HEAP_MB}`],
        env: {
          EVENT: write(work, 'soak.json', JSON.stringify(eventOf(2))),
          CALLBACKS: String(callbacks),
          AT_ONCE: String(AT_ONCE),
          ...env,
        },
      }),
    )
  try {
    await redis.connect().catch(() => {
      throw new Error('no Redis answers: npm run services -- up redis')
    })
    await broker.queueDelete(QUEUE)
    // It takes all and keeps the last few: what is measured is the instance, not the broker's disk.
    await broker.queueDeclare({ queue: QUEUE, durable: true, arguments: { 'x-max-length': 1_000 } })
    soak('RabbitMQ and Redis', {
      QUEUE_URL: `${BROKER}/%2F?queue=${QUEUE}`,
      STORE_URL: `${REDIS}?prefix=${PREFIX}`,
    })
    soak('HTTP', { QUEUE_URL: `${receiver.origin}/`, STORE_URL: '' })
  } finally {
    receiver.stop()
    if (redis.status === 'ready') await removeKeys(redis)
    redis.disconnect()
    await broker.queueDelete(QUEUE).catch(() => {})
    await broker.close()
  }
}

function report(row, name, { atStart, atEnd, rss, peakMb, heapMb, seconds, sent }) {
  const quarter = (number) =>
    Math.max(...rss.filter((one) => Math.ceil((4 * one.sent) / sent) === number).map(({ mb }) => mb))
  const quarters = [1, 2, 3, 4].map(quarter)
  const growth = quarters[3] / quarters[1]
  const rate = (sent / seconds).toFixed(0)
  row(`soak: ${sent} callbacks, ${AT_ONCE} at once, ${name}: peak RSS, MB`, peakMb, '≤ 105', peakMb <= 105)
  row('  most RSS of the last quarter / of the second', growth, '≤ 1.05', growth <= 1.05)
  row(
    '  (MB: each quarter; heap at the end; callbacks a second)',
    `${quarters.map((mb) => mb.toFixed(0)).join(', ')}; ${heapMb.toFixed(0)}; ${rate}`,
    '',
    null,
  )
  for (const what of ['sockets', 'timers'])
    row(
      `  ${what} after the first callback, at the end`,
      `${atStart[what]}, ${atEnd[what]}`,
      'the same',
      atStart[what] === atEnd[what],
    )
}

async function removeKeys(redis) {
  let cursor = '0'
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `${PREFIX}*`, 'COUNT', 5_000)
    cursor = next
    if (keys.length > 0) await redis.unlink(...keys)
  } while (cursor !== '0')
}
