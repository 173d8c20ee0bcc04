// What a real queue adds: the rate of the built handler against a bare loop with the same client, and the cold start with the client configured.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { BROKER, eventOf, measure, median, write } from './measure.mjs'
import { connectToBroker } from './peers.mjs'

const root = resolve(import.meta.dirname, '../..')
const CALLBACKS = 2000
const AT_ONCE = 50
const ROUNDS = 5
const QUEUE = 'relay-bench'

export async function benchQueue(name, { row, handler, work, runs }) {
  if (name !== 'amqp') throw new Error(`--queue ${name}: only amqp is benched`)
  const connection = await connectToBroker()
  const reset = async () => {
    await connection.queueDelete(QUEUE)
    await connection.queueDeclare({ queue: QUEUE, durable: true })
  }
  const count = async () => (await connection.queueDeclare({ queue: QUEUE, passive: true })).messageCount
  try {
    await throughput({ row, relay: handler, work, reset, count })
    await reset()
    await coldStart({ row, relay: handler, work, runs })
  } finally {
    await connection.queueDelete(QUEUE)
    await connection.close()
  }
}

async function throughput({ row, relay, work, reset, count }) {
  const message = messageOf(relay, work)
  const event = write(work, 'amqp-event.json', JSON.stringify({ ...eventOf(2), message }))
  const bare = await bundle(
    work,
    'bare.js',
    `const { parseStringPromise } = require('xml2js')
    const { Connection } = require('rabbitmq-client')
    let publisher
    exports.main_handler = async (event) => {
      publisher ??= new Connection(process.env.BROKER).createPublisher({ confirm: true })
      await parseStringPromise(event.body, { explicitArray: false })
      await publisher.send({ routingKey: '${QUEUE}', durable: true, mandatory: true, contentType: 'application/cloudevents+json' }, event.message)
      return { statusCode: 200 }
    }`,
  )
  const rates = { bare: [], relay: [] }
  let lost = 0
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [kind, handler] of Object.entries({ bare, relay })) {
      await reset()
      const figures = run(work, 'throughput', handler, { EVENT: event })
      rates[kind].push(figures)
      lost = Math.max(lost, Math.abs(figures.sent - (await count())))
    }
  const of = (kind, phase) => median(rates[kind].map((figures) => figures[phase]))
  const ratio = of('relay', 'warm') / of('bare', 'warm')
  row(
    `amqp: ${CALLBACKS} callbacks, ${AT_ONCE} at once, relay / bare loop (rate, warm)`,
    ratio,
    '≥ 0.70',
    ratio >= 0.7,
  )
  row(
    '  (a second: bare, relay)',
    `${of('bare', 'warm').toFixed(0)}, ${of('relay', 'warm').toFixed(0)}`,
    '',
    null,
  )
  row(
    '  the same in a fresh process, before V8 has compiled',
    of('relay', 'fresh') / of('bare', 'fresh'),
    '',
    null,
  )
  row('amqp: messages lost or too many, worst round', String(lost), '0', lost === 0)
}

/** The cold start up to an answer, no callback yet: the app opened and the client loaded, against the libraries alone. */
async function coldStart({ row, relay, work, runs }) {
  const libraries = await bundle(
    work,
    'libraries.js',
    `require('xml2js')
    require('rabbitmq-client')
    exports.main_handler = async () => ({ statusCode: 200 })`,
  )
  const look = write(work, 'look.json', JSON.stringify({ ...eventOf(2), httpMethod: 'GET' }))
  const ms = { libraries: [], relay: [] }
  for (let time = 0; time < runs; time += 1)
    for (const [kind, handler] of Object.entries({ libraries, relay }))
      ms[kind].push(run(work, 'cold', handler, { EVENT: look }).ms)
  const ratio = median(ms.relay) / median(ms.libraries)
  row('cold with amqp configured, relay / (empty + xml2js + client, bundled)', ratio, '≤ 1.25', ratio <= 1.25)
  row(
    '  (ms: libraries, relay)',
    `${median(ms.libraries).toFixed(1)}, ${median(ms.relay).toFixed(1)}`,
    '',
    null,
  )
}

/** The very bytes that the relay publishes of the event; the bare loop sends them as they are. */
function messageOf(relay, work) {
  const file = join(work, 'message.jsonl')
  const event = write(work, 'one.json', JSON.stringify(eventOf(2)))
  run(work, 'cold', relay, { EVENT: event, QUEUE_URL: `file:${file}` })
  return readFileSync(file, 'utf8').trimEnd()
}

async function bundle(work, name, text) {
  const outfile = join(work, name)
  await build({
    stdin: { contents: text, resolveDir: root },
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    outfile,
    logLevel: 'warning',
  })
  return outfile
}

function run(work, kind, handler, more) {
  return measure(work, kind, handler, {
    env: {
      QUEUE_URL: `${BROKER}/%2F?queue=${QUEUE}`,
      BROKER,
      CALLBACKS: String(CALLBACKS),
      AT_ONCE: String(AT_ONCE),
      ...more,
    },
  })
}
