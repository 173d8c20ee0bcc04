import { isGoingOn } from '../relay/route'
import { messageOf } from '../relay/ledger'
import { ledgerKey } from '../relay/outcome'
import type { RelayParts } from '../relay/parts'
import { process } from '../relay/process'
import { within } from '../delivery/within'
import type { Store } from '../stores/store'
import type { ListedExecution } from '../callback/read-back'
import type { Executions } from '../tencent/executions'
import { startRun } from './redeliver'

export interface ReconcileTarget {
  readonly bucket: string
  readonly workflowId: string
}

export interface ReconcileParts {
  readonly targets: readonly ReconcileTarget[]
  readonly executions: Executions
}

/** CI's list may lag behind: each run looks this far back again. */
const OVERLAP_MS = 10 * 60_000
/** Where the first run of all begins. */
const FIRST_LOOK_MS = 24 * 3_600_000
/** An execution that runs for longer no longer holds the watermark. */
const LONGEST_RUN_MS = 7 * 24 * 3_600_000
const CALL_MS = 5_000

/**
 * Asks CI which executions ended, and relays each that the ledger does not know. Returns how many it relayed.
 *
 * The watermark is a time of creation before which everything has settled. It moves only after a clean run, and never past an execution that
 * still goes on.
 */
export async function reconcile(
  parts: RelayParts,
  store: Store,
  { targets, executions }: ReconcileParts,
  timeIsUp: () => boolean,
): Promise<number> {
  let relayed = 0
  for (const target of targets) {
    if (timeIsUp()) break
    try {
      relayed += await reconcileOne(target)
    } catch (error) {
      parts.log('warn', 'CI could not be reconciled with: the next sweep tries again', {
        ...target,
        error: messageOf(error),
      })
    }
  }
  return relayed

  async function reconcileOne(target: ReconcileTarget): Promise<number> {
    const note = `watermark/${target.bucket}/${target.workflowId}`
    const now = Date.now()
    const watermark = Number((await store.note(note)) ?? now - FIRST_LOOK_MS)
    let clean = true
    let count = 0
    let next = now
    let nextToken: string | null = null
    do {
      const page = await asked((signal) =>
        executions.page({ ...target, from: watermark - OVERLAP_MS, to: now, nextToken }, signal),
      )
      for (const execution of page.executions) {
        if (timeIsUp()) return count
        if (isGoingOn(execution.state)) next = Math.min(next, heldBy(execution, now))
        else {
          const outcome = await settle(target, execution)
          if (outcome === 'open') clean = false
          if (outcome === 'relayed') count += 1
        }
      }
      nextToken = page.nextToken
    } while (nextToken !== null)
    if (clean && next > watermark) await store.setNote(note, String(next), null)
    return count
  }

  async function settle(
    target: ReconcileTarget,
    { runId, state }: ListedExecution,
  ): Promise<'known' | 'relayed' | 'open'> {
    if (await isSettled(store, ledgerKey('workflow', runId, state))) return 'known'
    const execution = await asked((signal) => executions.one(target.bucket, runId, signal))
    if (execution === null) return 'known'
    const { outcome } = await process(parts, { kind: 'workflow', execution }, startRun(Date.now()))
    if (outcome === 'held' || outcome === 'undelivered') return 'open'
    if (outcome === 'duplicate' || outcome === 'ignored') return 'known'
    parts.log('info', 'reconciled: no callback had told of it', {
      id: runId,
      state,
      bucket: target.bucket,
      outcome,
    })
    return 'relayed'
  }
}

/** Whether the ledger knows it as done; asked by a claim that is given back at once. */
async function isSettled(store: Store, key: string): Promise<boolean> {
  const claim = await store.claim(key, 1_000)
  if (claim.kind === 'claimed') await store.release(key, claim.holder)
  return claim.kind === 'done'
}

function heldBy({ createdAt }: ListedExecution, now: number): number {
  const created = createdAt === null ? NaN : Date.parse(createdAt)
  return Number.isNaN(created) || created < now - LONGEST_RUN_MS ? now : created
}

function asked<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return within(CALL_MS, call, () => new Error('CI gave no answer in time'))
}
