import { fork } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import type { IntegratedResponse } from '@tencentcloud/serverless-nodejs-types'
import { validateFiles } from '../support/schema'
import { callbackEvent, TOKEN } from './callbacks'

/** What a callback was answered, for an assertion to read. */
export interface Answered {
  readonly status: number
  /** The answer's `outcome`, its `error`, or the outcomes of a body of several. */
  readonly outcome: unknown
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>
  /** How long the handler took, by the clock of its own process. */
  readonly ms: number
}

/** What `sweep_handler` returns. */
export interface SweepReport {
  readonly delivered: number
  readonly failed: number
  readonly dead: number
  readonly waiting: number
  readonly reconciled: number
}

export interface LogLine {
  readonly level: number
  readonly msg: string
  readonly [field: string]: unknown
}

export interface Usage {
  readonly rssMb: number
  readonly peakRssMb: number
  readonly heapMb: number
  readonly sockets: number
  readonly timers: number
}

/** A process that serves the built, minified function. */
export interface Relay {
  readonly ready: Promise<void>
  /** The handler's integrated response to an event. Rejects when it threw, or the process ended. */
  handle(event: unknown, instance?: number): Promise<IntegratedResponse>
  /** POSTs a body with the right token, as a function URL would. */
  post(body: string, changes?: Readonly<Record<string, unknown>>): Promise<Answered>
  sweep(instance?: number): Promise<SweepReport>
  /** What it wrote to its log, parsed. */
  log(): readonly LogLine[]
  /** All that it printed, as it was: on standard output and on standard error. */
  printed(): string
  /** Shifts its clock (`Date`); timers and the monotonic clock go on. */
  passTime(ms: number): Promise<void>
  /** Changes its environment, as the platform does when it renews the role's keys. */
  setEnv(env: Readonly<Record<string, string>>): Promise<void>
  usage(): Promise<Usage>
  /** What went wrong unhandled: how the process ended by itself. Empty while it lives. */
  readonly faults: readonly string[]
  readonly pid: number
  /** Leaves the process to itself, and holds what it wrote as `file:` queue and channel to its schema: resolves once it has ended, because nothing holds it any more; rejects after ten seconds. */
  end(): Promise<void>
  /** kill -9; resolves when the process is gone, and what it wrote was held to its schema. Answers that are still on their way are lost. */
  kill(): Promise<void>
}

export interface RelayOptions {
  /** Instances of the function in the process, each with a module cache of its own. */
  readonly instances?: number
  /** `--max-old-space-size`, in MB. */
  readonly heapMb?: number
  /** What the platform says is left of an invocation, in ms; null: it does not say. As deployed unless given. */
  readonly remainingMs?: { readonly callback: number | null; readonly sweep: number | null }
  /** The Node.js binary; this one's unless given. */
  readonly node?: string
  readonly execArgv?: readonly string[]
  /** A bundle other than the one built for the tests. */
  readonly bundle?: string
}

/** How long a process may go on after it was left to itself. */
const PATIENCE_MS = 10_000

/** What stands before and after a call's number in the output: serve-bundle.cjs writes it. */
const MARK = '\u001e'

const AS_DEPLOYED = { callback: 10_000, sweep: 60_000 }

interface Message {
  readonly ready?: true
  readonly call?: number
  readonly answer?: unknown
  readonly ms?: number
  readonly error?: string
}

interface Call {
  readonly answered: (message: Message) => void
  readonly failed: (error: Error) => void
}

/**
 * One of a child's two streams. The child marks in both where a call's answer stands (serve-bundle.cjs): the answer itself comes another
 * way, and may overtake what was printed before it.
 */
class Printed {
  text = ''
  private rest = ''
  private readonly seen = new Set<number>()
  private readonly waiting = new Map<number, () => void>()

  take(chunk: string): void {
    const parts = (this.rest + chunk).split(MARK)
    // An even number of parts: the last mark has no end yet.
    this.rest = parts.length % 2 === 0 ? MARK + (parts.pop() ?? '') : ''
    parts.forEach((part, at) => {
      if (at % 2 === 0) this.text += part
      else this.reached(Number(part))
    })
  }

  /** Resolves once all that was printed before this call's answer is in `text`. */
  async until(call: number): Promise<void> {
    if (this.seen.delete(call)) return
    await new Promise<void>((done) => this.waiting.set(call, done))
  }

  private reached(call: number): void {
    const done = this.waiting.get(call)
    if (done === undefined) this.seen.add(call)
    this.waiting.delete(call)
    done?.()
  }
}

/**
 * Starts the built function (RELAY_BUNDLE, made by the global setup) in a process of its own. `env` is all that it sees besides PATH; the
 * token is TOKEN unless it says otherwise.
 */
