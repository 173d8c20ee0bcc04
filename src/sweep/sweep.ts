import { messageOf } from '../log'
import type { Services } from '../services'
import type { LineCount, Store } from '../stores/store'
import type { Manners } from './drain-run'
import { OUTAGES_NOTE } from './outages-note'
import { patientStore } from './patient-store'
import { settleNotice } from '../relay/settle-notice'
import type { ReconcileParts } from './reconcile'
import { recordSweep } from './record-sweep'
import { startRunClock, type SweepLimits } from './run-clock'

export type { SweepLimits } from './run-clock'

/** What a sweep did; the answer of `sweep_handler`. */
export interface SweepReport {
  readonly delivered: number
  readonly failed: number
  /** Given up in this sweep. */
  readonly dead: number
  /** Still waiting when the sweep ended; -1 when nothing is known of it. Where the last count failed, what was counted before, less what has gone since. */
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
  allParts: Services,
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
  const patient = patientStore(allParts.store, clock.left)
  /** Of the last count that could be had: how many waited, and how many of these had gone by then. */
  let counted: { readonly waiting: number; readonly gone: number } | null = null
  const store: Store = {
    ...patient,
    async lines() {
      const lines = await patient.lines()
      counted = { waiting: waitingIn(lines), gone: report.delivered + report.dead }
      return lines
    },
  }
  const services: Services = { ...allParts, store }
  const manners: Manners = { took: new Set(), failed: new Set() }
  /** What there is, where nothing of it is to be delivered. */
  let still: readonly LineCount[] | null = null
  const isRedelivered = await step('redeliver', async () => {
    const lines = await store.lines()
    const waiting = lines.filter(isToGo)
    if (waiting.length === 0) still = lines
    else await (await import('./drain')).drain(services, store, waiting, clock, report, manners)
  })
  await step('look for what to tell the team', async () => {
    const lines = still ?? (await store.lines())
    const isQuiet = lines.every(({ line }) => line.kind === 'quarantined')
    if (isQuiet && (await store.note(OUTAGES_NOTE)) === null) return
    const { tellOfDead, tellOfOutages, tellOfWaiting } = await import('./tell')
    await step('tell of outages', () => tellOfOutages(services, store, lines, manners))
    await step('tell of what was given up', () => tellOfDead(services, store, lines))
    await step('tell of what waits for a person', () => tellOfWaiting(services, store, lines))
  })
  await step('reconcile', async () => {
    if (reconcileParts === null || reconcileParts.targets.length === 0) return
    const { reconcile } = await import('./reconcile')
    report.reconciled = await reconcile(services, store, reconcileParts, clock.timeIsUp, settleNotice)
  })
  await step('tidy', () => store.tidy(startRunClock({ ms: TIDY_MS }).timeIsUp))
  const isCounted = await step('count', async () => {
    await store.lines()
  })
  report.waiting = leftOf(counted, report)
  if (!isCounted)
    log('warn', 'how much still waits is not known: it could not be counted', { waiting: report.waiting })
  await step('look for what cannot be read', async () => {
    const strays = await store.strays()
    if (strays.length > 0)
      log('warn', 'the store holds what cannot be read: it is passed over', {
        store: store.scheme,
        count: strays.length,
        strays: strays.slice(0, NAMED),
      })
  })
  // At the end: one that dies half way, or cannot look into the outbox, each time, does not run.
  if (isRedelivered) await step('record that it ran', () => recordSweep(services, store, clock))
  log(report.failed + report.dead > 0 || !isCounted ? 'warn' : 'info', 'sweep', report)
  return report

  /** Whether it could be done: a step that fails stops none of the others. */
  async function step(name: string, run: () => Promise<void>): Promise<boolean> {
    try {
      await run()
      return true
    } catch (error) {
      log('error', `the sweep could not ${name}`, { error: messageOf(error) })
      return false
    }
  }
}

/** -1: it could not be counted at all. */
function leftOf(
  counted: { readonly waiting: number; readonly gone: number } | null,
  { delivered, dead }: Pick<SweepReport, 'delivered' | 'dead'>,
): number {
  return counted === null ? -1 : Math.max(0, counted.waiting - (delivered + dead - counted.gone))
}

function waitingIn(lines: readonly LineCount[]): number {
  return lines.filter(isToGo).reduce((sum, { items }) => sum + items, 0)
}

/** Whether it is to be delivered. */
function isToGo({ line: { kind } }: LineCount): boolean {
  return kind !== 'dead' && kind !== 'quarantined'
}
