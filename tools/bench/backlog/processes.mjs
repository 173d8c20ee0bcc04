// Processes beside the bench's own: servers that nobody else disturbs, and the function itself.
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { setPriority } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'iovalkey'
import { TOKEN } from '../measure.mjs'

/** What the heap of a function of 128 MB may grow to. */
const HEAP_MB = 96
/** A slower command of Redis is one that blocked the server. */
export const SLOW_MS = 10
/** By it the slow log tells the bench's own commands from the driver's. */
const OWN_NAME = 'relay-bench'

/** Those that are to end with this process, however it ends. */
const children = new Set()
process.once('exit', () => children.forEach((child) => child.kill('SIGKILL')))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

function endsWithUs(child) {
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

/** A child that answers each message with one. It rejects what it cannot answer any more. */
export function startChild(file, args = [], options = {}) {
  const env = { PATH: process.env.PATH, ...options.env }
  const child = endsWithUs(fork(file, args, { ...options, env }))
  const gone = once(child, 'exit').then(([code, signal]) => String(signal ?? code))
  const answer = async () => {
    const listening = new AbortController()
    try {
      return await Promise.race([
        once(child, 'message', listening).then(([message]) => message),
        gone.then((how) => Promise.reject(new Error(`the process ended (${how})`))),
      ])
    } finally {
      listening.abort()
    }
  }
  return {
    pid: child.pid,
    first: answer,
    async ask(message) {
      const answered = answer()
      child.send(message, () => {})
      return answered
    },
    async stop() {
      child.kill('SIGKILL')
      await gone
    },
  }
}

/** A server's address as it looks from 20 ms away. */
export async function startSlowProxy(port, delayMs) {
  const child = startChild(join(import.meta.dirname, 'slow-proxy.cjs'), [String(port), String(delayMs)])
  return { ...(await child.first()), stop: child.stop }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  await new Promise((done) => server.close(done))
  return port
}

/** A Redis that holds nothing else, and writes nothing to disk. */
export async function startRedis(work) {
  const dir = mkdtempSync(join(work, 'redis-'))
  const port = await freePort()
  const settings = { bind: '127.0.0.1', port, dir, save: '', appendonly: 'no' }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  const child = endsWithUs(spawn('redis-server', args, { stdio: 'ignore' }))
  const gone = once(child, 'exit').catch(() => {
    throw new Error('redis-server cannot be started: is it installed?')
  })
  await Promise.race([once(child, 'spawn'), gone])
  const stalls = startChild(join(import.meta.dirname, 'stalls.cjs'), [String(SLOW_MS)])
  for (const { pid } of [child, stalls]) inFront(pid)
  const client = new Redis({ port, connectionName: OWN_NAME, retryStrategy: () => 50 })
  client.on('error', () => {})
  await client.config('SET', 'slowlog-log-slower-than', String(SLOW_MS * 1_000))
  await client.config('SET', 'slowlog-max-len', '1000')
  return {
    url: `redis://127.0.0.1:${port}/0`,
    /** In bytes. */
    usedMemory: async () => Number(/used_memory:(\d+)/.exec(await client.info('memory'))[1]),
    /** Since it was last asked: the commands that took longer than SLOW_MS, the slowest first, and how often and how long the machine itself did nothing. */
    async slowCommands() {
      const entries = /** @type {any[]} */ (await client.slowlog('GET', '-1'))
      await client.slowlog('RESET')
      const slow = entries
        .filter(([, , , , , name]) => name !== OWN_NAME)
        .map(([, , micros, words]) => ({
          ms: micros / 1_000,
          words: words.slice(0, 3).join(' ').slice(0, 60),
        }))
        .sort((a, b) => b.ms - a.ms)
      return { slow, stalls: await stalls.ask('so far') }
    },
    /** Lets time pass for what it holds for a while only, such as the leases of a sweep that was killed. */
    passTime: (ms) => client.eval(PASS_TIME, 0, ms),
    async stop() {
      client.disconnect()
      await stalls.stop()
      child.kill('SIGKILL')
      await gone
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** On a busy machine a command would seem slow that only waited for its turn. Not everybody may do this. */
function inFront(pid) {
  try {
    setPriority(pid, -10)
  } catch {
    // As it is, then: the stalls tell.
  }
}

const PASS_TIME = `
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left > 0 then redis.call('PEXPIRE', key, math.max(1, left - ARGV[1])) end
end`

const SERVE = resolve(import.meta.dirname, '../../../test/artifact/serve-bundle.cjs')
/** How often the memory of a sweep is looked at from outside: one that dies cannot tell. */
const LOOK_EVERY_MS = 100
/** Over its time by so much, a sweep hangs. */
const PATIENCE_MS = 30_000

/**
 * The built function in a process with the memory that it has when deployed, for sweeps one after the other, as a warm instance. `shiftMs`: how far its
 * clock is ahead. What it logs goes to `log`, a file descriptor.
 */
export async function startSweeper({ handler, log }, env, shiftMs = 0) {
  const child = startChild(SERVE, [handler, '1'], {
    env: { CALLBACK_TOKEN: TOKEN, ...env },
    execArgv: [`--max-old-space-size=${HEAP_MB}`],
    stdio: ['ignore', log, log, 'ipc'],
  })
  await child.first()
  if (shiftMs > 0) await child.ask({ call: 0, kind: 'shift', ms: shiftMs })
  return {
    stop: child.stop,
    /** One sweep: its report, null when the process died over it; the ms it took; the most memory that the process has held so far, in MB. */
    async sweep(remainingMs) {
      const order = { kind: 'invoke', instance: 0, handler: 'sweep_handler' }
      let peakMb = 0
      const look = setInterval(() => (peakMb = peakMbOf(child.pid) ?? peakMb), LOOK_EVERY_MS)
      const patience = setTimeout(child.stop, remainingMs + PATIENCE_MS)
      const start = performance.now()
      try {
        const { answer, error, ms } = await child.ask({ ...order, call: 1, event: TIMER, remainingMs })
        if (error !== undefined) throw new Error(error)
        peakMb = peakMbOf(child.pid) ?? peakMb
        return { report: answer, ms, peakMb }
      } catch (error) {
        return { report: null, ms: performance.now() - start, peakMb, problem: error.message }
      } finally {
        clearInterval(look)
        clearTimeout(patience)
      }
    },
  }
}

const TIMER = { Type: 'Timer', TriggerName: 'every-five-minutes' }

/** Null: it is no more. */
function peakMbOf(pid) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
  } catch {
    return null
  }
}

/** Until it is so; false when it was not within the time. */
export async function until(isSo, ms) {
  for (const end = performance.now() + ms; performance.now() < end; await sleep(2)) if (isSo()) return true
  return false
}
