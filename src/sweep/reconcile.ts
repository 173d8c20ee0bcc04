import { keyOf } from '../callback/notice'
import { isGoingOn } from '../callback/verdict'
import { runningAlert } from '../relay/alert-text'
import { wordsOf } from '../relay/alert-words'
import { digest } from '../relay/delivery'
import { isSettled, messageOf } from '../relay/ledger'
import type { RelayParts } from '../relay/parts'
import { startRun } from '../relay/run'
import type { settleNotice } from '../relay/settle-notice'
import { Deadline } from '../delivery/deadline'
import { failureOf } from '../delivery/failure'
import type { Store } from '../stores/store'
import type { ListedExecution } from '../callback/read-back'
import type { Executions } from '../tencent/executions'
import { tellTeam } from './tell-team'

export interface ReconcileTarget {
  readonly bucket: string
  readonly workflowId: string
}

export interface ReconcileParts {
  readonly targets: readonly ReconcileTarget[]
  readonly executions: Executions
  /** RUNNING_TOO_LONG, in ms; unless given, nobody is told. */
  readonly runningTooLongMs?: number | null
}

/** CI's list may lag behind: each run looks this far back again. */
const OVERLAP_MS = 10 * 60_000
/** Where the first run of all begins. */
const FIRST_LOOK_MS = 24 * 3_600_000
/** An execution that runs for longer no longer holds the watermark. */
const LONGEST_RUN_MS = 7 * 24 * 3_600_000
const CALL_MS = 4_000
/** No wait is longer, whatever CI asks for. */
const LONGEST_CI_WAIT_MS = 3_600_000
const BUSY_NOTE = 'reconcile-busy'
const RUNNING_NOTE = 'running/'

/**
 * Asks CI which executions ended, and relays each that the ledger does not know. Returns how many it relayed.
 *
 * The watermark is a time of creation before which everything has settled. It moves only after a clean run, and never past an execution that
 * still goes on; a run whose time is up moves it as far as it came. A CI that asks to be left alone is, also by the sweeps to come.
 */
export async function reconcile(
  parts: RelayParts,
  store: Store,
  { targets, executions, runningTooLongMs = null }: ReconcileParts,
  timeIsUp: () => boolean,
  settleOne: typeof settleNotice,
): Promise<number> {
  if (await isBusy(store)) return 0
  let relayed = 0
  for (const target of targets) {
    if (timeIsUp()) break
    try {
      await reconcileOne(target)
    } catch (error) {
      const wait = Math.min(LONGEST_CI_WAIT_MS, failureOf(error).retryAfterMs ?? 0)
      parts.log('warn', 'CI could not be reconciled with: a later sweep tries again', {
        ...target,
        error: messageOf(error),
        ...(wait > 0 && { retryAfterMs: wait }),
      })
      if (wait === 0) continue
      await store.setNote(BUSY_NOTE, String(Date.now() + wait), wait)
      break
    }
  }
  return relayed

  async function reconcileOne(target: ReconcileTarget): Promise<void> {
    const note = `watermark/${target.bucket}/${target.workflowId}`
    const now = Date.now()
    const watermark = await watermarkOf(note, now)
    // Each execution that has not settled holds the next watermark back to its own time.
    let next = now
    let cameTo = -Infinity
    let isInOrder = true
    let nextToken: string | null = null
    const tokens = new Set<string>()
    for (;;) {
      const page = await asked((deadline) =>
        executions.page({ ...target, from: watermark - OVERLAP_MS, to: now, nextToken }, deadline),
      )
      for (const execution of page.executions) {
        if (timeIsUp()) return stopHere()
        const createdAt = Date.parse(execution.createdAt ?? '') || watermark
        isInOrder &&= createdAt >= cameTo
        cameTo = createdAt
        const fate = await settle(target, execution)
        if (fate === 'going-on') await tellIfTooLong(target, execution, now)
        if (fate === 'open' || (fate === 'going-on' && createdAt > now - LONGEST_RUN_MS))
          next = Math.min(next, createdAt)
      }
      nextToken = page.nextToken
      if (nextToken === null) break
      // Of a page with executions the time was asked at each.
      if (page.executions.length === 0 && timeIsUp()) return stopHere()
      if (tokens.has(nextToken)) {
        await stopHere()
        throw new Error('CI leads from page to page in a circle')
      }
      tokens.add(nextToken)
    }
    return move(next)

    async function stopHere(): Promise<void> {
      return move(isInOrder ? Math.min(next, cameTo) : watermark)
    }

    async function move(to: number): Promise<void> {
      if (to > watermark) await store.setNote(note, String(to), null)
    }
  }

  async function watermarkOf(note: string, now: number): Promise<number> {
    const kept = Number((await store.note(note)) ?? NaN)
    if (kept > 0 && kept <= now + OVERLAP_MS) return Math.min(kept, now)
    // None yet, none that is a time, or one of a clock that was ahead: what ended since then may not have been looked at. Noted at once: a first run that is not clean must not begin later the next time.
    const first = now - FIRST_LOOK_MS
    await store.setNote(note, String(first), null)
    return first
  }

  /** Once. */
  async function tellIfTooLong(
    { bucket }: ReconcileTarget,
    { runId, state, createdAt }: ListedExecution,
    now: number,
  ): Promise<void> {
    const ms = now - Date.parse(createdAt ?? '')
    // Not so where the time is none.
    if (runningTooLongMs === null || !(ms > runningTooLongMs)) return
    if ((await store.note(RUNNING_NOTE + runId)) !== null) return
    const execution = await asked((deadline) => executions.execution(bucket, runId, deadline))
    if (execution === null || !isGoingOn(execution.state)) return
    parts.log('warn', 'an execution runs for very long', { id: runId, state, bucket })
    const alert = runningAlert(execution.data, ms, await wordsOf(parts.language))
    await tellTeam(parts, alert, (channel) => `running-alert-${channel}-${digest(alert.id)}`)
    await store.setNote(RUNNING_NOTE + runId, '1', LONGEST_RUN_MS)
  }

  async function settle(
    target: ReconcileTarget,
    { runId, state }: ListedExecution,
  ): Promise<'settled' | 'going-on' | 'open'> {
    if (isGoingOn(state)) return 'going-on'
    if (await isSettled(store, keyOf({ kind: 'workflow', id: runId, state }))) return 'settled'
    const execution = await asked((deadline) => executions.execution(target.bucket, runId, deadline))
    const what = { id: runId, state, bucket: target.bucket }
    if (execution === null) {
      parts.log('warn', 'CI lists an execution that it then does not know', what)
      return 'settled'
    }
    if (isGoingOn(execution.state)) return 'going-on'
    const { outcome } = await settleOne(parts, execution, startRun(Date.now()))
    if (outcome === 'held' || outcome === 'undelivered') return 'open'
    if (outcome === 'duplicate' || outcome === 'ignored') return 'settled'
    relayed += 1
    parts.log('info', 'reconciled: no callback had told of it', { ...what, outcome })
    return 'settled'
  }
}

/** Whether CI asked to be left alone, until a time that it can have asked for. */
async function isBusy(store: Store): Promise<boolean> {
  const until = Number((await store.note(BUSY_NOTE)) ?? NaN)
  return until > Date.now() && until <= Date.now() + LONGEST_CI_WAIT_MS
}

function asked<T>(call: (deadline: Deadline) => Promise<T>): Promise<T> {
  const deadline = Deadline.in(CALL_MS)
  return deadline.hold(call(deadline), () => new Error('CI gave no answer in time'))
}
