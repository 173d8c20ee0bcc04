import { messageOf } from '../relay/ledger'
import type { RelayParts } from '../relay/parts'
import type { Store } from '../stores/store'
import { OUTAGES_NOTE } from './outages-note'
import { patientStore } from './patient-store'
import { settleNotice } from '../relay/settle-notice'
import type { ReconcileParts } from './reconcile'
import { type Manners, redeliverDue } from './redeliver-due'
import { startRunClock, type SweepLimits } from './run-clock'

export type { SweepLimits } from './run-clock'

/** What a sweep did; the answer of `sweep_handler`. */
export interface SweepReport {
  readonly delivered: number
  readonly failed: number
  /** Given up in this sweep. */
  readonly dead: number
  /** Still waiting when the sweep ended; -1 when nothing is known of it. Where the count failed, what was listed before, less what has gone since. */
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
  const patient = patientStore(allParts.store, clock.left)
  /** Of the last list that could be had: how many waited in it, and how many of these had gone by then. */
  let listed: { readonly waiting: number; readonly gone: number } | null = null
  const store: Store = {
    ...patient,
    async list() {
      const items = await patient.list()
      const waiting = items.filter(({ status }) => status === 'waiting').length
      listed = { waiting, gone: report.delivered + report.dead }
      return items
    },
  }
  const parts: RelayParts = { ...allParts, store }
  const manners: Manners = { took: new Set(), failed: new Set() }
  await step('redeliver', () => redeliverDue(parts, store, clock, report, manners))
  await step('look for what to tell the team', async () => {
    const items = await store.list()
    const isQuiet = items.every(({ status }) => status === 'quarantined')
    if (isQuiet && (await store.note(OUTAGES_NOTE)) === null) return
    const { tellOfDead, tellOfOutages, tellOfWaiting } = await import('./tell')
    await step('tell of outages', () => tellOfOutages(parts, store, items, manners))
    await step('tell of what was given up', () => tellOfDead(parts, store, items))
    await step('tell of what waits for a person', () => tellOfWaiting(parts, store, items))
  })
  await step('reconcile', async () => {
    if (reconcileParts === null || reconcileParts.targets.length === 0) return
    const { reconcile } = await import('./reconcile')
    report.reconciled = await reconcile(parts, store, reconcileParts, clock.timeIsUp, settleNotice)
  })
  await step('tidy', () => store.tidy(startRunClock({ ms: TIDY_MS, items: 0 }).timeIsUp))
  const isCounted = await step('count', async () => {
    await store.list()
  })
  report.waiting = leftOf(listed, report)
  if (!isCounted)
    log('warn', 'how much still waits is not known: the list of it could not be had', {
      waiting: report.waiting,
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

/** -1: no list could be had at all. */
function leftOf(
  listed: { readonly waiting: number; readonly gone: number } | null,
  { delivered, dead }: Pick<SweepReport, 'delivered' | 'dead'>,
): number {
  return listed === null ? -1 : Math.max(0, listed.waiting - (delivered + dead - listed.gone))
}
