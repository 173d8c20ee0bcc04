import { harmless, harmlessJson, harmlessLine } from './harmless'
import { type Colour, type Paint } from './paint'

/** A line of the function's log, read back. */
export interface LogRecord {
  readonly level: number
  readonly time: number
  readonly msg: string
  readonly [field: string]: unknown
}

/**
 * The record that a line of output holds, its texts fit for a terminal, each on one line but for a stack; null when the line is none of the log's.
 */
export function readLogLine(line: string): LogRecord | null {
  if (!line.startsWith('{')) return null
  try {
    const value = JSON.parse(line, shownValue) as Partial<LogRecord>
    const isRecord =
      typeof value.level === 'number' && typeof value.time === 'number' && typeof value.msg === 'string'
    return isRecord ? (value as LogRecord) : null
  } catch {
    return null
  }
}

function shownValue(name: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  return name === 'stack' ? harmless(value) : harmlessLine(value)
}

/** A record in one line for a person. */
export function shownRecord(record: LogRecord, paint: Paint): string {
  const { level, time, msg, ...fields } = record
  const clock = paint('dim', new Date(time).toTimeString().slice(0, 8))
  const text =
    msg === 'callback'
      ? callbackText(fields, paint)
      : `${levelText(level, paint)} ${msg}${fieldsText(fields, paint)}`
  return `${clock} ${text}`
}

/** Of `unauthorized`, the longest. */
const OUTCOME_WIDTH = 12

/** What a status without an outcome means. */
const WITHOUT_OUTCOME: Readonly<Record<number, string>> = {
  200: 'looked at',
  401: 'unauthorized',
  403: 'unknown to CI',
  405: 'wrong method',
  413: 'too large',
}

function callbackText(
  { status, outcome, error, ms, outcomes, ...fields }: Readonly<Record<string, unknown>>,
  paint: Paint,
): string {
  const total = isFields(ms) && typeof ms['total'] === 'number' ? paint('dim', ` ${ms['total']} ms`) : ''
  const head = paint(colourOf(Number(status)), String(status))
  if (Array.isArray(outcomes)) {
    const each = outcomes.filter(isFields).map((one) => outcomeText(one, paint))
    return `${head} ${each.join(' | ')}${total}`
  }
  return `${head} ${outcomeText({ outcome: outcome ?? WITHOUT_OUTCOME[Number(status)], error, ...fields }, paint)}${total}`
}

function outcomeText(
  { outcome, state, bucket, object, kind, id, error }: Readonly<Record<string, unknown>>,
  paint: Paint,
): string {
  const what = [bucket, object].filter((part) => typeof part === 'string').join('/')
  const which = typeof id === 'string' ? paint('dim', `${kind === 'job' ? 'job' : 'run'} ${id}`) : ''
  const head = typeof outcome === 'string' ? outcome.padEnd(OUTCOME_WIDTH) : ''
  return [head, error, state, what, which]
    .filter((part) => typeof part === 'string' && part !== '')
    .join('  ')
}

function levelText(level: number, paint: Paint): string {
  if (level >= 50) return paint('red', level >= 60 ? 'fatal' : 'error')
  if (level >= 40) return paint('yellow', 'warn')
  return paint('dim', level >= 30 ? 'info' : level >= 20 ? 'debug' : 'trace')
}

export function colourOf(status: number): Colour {
  return status >= 500 ? 'red' : status >= 400 ? 'yellow' : 'green'
}

/** `{a: 1, b: "x y"}` as ` a=1 b="x y"`; a stack on lines of its own. */
function fieldsText({ stack, ...fields }: Readonly<Record<string, unknown>>, paint: Paint): string {
  const pairs = Object.entries(fields).flatMap(([name, value]) =>
    value === null || value === undefined
      ? []
      : [` ${paint('dim', `${harmlessLine(name)}=`)}${valueText(value)}`],
  )
  return pairs.join('') + (typeof stack === 'string' ? `\n${paint('dim', stack.replace(/^/gm, '    '))}` : '')
}

function valueText(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : harmlessJson(JSON.stringify(value))
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
