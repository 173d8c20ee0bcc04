// Today's bundle against v0.1's, built in the same run and measured in turn: single runs lie further apart than the two do.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { BROKER, eventOf, measure, median, REDIS, spread, write } from './measure.mjs'
import { connectToBroker, startReceiver } from './peers.mjs'

const COMMIT = '749ec54'
const WARM_RUNS = 11
const QUEUE = 'relay-bench-cold'

export async function benchBefore({ row, handler, work, root, runs }) {
  const before = buildBefore(work, root)
  if (before === null) {
    row(
      `against v0.1: skipped, for commit ${COMMIT} is not in this clone (git fetch --unshallow)`,
      '',
      '',
      null,
    )
    return
  }
  const two = write(work, 'two.json', JSON.stringify(eventOf(2)))
  const failed = eventOf(2)
  failed.body = failed.body.replaceAll('<State>Success<', '<State>Failed<')
  const alarm = write(work, 'failed.json', JSON.stringify(failed))
  const compare = (title, kind, figure, times, env) => {
    const figures = { today: [], before: [] }
    const handlers = [
      ['today', handler],
      ['before', before],
    ]
    for (let time = 0; time < times; time += 1)
      // Who goes first changes.
      for (const [which, built] of time % 2 === 0 ? handlers : handlers.toReversed())
        figures[which].push(measure(work, kind, built, { env })[figure])
    // Of neighbours in time: what the machine does meanwhile hits both.
    const ratios = figures.today.map((today, time) => today / figures.before[time])
    const [ratio, noise] = [median(ratios), noiseOf(ratios)]
    row(`${title}, today / v0.1`, ratio, `≤ 1.00 + ${noise.toFixed(2)} of noise`, ratio <= 1 + noise)
    row(
      `  (${figure === 'us' ? 'µs' : figure}: v0.1, today; spread of the pairs)`,
      `${median(figures.before).toFixed(1)}, ${median(figures.today).toFixed(1)}; ${Math.round(100 * spread(ratios))} %`,
      '',
      null,
    )
  }
  compare('cold: load + first callback', 'cold', 'ms', runs, { EVENT: two })
  compare('warm: two tasks, whole pipeline', 'warm', 'us', WARM_RUNS, { EVENT: two })

  const robot = await startReceiver('{"errcode":0,"errmsg":"ok"}')
  compare('cold: load + first alert, WeCom', 'cold', 'ms', runs, {
    EVENT: alarm,
    ALERT_URLS: `wecom://bench-key?endpoint=${robot.origin}`,
  })
  robot.stop()

  if (!(await isUp(BROKER)) || !(await isUp(REDIS))) {
    row('cold with RabbitMQ and Redis: skipped (npm run services -- up rabbitmq redis)', '', '', null)
    return
  }
  const broker = await connectToBroker()
  await broker.queueDeclare({ queue: QUEUE, durable: true })
  try {
    compare('cold: load + first callback, RabbitMQ and Redis', 'cold', 'ms', runs, {
      EVENT: two,
      QUEUE_URL: `${BROKER}/%2F?queue=${QUEUE}`,
      STORE_URL: `${REDIS}?prefix=relay-bench-cold:`,
      FRESH_RUN: '1',
    })
  } finally {
    await broker.queueDelete(QUEUE)
    await broker.close()
  }
}

/**
 * How far the median of n values may lie from the truth, about 19 times of 20: it strays by 1.25 standard deviations / √n, and the middle half of the
 * values is 1.35 standard deviations wide.
 */
function noiseOf(values) {
  return (2 * 1.25 * spread(values) * median(values)) / 1.35 / Math.sqrt(values.length)
}

/** The path of v0.1's main file, built with the packages at hand; null when its commit is not here. */
function buildBefore(work, root) {
  const git = (...words) =>
    execFileSync('git', words, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 2 ** 28 })
  try {
    git('cat-file', '-e', `${COMMIT}^{commit}`)
  } catch {
    return null
  }
  const folder = join(work, 'v0.1')
  mkdirSync(folder)
  execFileSync('tar', ['-x', '-C', folder], { input: git('archive', COMMIT) })
  if (!existsSync(join(folder, 'node_modules')))
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  execFileSync(process.execPath, ['scripts/build.mjs'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return join(folder, 'dist', 'index.js')
}

function isUp(url) {
  const { hostname, port } = new URL(url)
  return new Promise((done) => {
    const socket = connect({ host: hostname, port: Number(port) })
    const end = (up) => {
      socket.destroy()
      done(up)
    }
    socket.once('connect', () => end(true)).once('error', () => end(false))
  })
}
