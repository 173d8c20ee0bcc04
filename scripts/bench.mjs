// Compares three handlers on this machine, in one run, as ratios: `empty` answers 200, `plain` is what a user would write by hand in ten
// lines with xml2js, `relay` is the built bundle with a memory store and a queue that discards. No figure is a time to be met.
import './node-version.cjs'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { execution } from './bench/body.mjs'
import { buildFunction } from './build.mjs'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const work = join(root, '.build', 'bench')
const { values: options } = parseArgs({
  options: { queue: { type: 'string' }, help: { type: 'boolean' }, runs: { type: 'string', default: '21' } },
})
if (options.help) {
  console.log('npm run bench [-- --queue amqp] [--runs N]   cold processes to take the median of (21)')
  process.exit(0)
}

rmSync(work, { recursive: true, force: true })
mkdirSync(work, { recursive: true })
const relay = await buildFunction()
const xml2js = createRequire(import.meta.url).resolve('xml2js')
const handlers = {
  empty: write(
    'empty.js',
    `exports.main_handler = async () => ({ isBase64Encoded: false, statusCode: 200, headers: {}, body: '{}' })`,
  ),
  plain: write(
    'plain.js',
    `const { parseStringPromise } = require(${JSON.stringify(xml2js)})
exports.main_handler = async (event) => {
  const { Response } = await parseStringPromise(event.body, { explicitArray: false })
  const { RunId, State } = Response.WorkflowExecution
  if (State === 'Success') await queue(RunId, JSON.stringify(Response))
  else await alert(RunId, State)
  return { isBase64Encoded: false, statusCode: 200, headers: {}, body: JSON.stringify({ RunId, State }) }
}
const queue = async () => {}
const alert = async () => {}`,
  ),
  relay,
}

function write(name, text) {
  const file = join(work, name)
  writeFileSync(file, text)
  return file
}

const TOKEN = 'bench-token-of-22-chars'
const ENV = {
  PATH: process.env.PATH,
  CALLBACK_TOKEN: TOKEN,
  QUEUE_URL: 'file:/dev/null',
  STORE_URL: 'memory:',
}

/** Runs one measurement in a fresh process; its figures come back on fd 3, its log goes nowhere. */
function measure(kind, handler, more = {}) {
  const out = join(work, 'figures.json')
  execFileSync(process.execPath, [join(root, 'scripts/bench', `${kind}.cjs`), handlers[handler], out], {
    env: { ...ENV, ...more },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return JSON.parse(readFileSync(out, 'utf8'))
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
const rows = []
const row = (figure, value, target, met) =>
  rows.push({ figure, value, target, met: met === null ? '' : met ? 'yes' : 'NO' })

if (options.queue !== undefined) {
  const { benchQueue } = await import('./bench/queue.mjs')
  await benchQueue(options.queue, { row, relay, work, token: TOKEN })
} else {
  const event = (tasks, name) =>
    write(
      name,
      JSON.stringify({
        httpMethod: 'POST',
        path: `/ci/${TOKEN}`,
        headers: {},
        queryString: {},
        body: execution(tasks),
      }),
    )
  const two = event(2, 'two.json')

  const cold = { empty: [], plain: [], relay: [] }
  for (let run = 0; run < Number(options.runs); run += 1)
    for (const handler of Object.keys(cold)) cold[handler].push(measure('cold', handler, { EVENT: two }).ms)
  const coldMs = Object.fromEntries(
    Object.entries(cold).map(([handler, values]) => [handler, median(values)]),
  )
  row(
    'cold: load + first callback, relay / plain',
    coldMs.relay / coldMs.plain,
    '≤ 1.00',
    coldMs.relay <= coldMs.plain,
  )
  row(
    '  (ms: empty, plain, relay)',
    `${coldMs.empty.toFixed(1)}, ${coldMs.plain.toFixed(1)}, ${coldMs.relay.toFixed(1)}`,
    '',
    null,
  )

  const warm = { plain: [], relay: [] }
  for (let run = 0; run < 5; run += 1)
    for (const handler of Object.keys(warm)) warm[handler].push(measure('warm', handler, { EVENT: two }).us)
  const warmRatio = median(warm.relay) / median(warm.plain)
  row('warm: two tasks, whole pipeline, relay / plain', warmRatio, '≤ 2.00', warmRatio <= 2)
  row('  (µs: plain, relay)', `${median(warm.plain).toFixed(0)}, ${median(warm.relay).toFixed(0)}`, '', null)

  const perTask = (tasks) => {
    const file = event(tasks, `${tasks}.json`)
    return (
      median(
        Array.from(
          { length: 5 },
          () => measure('warm', 'relay', { EVENT: file, ROUNDS: String(Math.ceil(8000 / tasks)) }).us,
        ),
      ) / tasks
    )
  }
  const growth = perTask(2000) / perTask(200)
  row('growth: time a task, 2,000 tasks / 200 tasks', growth, '≤ 1.30', growth <= 1.3)

  const tasks = Math.floor(
    (6 * 1024 * 1024 - execution(0).length) / (execution(1).length - execution(0).length),
  )
  const large = event(tasks, 'large.json')
  const peaks = Object.fromEntries(
    Object.keys(handlers).map((handler) => [handler, measure('peak', handler, { EVENT: large }).mb]),
  )
  row(`memory: peak RSS with a 6 MiB body (${tasks} tasks), MB`, peaks.relay, '≤ 128', peaks.relay <= 128)
  row('  (MB: empty, plain)', `${peaks.empty.toFixed(0)}, ${peaks.plain.toFixed(0)}`, '', null)

  const kb = statSync(relay).size / 1024
  row('size: dist/index.js, KB', kb, '≤ 300', kb <= 300)
}

const shown = rows.map(({ figure, value, target, met }) => [
  figure,
  typeof value === 'number' ? value.toFixed(2) : value,
  target,
  met,
])
const widths = [0, 1, 2, 3].map((column) => Math.max(...shown.map((cells) => cells[column].length)))
for (const cells of [['figure', 'measured', 'target', 'met'], ...shown])
  console.log(
    cells
      .map((cell, column) =>
        cell.padEnd(Math.max(widths[column], ['figure', 'measured', 'target', 'met'][column].length)),
      )
      .join('  ')
      .trimEnd(),
  )
process.exitCode = rows.some(({ met }) => met === 'NO') ? 1 : 0
