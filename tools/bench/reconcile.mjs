// What no callback told of: 20,000 executions of one hour, and one that still runs. Each sweep is a process of its own with the heap that 128 MB leave;
// only the time between two sweeps is made up. Ledger and queue are a real Redis.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Redis } from 'iovalkey'
import { REDIS, TOKEN } from './measure.mjs'

const EXECUTIONS = 20_000
const OBJECTS = 5_000
const ANSWER_MS = 50
const REMAINING_MS = 290_000
const MOST_SWEEPS = 4
const HEAP_MB = 96
const MOST_MB = 128
const FIVE_MINUTES = 300_000
const BUCKET = 'media-1250000000'

const run = promisify(execFile)

export async function benchReconcile({ row, handler, work }) {
  const prefix = `bench-reconcile-${process.pid}`
  const redis = new Redis(REDIS, { maxRetriesPerRequest: 0, retryStrategy: () => null })
  redis.on('error', () => {})
  await redis.ping().catch(() => {
    throw new Error('no Redis answers: start one with npm run services -- up redis')
  })
  const ci = await startCi()
  const stream = `${prefix}-queue`
  const withQuery = (query) => `${REDIS}?${query}`
  const env = {
    PATH: process.env.PATH,
    CALLBACK_TOKEN: TOKEN,
    QUEUE_URL: withQuery(`stream=${stream}`),
    STORE_URL: withQuery(`prefix=${prefix}`),
    COS_REGION: 'ap-guangzhou',
    CI_ENDPOINT: ci.origin,
    RECONCILE: `${BUCKET}/w1`,
    TENCENT_SECRET_ID: 'AKIDbench',
    TENCENT_SECRET_KEY: 'benchSecretKey',
    LOG_LEVEL: 'error',
    REMAINING_MS: String(REMAINING_MS),
  }
  let sweeps = 0
  const sweep = async () => {
    const out = join(work, 'sweep.json')
    const shift = { SHIFT_MS: String(sweeps * FIVE_MINUTES) }
    sweeps += 1
    await run(
      process.execPath,
      [`--max-old-space-size=${HEAP_MB}`, join(import.meta.dirname, 'one-sweep.cjs'), handler, out],
      { env: { ...env, ...shift } },
    )
    return { ...JSON.parse(readFileSync(out, 'utf8')), asked: await ci.figures() }
  }

  try {
    const done = []
    for (let relayed = 0; relayed < EXECUTIONS && done.length < MOST_SWEEPS;) {
      const one = await sweep()
      done.push(one)
      relayed += one.reconciled
      row(
        `reconcile: sweep ${done.length}`,
        `${one.reconciled} relayed in ${(one.ms / 1000).toFixed(0)} s, ${one.mb.toFixed(0)} MB, ${asked(one)}`,
        `≤ ${REMAINING_MS / 1000} s, ≤ ${MOST_MB} MB`,
        one.ms <= REMAINING_MS && one.mb <= MOST_MB,
      )
    }
    const ids = await idsIn(redis, stream)
    const twice = ids.length - new Set(ids).size
    const lost = EXECUTIONS - new Set(ids).size
    row(
      `  of ${EXECUTIONS}: lost, twice, sweeps`,
      `${lost}, ${twice}, ${done.length}`,
      `0, 0, ≤ ${MOST_SWEEPS}`,
      lost === 0 && twice === 0 && done.length <= MOST_SWEEPS,
    )

    // What was created in the ten minutes before the last sweep is listed again; of the one that runs CI is asked.
    const idle = await sweep()
    const pages = Math.ceil(EXECUTIONS / 6 / 100) + 1
    row(
      '  a sweep with nothing new: lists, questions',
      `${idle.asked.lists}, ${idle.asked.readBacks}`,
      `≤ ${pages}, 1`,
      idle.reconciled === 0 && idle.asked.lists <= pages && idle.asked.readBacks === 1,
    )
    await ci.end()
    const ended = await sweep()
    const last = await sweep()
    const all = await idsIn(redis, stream)
    row(
      '  the one that ran: relayed once it ends, asked about no more',
      `${ended.reconciled}, ${last.asked.readBacks}`,
      '1, 0',
      ended.reconciled === 1 && last.asked.readBacks === 0 && all.length === EXECUTIONS + 1,
    )
  } finally {
    ci.stop()
    await forget(redis, prefix)
    redis.disconnect()
  }
}

const asked = ({ asked: { lists, readBacks, mostAtOnce } }) =>
  `${lists} lists, ${readBacks} questions, ${mostAtOnce} at once`

async function startCi() {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'slow-ci.cjs'), ...[EXECUTIONS, OBJECTS, ANSWER_MS].map(String)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const [port] = await once(child.stdout, 'data')
  const origin = `http://127.0.0.1:${String(port).trim()}`
  return {
    origin,
    figures: async () => (await fetch(`${origin}/figures`)).json(),
    end: async () => fetch(`${origin}/end`),
    stop: () => child.kill(),
  }
}

/** The ids of the events in a stream, in their order. */
async function idsIn(redis, stream) {
  const ids = []
  for (let after = '-'; ;) {
    const entries = await redis.xrange(stream, after, '+', 'COUNT', 1_000)
    if (entries.length === 0) return ids
    for (const [, fields] of entries) ids.push(/"id":"([^"]+)"/.exec(fields.join())[1])
    after = `(${entries.at(-1)[0]}`
  }
}

/** Only what this run has left: others may use this Redis. */
async function forget(redis, prefix) {
  for (let cursor = '0'; ;) {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `*${prefix}*`, 'COUNT', 1_000)
    if (keys.length > 0) await redis.del(...keys)
    if (next === '0') return
    cursor = next
  }
}
