import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import type { Environment } from '../../src/config/read-config'
import { harmless, harmlessJson } from './harmless'
import type { HostMessage, HostReply, Marked } from './host-messages'
import { type LogRecord, readLogLine } from './log-line'

/** The time limit that deployed functions have; a handler must answer well within it. */
export const TIME_LIMIT_MS = 10_000

/** A line of what the handler printed, without secrets and fit for a terminal. */
export interface HandlerLine {
  readonly text: string
  /** What the line holds when it is one of the function's log; null: a text, such as an alert of `console:`. */
  readonly record: LogRecord | null
}

export interface HandlerProcess {
  /** The functions that the bundle exports. */
  readonly handlers: readonly string[]
  /** Calls a function of the bundle with an event; resolves when the answer and all the output of the call are there. */
  readonly call: (handler: string, event: unknown, requestId?: string) => Promise<unknown>
  /** Resolves once the running calls are answered and the process is gone. */
  readonly close: () => Promise<void>
  /** Whether the process has ended by itself. */
  readonly ended: () => boolean
}

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  reply: Exclude<HostReply, { kind: 'ready' }> | null
  marked: boolean
}

const CLOSE_MS = 5_000

/**
 * Starts the built function in a process of its own. Rejects when the bundle cannot be loaded; why is then in its error output.
 *
 * @param options.host path of the built handler-host.js
 * @param options.bundle path of the built dist/index.js
 * @param options.redact blanks out secrets in whatever the handler prints or throws
 */
export function startHandler(options: {
  readonly host: string
  readonly bundle: string
  readonly env: Environment
  readonly redact: (text: string) => string
  readonly onLine: (line: HandlerLine) => void
  readonly onErrorLine: (line: string) => void
}): Promise<HandlerProcess> {
  const { redact } = options
  const mark = `\u001e${randomUUID()} `
  const child = fork(options.host, [], {
    env: { ...options.env },
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
  })
  const pending = new Map<number, Pending>()
  let calls = 0
  let closing = false
  let ended = false

  const settleIfWhole = (id: number): void => {
    const call = pending.get(id)
    if (call?.reply == null || !call.marked) return
    pending.delete(id)
    if (call.reply.kind === 'answer') call.resolve(call.reply.value)
    else call.reject(new Error(harmless(redact(call.reply.message))))
  }
  const onLogged = (line: string): void => {
    const clean = redact(line)
    const record = readLogLine(clean)
    options.onLine({ text: record === null ? harmless(clean) : harmlessJson(clean), record })
  }
  const onMarked = (what: Marked): void => {
    if (typeof what === 'string') {
      for (const line of redact(what).replace(/\n$/, '').split('\n'))
        options.onLine({ text: harmless(line), record: null })
      return
    }
    const call = pending.get(what)
    if (call === undefined) return
    call.marked = true
    settleIfWhole(what)
  }
  eachLine(child.stdout, (line) => {
    const at = line.indexOf(mark)
    // Before a mark stands, at most, a line that was cut off.
    if (at !== 0) onLogged(at === -1 ? line : line.slice(0, at))
    if (at !== -1) onMarked(JSON.parse(line.slice(at + mark.length)) as Marked)
  })
  eachLine(child.stderr, (line) => options.onErrorLine(harmless(redact(line))))

  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const send = (message: HostMessage): void => void child.send(message, () => {})

  const call: HandlerProcess['call'] = (handler, event, requestId = randomUUID()) =>
    new Promise((resolve, reject) => {
      const id = ++calls
      if (ended) {
        reject(new Error("the handler's process has ended"))
        return
      }
      const late = setTimeout(() => {
        pending.delete(id)
        reject(new Error(`the handler gave no answer within ${TIME_LIMIT_MS / 1000} s`))
      }, TIME_LIMIT_MS)
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(late)
          settle(value)
        }
      pending.set(id, { resolve: settled(resolve), reject: settled(reject), reply: null, marked: false })
      send({ kind: 'call', id, handler, event, requestId, timeLimitMs: TIME_LIMIT_MS })
    })

  const close = async (): Promise<void> => {
    closing = true
    if (!ended) send({ kind: 'close' })
    const kill = setTimeout(() => {
      options.onErrorLine("the handler's process did not end when it was told to, and was killed")
      child.kill('SIGKILL')
    }, CLOSE_MS)
    await gone
    clearTimeout(kill)
  }

  return new Promise((resolve, reject) => {
    child.on('message', (reply: HostReply) => {
      if (reply.kind === 'ready') {
        resolve({ handlers: reply.handlers, call, close, ended: () => ended })
        return
      }
      const waiting = pending.get(reply.id)
      if (waiting === undefined) return
      waiting.reply = reply
      settleIfWhole(reply.id)
    })
    child.once('error', (error) =>
      reject(new Error(`the handler's process cannot be started: ${error.message}`)),
    )
    child.once('close', (code, signal) => {
      ended = true
      const error = new Error(
        `the handler's process ended by itself (${signal ?? `exit code ${String(code)}`})`,
      )
      for (const { reject: fail } of pending.values()) fail(error)
      pending.clear()
      if (!closing) reject(error)
    })
    send({ kind: 'open', bundle: options.bundle, mark })
  })
}

/** Lines end at \n alone: what a handler prints may hold other separators. */
function eachLine(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void): void {
  let rest = ''
  stream?.setEncoding('utf8')
  stream?.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    lines.forEach(onLine)
  })
  stream?.on('end', () => {
    if (rest !== '') onLine(rest)
  })
}
