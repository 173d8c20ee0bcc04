// What a callback costs in CPU when the function is warm, beside ten lines that a user would write by hand with the same client: parse, send, wait for
// the confirm, log one line. Fresh processes in turn, so that the machine's moods hit all.
import { createRequire } from 'node:module'
import { BROKER, eventOf, measure, median, REDIS, spread, write } from './measure.mjs'
import { measureNpmStart } from './npm-start.mjs'
import { connectToBroker, startReceiver } from './peers.mjs'

const QUEUE = 'relay-bench-hot'
const AT_ONCE = 16
const CALLBACKS = 4_000
const ROUNDS = 7
/** What `npm start` is compared with the handler on: neither a peer nor a disk. */
const AT_HOME = { QUEUE_URL: 'file:/dev/null', STORE_URL: 'memory:' }

const require = createRequire(import.meta.url)
const HEAD = `const { parseStringPromise } = require(${JSON.stringify(require.resolve('xml2js'))})
const log = (line) => require('node:fs').writeSync(1, JSON.stringify(line) + '\\n')`

/** Ten lines with rabbitmq-client. */
const AMQP = `${HEAD}
const { Connection } = require(${JSON.stringify(require.resolve('rabbitmq-client'))})
const publisher = new Connection(process.env.BROKER).createPublisher({ confirm: true })
exports.main_handler = async (event) => {
  const { Response } = await parseStringPromise(event.body, { explicitArray: false })
  const { RunId, State } = Response.WorkflowExecution
  await publisher.send({ routingKey: '${QUEUE}', durable: true, mandatory: true, messageId: RunId }, JSON.stringify(Response))
  log({ time: Date.now(), msg: 'callback', RunId, State })
  return { isBase64Encoded: false, statusCode: 200, headers: {}, body: JSON.stringify({ RunId, State }) }
}`

/** Ten lines with node:http and keep-alive. */
const HTTP = `${HEAD}
const http = require('node:http')
const agent = new http.Agent({ keepAlive: true })
const post = (body) => new Promise((resolve, reject) => {
  const request = http.request(process.env.TARGET, { method: 'POST', agent, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } },
    (answer) => answer.resume().once('end', () => (answer.statusCode === 200 ? resolve() : reject(new Error(answer.statusCode)))))
  request.once('error', reject).end(body)
})
exports.main_handler = async (event) => {
  const { Response } = await parseStringPromise(event.body, { explicitArray: false })
  const { RunId, State } = Response.WorkflowExecution
  await post(JSON.stringify(Response))
  log({ time: Date.now(), msg: 'callback', RunId, State })
  return { isBase64Encoded: false, statusCode: 200, headers: {}, body: JSON.stringify({ RunId, State }) }
}`

export async function benchHot({ row, handler, work }) {
  const EVENT = write(work, 'hot.json', JSON.stringify(eventOf(2)))
  const env = { EVENT, AT_ONCE: String(AT_ONCE), CALLBACKS: String(CALLBACKS), STORE_URL: '' }
  const broker = await connectToBroker()
  const receiver = await startReceiver('ok')
  const target = `${receiver.origin}/`
  const empty = async () => {
    await broker.queueDelete(QUEUE)
    await broker.queueDeclare({ queue: QUEUE, durable: true })
  }
  const amqp = { ...env, QUEUE_URL: `${BROKER}/%2F?queue=${QUEUE}` }
  const kinds = {
    'amqp, ten lines': [write(work, 'hot-amqp.cjs', AMQP), { ...env, BROKER }],
    'amqp, relay': [handler, amqp],
    'amqp and Redis, relay': [handler, { ...amqp, STORE_URL: `${REDIS}?prefix=relay-bench-hot:` }],
    'http, ten lines': [write(work, 'hot-http.cjs', HTTP), { ...env, TARGET: target }],
    'http, relay': [handler, { ...env, QUEUE_URL: target }],
    'alone, relay': [handler, { ...env, ...AT_HOME }],
  }
  const us = Object.fromEntries([...Object.keys(kinds), 'npm start'].map((kind) => [kind, []]))
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [kind, [which, settings]] of Object.entries(kinds)) {
        await empty()
        us[kind].push(measure(work, 'hot', which, { env: settings }).us)
      }
      const all = { body: eventOf(2).body, callbacks: CALLBACKS, atOnce: AT_ONCE }
      us['npm start'].push(await measureNpmStart(AT_HOME, all))
    }
  } finally {
    receiver.stop()
    await broker.queueDelete(QUEUE)
    await broker.close()
  }
  const compare = (figure, one, other, most) => {
    const ratios = us[one].map((value, round) => value / us[other][round])
    const ratio = median(ratios)
    row(figure, ratio, `≤ ${most.toFixed(2)}`, ratio <= most)
    row(
      `  (µs of CPU a callback: ${median(us[other]).toFixed(0)}, ${median(us[one]).toFixed(0)}; spread of the pairs)`,
      `${Math.round(100 * spread(ratios))} %`,
      '',
      null,
    )
  }
  compare('amqp: relay / ten lines', 'amqp, relay', 'amqp, ten lines', 1.25)
  compare('amqp: with a Redis store / without', 'amqp and Redis, relay', 'amqp, relay', 1.3)
  compare('http: relay / ten lines', 'http, relay', 'http, ten lines', 1.3)
  compare('npm start: all its processes / the handler alone', 'npm start', 'alone, relay', 1.5)
}
