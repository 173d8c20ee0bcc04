import { writeSync } from 'node:fs'
import { asInJson, beginningOf, blanking, formsOf } from './net/blanked'

export { blanking as redactor } from './net/blanked'

/** pino's level names and numbers, so that its tools read these lines. (pino itself costs as much at a cold start as xml2js.) */
const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60, silent: 100 } as const

export type LogLevel = keyof typeof LEVELS
export const LOG_LEVELS = Object.keys(LEVELS) as LogLevel[]

export interface Log {
  (level: Exclude<LogLevel, 'silent'>, msg: string, fields?: Readonly<Record<string, unknown>>): void
}

/**
 * Writes one JSON line a call: `level`, `time` (ms), `msg` and the fields. Every secret is blanked out wherever it stands in a text: as it
 * is, as JSON writes it, or as a URL does. (Numbers are left: a password of digits would break them.) A second net: errors hold none when they
 * are made (./net/peer). `secrets` that change are asked for at each line: another list, another net.
 */
export function createLog(options: {
  readonly level: LogLevel
  readonly secrets: readonly string[] | (() => readonly string[])
  readonly write?: (line: string) => void
}): Log {
  const write = options.write ?? writeToStdout
  let net = netFor([])
  const threshold = LEVELS[options.level]
  return (level, msg, fields) => {
    if (LEVELS[level] < threshold) return
    const entry = { level: LEVELS[level], time: Date.now(), msg, ...fields }
    const line = JSON.stringify(entry)
    const secrets = typeof options.secrets === 'function' ? options.secrets() : options.secrets
    if (secrets !== net.secrets) net = netFor(secrets)
    // Few lines hold anything to blank out.
    write((net.traces.some((trace) => line.includes(trace)) ? JSON.stringify(entry, net.blank) : line) + '\n')
  }
}

/** What a log blanks out. */
interface Net {
  readonly secrets: readonly string[]
  /** In a line of JSON a text is written as JSON writes it, one that holds JSON once more so. */
  readonly traces: readonly string[]
  readonly blank: (name: string, value: unknown) => unknown
}

function netFor(secrets: readonly string[]): Net {
  const blanked = blanking(secrets)
  return {
    secrets,
    traces: [...new Set(formsOf(secrets).flatMap((form) => [form, asInJson(form)].map(beginningOf)))],
    blank: (_, value) => (typeof value === 'string' ? blanked(value) : value),
  }
}

/** A full pipe is waited for so often, a millisecond each; then the line is cut off rather than the callback held up. */
const PATIENCE = 200

/** Synchronous: SCF freezes an instance as soon as its answer is out. */
function writeToStdout(line: string): void {
  let rest: string | Buffer = line
  for (let waits = 0; waits < PATIENCE;) {
    try {
      const written = writeSync(1, rest as string)
      if (written === Buffer.byteLength(rest)) return
      rest = Buffer.from(rest).subarray(written)
    } catch (error) {
      // Any other fault of the log is no reason to fail a callback.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
      waits += 1
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}

/** What an error says, for a line of the log. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