export function openRelay(env: Readonly<Record<string, string>>, options: RelayOptions = {}): Relay {
  const { instances = 1, heapMb, remainingMs = AS_DEPLOYED, node, execArgv = [], bundle } = options
  const child = fork(
    resolve(__dirname, 'serve-bundle.cjs'),
    [bundle ?? process.env['RELAY_BUNDLE'] ?? '', String(instances)],
    {
      env: { PATH: process.env['PATH'], CALLBACK_TOKEN: TOKEN, ...env },
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [...execArgv, ...(heapMb === undefined ? [] : [`--max-old-space-size=${heapMb}`])],
      ...(node !== undefined && { execPath: node }),
    },
  )
  const calls = new Map<number, Call>()
  const faults: string[] = []
  const output = new Printed()
  const errors = new Printed()
  let lastCall = 0
  let isKilled = false
  const gone = once(child, 'close')

  child.stdout?.setEncoding('utf8').on('data', (text: string) => output.take(text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => errors.take(text))
  const ready = new Promise<void>((done, fail) => {
    child.on('message', (message: Message) => {
      if (message.ready) done()
      if (message.call === undefined) return
      const { call: id } = message
      void Promise.all([output.until(id), errors.until(id)]).then(() => {
        if (isKilled) return
        const call = calls.get(id)
        calls.delete(id)
        if (message.error === undefined) call?.answered(message)
        else call?.failed(new Error(message.error))
      })
    })
    child.on('error', (error) => faults.push(String(error)))
    child.once('close', (code, signal) => {
      if (isKilled) return
      const fault = `the process ended by itself (${String(signal ?? code)}): ${errors.text}`
      faults.push(fault)
      fail(new Error(fault))
      for (const { failed } of calls.values()) failed(new Error(fault))
      calls.clear()
    })
  })
  ready.catch(() => undefined)

  const ask = async (what: Readonly<Record<string, unknown>>): Promise<Message> =>
    new Promise((answered, failed) => {
      if (faults.length > 0) {
        failed(new Error(faults.join('\n')))
        return
      }
      const call = (lastCall += 1)
      calls.set(call, { answered, failed })
      child.send({ call, ...what }, (error) => {
        if (error !== null && !isKilled) failed(error)
      })
    })
  const invoke = async (
    handler: 'main_handler' | 'sweep_handler',
    event: unknown,
    instance: number,
  ): Promise<Message> => {
    const left = handler === 'main_handler' ? remainingMs.callback : remainingMs.sweep
    return ask({ kind: 'invoke', handler, event, instance, remainingMs: left })
  }

  return {
    ready,
    faults,
    pid: child.pid ?? 0,
    handle: async (event, instance = 0) =>
      (await invoke('main_handler', event, instance)).answer as IntegratedResponse,
    async post(body, changes = {}) {
      const { answer, ms = 0 } = await invoke('main_handler', { ...callbackEvent(body), ...changes }, 0)
      return { ...answered(answer as IntegratedResponse), ms }
    },
    sweep: async (instance = 0) =>
      (await invoke('sweep_handler', { Type: 'Timer', TriggerName: 'every-five-minutes' }, instance))
        .answer as SweepReport,
    log: () =>
      output.text
        .slice(0, output.text.lastIndexOf('\n') + 1)
        .split('\n')
        .filter((line) => line.startsWith('{"level"'))
        .map((line) => JSON.parse(line) as LogLine),
    printed: () => output.text + errors.text,
    async passTime(ms) {
      await ask({ kind: 'shift', ms })
    },
    async setEnv(changes) {
      await ask({ kind: 'env', env: changes })
    },
    usage: async () => (await ask({ kind: 'usage' })).answer as Usage,
    async end() {
      isKilled = true
      // Not disconnected from here: then Node never tells that the process has ended.
      child.send({ kind: 'leave' })
      const patience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
      const [code, signal] = (await gone) as [number | null, string | null]
      clearTimeout(patience)
      if (code !== 0)
        throw new Error(`the process did not end by itself (${String(signal ?? code)}): ${errors.text}`)
      validateFiles(env)
    },
    async kill() {
      isKilled = true
      child.kill('SIGKILL')
      await gone
      validateFiles(env)
    },
  }
}

export function answered(answer: IntegratedResponse): Omit<Answered, 'ms'> {
  const body = JSON.parse(answer.body) as Record<string, unknown>
  const outcomes = body['outcomes'] as { outcome: unknown }[] | undefined
  return {
    status: answer.statusCode,
    outcome: body['outcome'] ?? outcomes?.map(({ outcome }) => outcome) ?? body['error'],
    body,
    headers: answer.headers,
  }
}
