import { readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { basename, join } from 'node:path'
import { eventKind, type HttpEvent } from './event-kind'
import { EXPECTED_ANSWERS, isExpected } from './expected-answers'
import type { HandlerLine } from './handler-process'
import type { LogRecord } from './log-line'
import type { Places } from './local-environment'
import { requestOf } from './request-from-event'
import { LOCAL_TOKEN } from './sample-token'
import { whereItWent } from './where-it-went'

export interface SampleResult {
  readonly event: string
  /** null: no HTTP event. */
  readonly status: number | null
  readonly outcome: string
  readonly where: string
  /** What should have come, when something else did. */
  readonly wanted: string | null
}

/**
 * Sends every event of a folder, in the order of their names: HTTP events to the gateway at `origin`, timer events to `sweep`.
 *
 * @param token stands in for the token of the events' own
 * @param takeLines what the handler has printed since the last call of this
 */
export async function sendSamples(options: {
  readonly folder: string
  readonly origin: string
  readonly token: string
  readonly sweep: ((event: unknown) => Promise<unknown>) | null
  readonly takeLines: () => readonly HandlerLine[]
  readonly places: Places
  readonly onOutput: (event: string, lines: readonly HandlerLine[]) => void
}): Promise<readonly SampleResult[]> {
  const events = readdirSync(options.folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => basename(file, '.json'))
  const results: SampleResult[] = []
  for (const event of events.sort()) {
    const whole = eventKind(JSON.parse(readFileSync(join(options.folder, `${event}.json`), 'utf8')))
    if (whole === null) throw new Error(`${event}.json is no gateway event and no timer event`)
    options.takeLines()
    const got =
      whole.kind === 'timer'
        ? { status: null, ...(await sweepOnce(options.sweep, whole.event)) }
        : await post(options.origin, withToken(whole.event, options.token))
    const lines = options.takeLines()
    options.onOutput(event, lines)
    const where =
      whole.kind === 'timer'
        ? null
        : whereItWent(whole.event, got.status, got.outcome, recordsOf(lines), options.places)
    results.push({
      event,
      status: got.status,
      outcome: got.outcome,
      where: where ?? got.where,
      wanted: wantedOf(event, got),
    })
  }
  return results
}

type Got = Pick<SampleResult, 'status' | 'outcome' | 'where'>

async function post(origin: string, event: HttpEvent): Promise<Got> {
  const { body, ...options } = requestOf(event)
  const [status, text] = await new Promise<[number, string]>((resolve, reject) => {
    const sent = request(origin, { ...options, agent: false }, (response) => {
      let received = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (received += chunk))
      response.on('end', () => resolve([response.statusCode ?? 0, received]))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
  return { status, outcome: outcomeOf(text), where: '' }
}

async function sweepOnce(
  sweep: ((event: unknown) => Promise<unknown>) | null,
  event: unknown,
): Promise<Omit<Got, 'status'>> {
  if (sweep === null) return { outcome: 'skipped', where: 'the function has no sweep_handler' }
  try {
    return { outcome: 'swept', where: countsIn(await sweep(event)) }
  } catch (error) {
    return { outcome: 'failed', where: (error as Error).message.split('\n', 1)[0] ?? '' }
  }
}

/** `redelivered 0, waiting 2`: the numbers of a sweep's report. */
function countsIn(report: unknown): string {
  return Object.entries((report ?? {}) as Record<string, unknown>)
    .filter(([, value]) => typeof value === 'number')
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ')
}

/** The answer's outcome, or outcomes, or error. */
export function outcomeOf(body: string): string {
  try {
    const { outcome, outcomes, error } = JSON.parse(body) as {
      outcome?: string
      outcomes?: { outcome: string }[]
      error?: string
    }
    return outcome ?? outcomes?.map((one) => one.outcome).join(', ') ?? error ?? '?'
  } catch {
    return '?'
  }
}

function recordsOf(lines: readonly HandlerLine[]): readonly LogRecord[] {
  return lines.map(({ record }) => record).filter((record) => record !== null)
}

function wantedOf(event: string, { status, outcome }: Got): string | null {
  const expected = Object.hasOwn(EXPECTED_ANSWERS, event) ? EXPECTED_ANSWERS[event] : undefined
  if (expected === undefined || isExpected(expected, status, outcome)) return null
  return [expected.status, expected.outcome].filter((part) => part !== null).join(' ')
}

/** The event with the token in force in the place of the samples' own. */
function withToken(event: HttpEvent, token: string): HttpEvent {
  const { queryString } = event
  const changed: unknown = {
    ...event,
    path: event.path.replace(new RegExp(`/${LOCAL_TOKEN}$`), `/${token}`),
    ...(typeof queryString === 'string' && {
      queryString: queryString.replace(`token=${LOCAL_TOKEN}`, `token=${token}`),
    }),
  }
  return changed as HttpEvent
}
