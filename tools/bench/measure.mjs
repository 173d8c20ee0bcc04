// What the parts of the bench share: the event, files of a run, a measurement in a process of its own.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execution } from './body.mjs'

export const TOKEN = 'bench-token-of-22-chars'

/** The servers of `npm run services -- up rabbitmq redis`. */
export const BROKER = process.env.BENCH_AMQP_URL ?? 'amqp://guest:guest@127.0.0.1:5690'
export const REDIS = process.env.BENCH_REDIS_URL ?? 'redis://127.0.0.1:6390/0'

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

/** The middle half of the values, as a part of their median: how far single runs lie apart. */
export const spread = (values) => {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (part) => sorted[Math.floor((sorted.length - 1) * part)]
  return (at(0.75) - at(0.25)) / median(values)
}

/** A callback with so many tasks, as a function URL's event. */
export function eventOf(tasks) {
  return {
    httpMethod: 'POST',
    path: `/ci/${TOKEN}`,
    headers: {},
    queryString: {},
    body: execution(tasks),
  }
}

export function write(work, name, text) {
  const file = join(work, name)
  writeFileSync(file, text)
  return file
}

/** Runs `KIND.cjs` with a handler in a fresh process; its figures come back in a file, its log goes nowhere. */
export function measure(work, kind, handler, { env = {}, execArgv = [] } = {}) {
  const out = join(work, 'figures.json')
  execFileSync(process.execPath, [...execArgv, join(import.meta.dirname, `${kind}.cjs`), handler, out], {
    env: {
      PATH: process.env.PATH,
      CALLBACK_TOKEN: TOKEN,
      QUEUE_URL: 'file:/dev/null',
      STORE_URL: 'memory:',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return JSON.parse(readFileSync(out, 'utf8'))
}
