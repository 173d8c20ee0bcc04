import { LATE_SWEEP } from '../../../../src/config/read-config'
import { fail, type Finding, ok, warn } from './finding'
import { findFunction, listTriggers } from '../../cloud/functions'
import { cronOf } from '../../cloud/put-timer'
import type { Session } from '../../session'

/** What the function says of itself; null: nothing that can be read. */
export type About = {
  readonly store?: unknown
  readonly lastSweep?: unknown
  /** Fingerprints. */
  readonly settings?: unknown
} | null

/** Null: it is none that could be read. */
export function aboutIn(text: string): About {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}

/** Whether the timer is on, and when the last sweep was, as the function's store has it: what waits is delivered by nothing else. */
export async function checkSweeps(session: Session, about: About): Promise<readonly Finding[]> {
  return [...(await timer(session)), ...(about?.store ? [lastSweep(about.lastSweep, Date.now())] : [])]
}

async function timer({ call, functionName, serverless }: Session): Promise<readonly Finding[]> {
  const name = functionName('sweep')
  // That it is missing is said above.
  if ((await findFunction(call, name)) === null) return []
  const timers = (await listTriggers(call, name)).filter(({ type }) => type === 'timer')
  const on = timers.find(({ open }) => open)
  if (on !== undefined) {
    const wanted = cronIn(serverless)
    return wanted === null || wanted === cronOf(on)
      ? [ok('timer: on')]
      : [warn(`timer: on, at ${cronOf(on)}, not at ${wanted}`, 'run `npx serverless deploy`')]
  }
  return [
    timers.length === 0
      ? fail('timer: none, so that nothing is swept', 'run `npx serverless deploy`')
      : fail('timer: off, so that nothing is swept', 'run `npx serverless deploy`, which switches it on'),
  ]
}

/** Of serverless.yml; null: there is none. */
function cronIn({ service }: Session['serverless']): string | null {
  for (const event of service.functions['sweep']?.events ?? []) {
    const { timer: one } = event as { timer?: { parameters?: { cronExpression?: unknown } } }
    if (typeof one?.parameters?.cronExpression === 'string') return one.parameters.cronExpression
  }
  return null
}

/** @param told null: none was recorded; no text: the function does not say it */
export function lastSweep(told: unknown, now: number): Finding {
  if (told === null)
    return warn(
      'last sweep: none yet',
      'wait for the timer, five minutes at most after a deploy; if none comes, see `npx serverless logs -f sweep`',
    )
  const at = typeof told === 'string' ? Date.parse(told) : NaN
  if (Number.isNaN(at))
    return warn(
      'last sweep: not known: the function does not say it',
      'its store may be slow or down: ask again; if the function is of an earlier version, deploy',
    )
  if (at - now > LATE_SWEEP * 1000)
    return warn(
      `last sweep: ${new Date(at).toISOString()}, which is still to come`,
      'look at the clock of this machine',
    )
  const minutes = Math.round((now - at) / 60_000)
  const what = `last sweep: ${new Date(at).toISOString()}, ${minutes > 0 ? `${minutes} min ago` : 'just now'}`
  return now - at <= LATE_SWEEP * 1000
    ? ok(what)
    : fail(
        what,
        'what waits is not delivered: see the timer above, and why runs fail in `npx serverless logs -f sweep`; both functions must have the same STORE_URL',
      )
}
