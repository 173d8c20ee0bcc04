import { failureOf } from '../net/failure'
import { messageOf } from '../log'
import type { Services } from '../services'
import type { settleNotice } from '../relay/settle-notice'
import type { Store } from '../stores/store'
import type { Executions } from '../tencent/executions'
import { asksToBeLeftAlone, lineToCi } from './line-to-ci'
import { OVERLAP_MS, placeNotes } from './reconcile-place'
import type { ReconcileTarget, ReconcileTools } from './reconcile-tools'
import { runningNote } from './running-note'
import { settleRunning } from './settle-runs'
import { walkList } from './walk-list'

export type { ReconcileTarget } from './reconcile-tools'

export interface ReconcileParts {
  readonly targets: readonly ReconcileTarget[]
  readonly executions: Executions
  /** RUNNING_TOO_LONG, in ms; unless given, nobody is told. */
  readonly runningTooLongMs?: number | null
}

/** No wait is longer, whatever CI asks for. */
const LONGEST_CI_WAIT_MS = 3_600_000
const BUSY_NOTE = 'reconcile-busy'

/**
 * Asks CI which executions ended, and relays each that the ledger does not know. Returns how many it relayed.
 *
 * The watermark is a time of creation before which everything has settled, or is kept in mind as running. It moves after a clean run; one whose time is up
 * moves it as far as it came. How far a run came that CI cut off is noted beside it. A CI that asks to be left alone is, also by the sweeps to come.
 */
export async function reconcile(
  services: Services,
  store: Store,
  { targets, executions, runningTooLongMs = null }: ReconcileParts,
  timeIsUp: () => boolean,
  settleOne: typeof settleNotice,
): Promise<number> {
  if (await isBusy(store)) return 0
  let relayed = 0
  for (const target of targets) {
    if (timeIsUp()) break
    const now = Date.now()
    try {
      await reconcileOne({
        ...{ parts: services, store, target, now, executions, timeIsUp, settleOne, runningTooLongMs },
        line: lineToCi(),
        running: runningNote(store, `running/${target.bucket}/${target.workflowId}`, now),
        onRelayed: () => (relayed += 1),
      })
    } catch (error) {
      const wait = Math.min(LONGEST_CI_WAIT_MS, failureOf(error).retryAfterMs ?? 0)
      services.log('warn', 'CI could not be reconciled with: a later sweep tries again', {
        ...target,
        error: messageOf(error),
        ...(wait > 0 && { retryAfterMs: wait }),
      })
      if (wait > 0) await store.setNote(BUSY_NOTE, String(Date.now() + wait), wait)
      if (asksToBeLeftAlone(error)) break
    }
  }
  return relayed
}

/** Throws what CI refused with, once all has been done that could be done all the same; and what the store throws. */
async function reconcileOne(tools: ReconcileTools): Promise<void> {
  const { store, target, now, line, running } = tools
  const notes = placeNotes(store, `${target.bucket}/${target.workflowId}`, now)
  const place = await notes.read()
  const begun = place.open
  // What a new walk will list needs no question of its own.
  const border = begun === null ? place.since - OVERLAP_MS : Infinity
  const ran = (await running.all()).filter(({ createdAt }) => createdAt < border)
  // On a line of its own: those that CI never can tell of keep nobody from the list, and their place in the note.
  const ranLine = lineToCi()
  await settleRunning({ ...tools, line: ranLine }, ran)
  const ranTrouble = ranLine.trouble()
  if (ranTrouble !== null && asksToBeLeftAlone(ranTrouble.error)) throw ranTrouble.error
  const end = begun === null ? null : await walkList(tools, place, notes, begun)
  if (end !== 'unfinished' && !line.isShut()) {
    const here = begun === null ? place : await notes.read()
    await walkList(tools, here, notes, {
      from: here.since - OVERLAP_MS,
      to: now,
      token: null,
      holds: Infinity,
    })
  }
  const trouble = line.trouble() ?? ranTrouble
  if (trouble !== null) throw trouble.error
}

/** Whether CI asked to be left alone, until a time that it can have asked for. */
async function isBusy(store: Store): Promise<boolean> {
  const until = Number((await store.note(BUSY_NOTE)) ?? NaN)
  return until > Date.now() && until <= Date.now() + LONGEST_CI_WAIT_MS
}
