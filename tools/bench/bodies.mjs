// What a body can do to the function: kinds of bodies, honest and hostile, as either trigger brings them, each in a fresh process with the heap
// that 128 MB leave. Time against half the size says whether it grows with the size alone.
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import kinds from './body-kinds.cjs'

const { KINDS, LARGEST } = kinds
const TOKEN = 'bench-token-of-22-chars'
const HEAP_MB = 96
const MOST_MB = 128
const MOST_MS = 4_000
const MOST_GROWTH = 2.6
/** Below it, what a process does anyway hides the rest. */
const SHORTEST_CPU_MS = 250
const TRIES = 3

const run = promisify(execFile)

export async function benchBodies({ row, handler, work }) {
  const robot = await serveRobot()
  const { port } = /** @type {import('node:net').AddressInfo} */ (robot.address())
  const channels = [
    `file:${join(work, 'alerts.jsonl')}`,
    'console:',
    `wecom://key?endpoint=http://127.0.0.1:${port}`,
  ]
  const env = {
    PATH: process.env.PATH,
    CALLBACK_TOKEN: TOKEN,
    QUEUE_URL: `file:${join(work, 'queue.jsonl')}`,
    ALERT_URLS: channels.join(' '),
    STORE_URL: 'memory:',
  }
  const measure = async (sent) => {
    const event = join(work, 'event.json')
    const out = join(work, 'figures.json')
    writeFileSync(
      event,
      JSON.stringify({ httpMethod: 'POST', path: `/${TOKEN}`, headers: {}, queryString: {}, ...sent }),
    )
    await run(
      process.execPath,
      [`--max-old-space-size=${HEAP_MB}`, join(import.meta.dirname, 'one-body.cjs'), handler, out],
      { env: { ...env, EVENT: event }, maxBuffer: 64 * 1024 * 1024 },
    )
    return JSON.parse(readFileSync(out, 'utf8'))
  }
  for (const [name, status, make] of KINDS) {
    const body = make(LARGEST)
    const base64 = { body: Buffer.from(body).toString('base64'), isBase64Encoded: true }
    const figures = [await measure({ body }), await measure(base64)]
    const growth = await growthOf(figures[0], make)
    const ms = Math.max(...figures.map((one) => one.ms))
    const mb = Math.max(...figures.map((one) => one.mb))
    const met =
      figures.every((one) => one.status === status) &&
      ms <= MOST_MS &&
      mb <= MOST_MB &&
      (growth === null || growth <= MOST_GROWTH)
    const statuses = [...new Set(figures.map((one) => one.status))].join('/')
    const times = growth === null ? '' : `, × ${growth.toFixed(2)}`
    row(name, `${statuses}, ${ms.toFixed(0)} ms, ${mb.toFixed(0)} MB${times}`, String(status), met)
  }
  row('  each', '', `≤ ${MOST_MS} ms, ≤ ${MOST_MB} MB, × ≤ ${MOST_GROWTH}`, null)
  robot.close()

  /** Processor time against that of half the size; null when it is too short to say. A busy machine makes single runs longer: the least of some. */
  async function growthOf(first, make) {
    if (first.cpuMs < SHORTEST_CPU_MS) return null
    const half = { body: make(LARGEST / 2) }
    const whole = { body: make(LARGEST) }
    let most = first.cpuMs
    let least = (await measure(half)).cpuMs
    for (let tries = 1; most / least > MOST_GROWTH && tries < TRIES; tries += 1) {
      most = Math.min(most, (await measure(whole)).cpuMs)
      least = Math.min(least, (await measure(half)).cpuMs)
    }
    return most / least
  }
}

/** A robot that takes whatever comes. */
async function serveRobot() {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json')
      response.end('{"errcode":0,"errmsg":"ok"}')
    })
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', () => listening(null)))
  return server
}
