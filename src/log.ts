import { writeSync } from 'node:fs'

/** pino's level names and numbers, so that its tools read these lines. (pino itself costs as much at a cold start as xml2js.) */
const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60, silent: 100 } as const

export type LogLevel = keyof typeof LEVELS
export const LOG_LEVELS = Object.keys(LEVELS) as LogLevel[]

export interface Log {
  (level: Exclude<LogLevel, 'silent'>, msg: string, fields?: Readonly<Record<string, unknown>>): void
}

/**
 * Writes one JSON line a call: `level`, `time` (ms), `msg` and the fields. Every secret is blanked out wherever it stands in a text: as it
 * is, as JSON writes it, or as a URL does. (Numbers are left: a password of digits would break them.)
 */
export function createLog(options: {
  readonly level: LogLevel
  readonly secrets: readonly string[]
  readonly write?: (line: string) => void
}): Log {
  const write = options.write ?? writeToStdout
  const redact = redactor(options.secrets)
  // In a line of JSON a text is written as JSON writes it, one that holds JSON once more so.
  const traces = [...new Set(formsOf(options.secrets).flatMap((form) => [form, escaped(form)]))]
  const mentionsAny = (line: string): boolean => traces.some((trace) => line.includes(trace))
  const redacted = (_: string, value: unknown): unknown => (typeof value === 'string' ? redact(value) : value)
  const threshold = LEVELS[options.level]
  return (level, msg, fields) => {
    if (LEVELS[level] < threshold) return
    const entry = { level: LEVELS[level], time: Date.now(), msg, ...fields }
    const line = JSON.stringify(entry)
    // Few lines hold anything to blank out.
    write((mentionsAny(line) ? JSON.stringify(entry, redacted) : line) + '\n')
  }
}

/** Shorter ones would blank out half of every line, and guard nothing. */
const SHORTEST_SECRET = 4

export function redactor(secrets: readonly string[]): (text: string) => string {
  const longestFirst = formsOf(secrets).sort((a, b) => b.length - a.length)
  return (text) => longestFirst.reduce((clean, secret) => clean.replaceAll(secret, '[redacted]'), text)
}

/** Each secret as it is, as JSON writes it, and as a URL does. */
function formsOf(secrets: readonly string[]): string[] {
  const long = secrets.filter((secret) => secret.length >= SHORTEST_SECRET)
  return [...new Set(long.flatMap((secret) => [secret, escaped(secret), encodeURIComponent(secret)]))]
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1)
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
