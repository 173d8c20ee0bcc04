import { readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { basename, join } from 'node:path'
import { eventKind, type HttpEvent } from './event-kind'
import { EXPECTED_ANSWERS, isExpected } from './expected-answers'
import { readLogLine } from './log-line'
import type { placesOf } from './local-environment'
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
  readonly takeLines: () => readonly string[]
  readonly places: ReturnType<typeof placesOf>
  readonly onOutput: (event: string, lines: readonly string[]) => void
}): Promise<readonly SampleResult[]> {
  const results: SampleResult[] = []
  for (const file of readdirSync(options.folder).sort()) {
    if (!file.endsWith('.json')) continue
    const name = basename(file, '.json')
    const whole = eventKind(JSON.parse(readFileSync(join(options.folder, file), 'utf8')))
    if (whole === null) throw new Error(`${file} is no gateway event and no timer event`)
    options.takeLines()
    const got = whole.kind === 'timer' ? await sweepWith(options.sweep, whole.event) : await send(withToken(whole.event, options.token))
    const lines = options.takeLines()
    options.onOutput(name, lines)
    results.push({ event: name, ...got, wanted: wantedOf(name, got.status, got.outcome) })

    async function send(event: HttpEvent): Promise<{ status: number; outcome: string; where: string }> {
      const answer = await exchange(options.origin, event)
      const records = lines_().map(readLogLine).filter((record) => record !== null)
      const outcome = outcomeOf(answer.body)
      return { status: answer.status, outcome, where: whereItWent(event, answer.status, outcome, records, options.places) }
    }
  }
  return results
}
