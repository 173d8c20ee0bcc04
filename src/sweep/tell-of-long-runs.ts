import { isGoingOn } from '../callback/verdict'
import { runningAlert } from '../alerts/alert-text'
import { wordsOf } from '../alerts/alert-words'
import { fingerprint } from '../outbox/delivery'
import type { ReconcileTools } from './reconcile-tools'
import type { Run } from './running-note'
import { tellTeam } from './tell-team'

/** Longer than a telling takes, and no longer than a sweep waits for one that was killed. */
const LEASE_MS = 60_000
/** Longer than any execution runs. */
const TOLD_MS = 365 * 24 * 3_600_000

/** Tells the team, once, of each that has run for longer than RUNNING_TOO_LONG. Two sweeps at once tell once: telling is claimed. Throws what the store throws. */
export async function tellOfLongRuns(tools: ReconcileTools, runs: readonly Run[]): Promise<void> {
  const { parts: services, store, executions, line, target, now, runningTooLongMs, timeIsUp } = tools
  if (runningTooLongMs === null) return
  const long = runs.filter(({ createdAt }) => now - createdAt > runningTooLongMs)
  if (long.length === 0) return
  const areTold = await store.areSettled(long.map(keyOfTelling))
  for (const run of long.filter((_, index) => areTold[index] !== true)) {
    if (line.isShut() || timeIsUp()) return
    await tell(run)
  }

  async function tell(run: Run): Promise<void> {
    const { runId, createdAt } = run
    const execution = await line
      .ask((deadline) => executions.execution(target.bucket, runId, deadline))
      .catch(() => null)
    if (execution === null || !isGoingOn(execution.state)) return
    const claim = await store.claim(keyOfTelling(run), LEASE_MS)
    if (claim.kind !== 'claimed') return
    const what = { id: runId, state: execution.state, bucket: target.bucket }
    services.log('warn', 'an execution runs for very long', what)
    const alert = runningAlert(execution.data, now - createdAt, await wordsOf(services.language))
    await tellTeam(services, alert, (channel) => `running-alert-${channel}-${fingerprint(alert.id)}`)
    await store.settle(keyOfTelling(run), TOLD_MS)
  }
}

function keyOfTelling({ runId }: Run): string {
  return `running-too-long/${runId}`
}
