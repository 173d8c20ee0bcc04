import { messageOf } from '../relay/ledger'
import type { RelayParts } from '../relay/parts'
import { tellOfDead } from './dead'
import { patientStore } from './patient-store'
import { reconcile, type ReconcileParts } from './reconcile'
import { redeliverDue } from './redeliver-due'
import { startRunClock, type SweepLimits } from './run-clock'
import { tellOfWaiting } from './tell-of-waiting'

export type { SweepLimits } from './run-clock'

/** What a sweep did; the answer of `sweep_handler`. */
export interface SweepReport {
  readonly delivered: number
  readonly failed: number
  /** Given up in this sweep. */
  readonly dead: number
  /** Still waiting when the sweep ended. */
  readonly waiting: number
  /** Executions that no callback had told of, found by asking CI and relayed. */
  readonly reconciled: number
}

/** Has a time of its own: an outbox that takes every run to its end must not keep the store from ever being tidied. */
const TIDY_MS = 2_000

/** So many of what cannot be read are named in one line. */
const NAMED = 20

/** What the timer does: redeliver what is due, tell of what was given up, reconcile with CI, tidy the store. Never throws. */
export async function sweep(
  allParts: RelayParts,
  reconcileParts: ReconcileParts | null,
  limits: SweepLimits,
): Promise<SweepReport> {
  const { log } = allParts
  const report = { delivered: 0, failed: 0, dead: 0, waiting: 0, reconciled: 0 }
  if (allParts.store === null) {
    log('warn', 'STORE_URL is not set: there is nothing to sweep', {})
    return report
  }
  const clock = startRunClock(limits)
  const store = patientStore(allParts.store, clock.left)
  const parts: RelayParts = { ...allParts, store }
  await step('redeliver', () => redeliverDue(parts, store, clock, report))
  await step('tell of what was given up', () => tellOfDead(parts, store))
  await step('tell of what waits for a person', () => tellOfWaiting(parts, store))
  await step('reconcile', async () => {
    if (reconcileParts !== null)
      report.reconciled = await reconcile(parts, store, reconcileParts, clock.timeIsUp)
  })
  await step('tidy', () => store.tidy(startRunClock({ ms: TIDY_MS, items: 0 }).timeIsUp))
  await step('count', async () => {
    report.waiting = (await store.list()).filter(({ status }) => status === 'waiting').length
  })
  await step('look for what cannot be read', async () => {
    const strays = await store.strays()
    if (strays.length > 0)
      log('warn', 'the store holds what cannot be read: it is passed over', {
        store: store.scheme,
        count: strays.length,
        strays: strays.slice(0, NAMED),
      })
  })
  log(report.failed + report.dead > 0 ? 'warn' : 'info', 'sweep', report)
  return report

  /** A step that fails stops none of the others. */
  async function step(name: string, run: () => Promise<void>): Promise<void> {
    try {
      await run()
    } catch (error) {
      log('error', `the sweep could not ${name}`, { error: messageOf(error) })
    }
  }
}
