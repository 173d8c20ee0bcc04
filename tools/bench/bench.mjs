// Compares handlers on this machine, in one run, as ratios: `empty` answers 200, `plain` is what a user would write by hand in ten lines with
// xml2js, `today` is the built bundle with a memory store and a queue that discards, `v0.1` the same of that version. No figure is a time to be met.
import '../cli/node-version.cjs'
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execution } from './body.mjs'
import { eventOf, measure, median, write } from './measure.mjs'
import { buildFunction } from '../build/build.mjs'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..')
const work = join(root, '.build', 'bench')
const options = (await import('commander')).program
  .name('bench')
  .usage('(as npm run bench -- [options])')
  .description(
    'Measures the built function on this machine, against a handler written by hand and against v0.1 (commit 749ec54, built in the same run), or one of:',
  )
  .option(
    '--queue <amqp>',
    'what RabbitMQ adds: the rate against a bare loop with the same client, and the cold start',
  )
  .option(
    '--hot',
    'the CPU of a warm callback, with RabbitMQ, with Redis and with HTTP, beside ten lines by hand',
  )
  .option(
    '--soak',
    'one warm instance under 100,000 callbacks with RabbitMQ and Redis: memory, sockets, timers',
  )
  .option(
    '--reconcile',
    '20,000 executions that no callback told of, with Redis: relayed by how many sweeps, with how many questions',
  )
  .option('--bodies', 'time and memory of bodies up to 6 MiB, honest and hostile')
  .option(
    '--backlog',
    'a million messages that wait: memory, order, rates, bytes; an hour, and 4 GB for a Redis of its own',
  )
  .option(
    '--items <N>',
    'of a backlog: how many wait (1,000,000); the sizes of the other parts follow from it',
  )
  .option('--quick', 'of a backlog: 20,000, and a tenth of the kills: minutes', false)
  .option('--only <NAME,…>', 'of a backlog: of drain, outage, claims, rate, two, file, cos, kills')
  .option('--batch <N>', 'of a backlog: how many messages may come again after one kill', '200')
  .option('--runs <N>', 'cold processes to take the median of', '21')
  .helpOption('--help', 'show this')
  .addHelpText(
    'after',
    '\nExits with 1 when a figure misses its target. RabbitMQ and Redis: npm run services -- up rabbitmq redis',
  )
  .parse()
  .opts()

rmSync(work, { recursive: true, force: true })
mkdirSync(work, { recursive: true })
const handler = await buildFunction()
const rows = []
const row = (figure, value, target, met) =>
  rows.push({ figure, value, target, met: met === null ? '' : met ? 'yes' : 'NO' })
const bench = { row, handler, work, runs: Number(options.runs) }

if (options.queue !== undefined) await (await import('./queue.mjs')).benchQueue(options.queue, bench)
else if (options.hot) await (await import('./hot.mjs')).benchHot(bench)
else if (options.soak) await (await import('./soak.mjs')).benchSoak(bench)
else if (options.reconcile) await (await import('./reconcile.mjs')).benchReconcile(bench)
else if (options.bodies) await (await import('./bodies.mjs')).benchBodies(bench)
else if (options.backlog) {
  const { items, quick: isQuick, only, batch } = options
  const sizes = {
    items: Number(items ?? (isQuick ? 20_000 : 1_000_000)),
    isQuick,
    batch: Number(batch),
    only,
  }
  await (await import('./backlog.mjs')).benchBacklog({ ...bench, ...sizes })
} else {
  byHand(bench)
  await (await import('./before.mjs')).benchBefore({ ...bench, root })
}
print(rows)
process.exitCode = rows.some(({ met }) => met === 'NO') ? 1 : 0

function byHand({ runs }) {
  const xml2js = createRequire(import.meta.url).resolve('xml2js')
  const handlers = {
    empty: write(
      work,
      'empty.js',
      `exports.main_handler = async () => ({ isBase64Encoded: false, statusCode: 200, headers: {}, body: '{}' })`,
    ),
    plain: write(
      work,
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
    relay: handler,
  }
  const event = (tasks, name) => write(work, name, JSON.stringify(eventOf(tasks)))
  const run = (kind, which, env) => measure(work, kind, handlers[which], { env })
  const two = event(2, 'two.json')

  const cold = { empty: [], plain: [], relay: [] }
  for (let time = 0; time < runs; time += 1)
    for (const which of Object.keys(cold)) cold[which].push(run('cold', which, { EVENT: two }).ms)
  const coldMs = Object.fromEntries(Object.entries(cold).map(([which, values]) => [which, median(values)]))
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
  for (let time = 0; time < 5; time += 1)
    for (const which of Object.keys(warm)) warm[which].push(run('warm', which, { EVENT: two }).us)
  const warmRatio = median(warm.relay) / median(warm.plain)
  row('warm: two tasks, whole pipeline, relay / plain', warmRatio, '≤ 2.00', warmRatio <= 2)
  row('  (µs: plain, relay)', `${median(warm.plain).toFixed(0)}, ${median(warm.relay).toFixed(0)}`, '', null)

  const perTask = (tasks) => {
    const file = event(tasks, `${tasks}.json`)
    const env = { EVENT: file, ROUNDS: String(Math.ceil(8000 / tasks)) }
    return median(Array.from({ length: 5 }, () => run('warm', 'relay', env).us)) / tasks
  }
  const growth = perTask(2000) / perTask(200)
  row('growth: time a task, 2,000 tasks / 200 tasks', growth, '≤ 1.30', growth <= 1.3)

  const tasks = Math.floor(
    (6 * 1024 * 1024 - execution(0).length) / (execution(1).length - execution(0).length),
  )
  const large = event(tasks, 'large.json')
  const peaks = Object.fromEntries(
    Object.keys(handlers).map((which) => [which, run('peak', which, { EVENT: large }).mb]),
  )
  row(`memory: peak RSS with a 6 MiB body (${tasks} tasks), MB`, peaks.relay, '≤ 128', peaks.relay <= 128)
  row('  (MB: empty, plain)', `${peaks.empty.toFixed(0)}, ${peaks.plain.toFixed(0)}`, '', null)

  const kb = statSync(handler).size / 1024
  row('size: dist/index.js, KB', kb, '≤ 115', kb <= 115)
}

function print(rows) {
  const head = ['figure', 'measured', 'target', 'met']
  const shown = rows.map(({ figure, value, target, met }) => [
    figure,
    typeof value === 'number' ? value.toFixed(2) : value,
    target,
    met,
  ])
  const widths = head.map((title, column) =>
    Math.max(title.length, ...shown.map((cells) => cells[column].length)),
  )
  for (const cells of [head, ...shown])
    console.log(
      cells
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
}
