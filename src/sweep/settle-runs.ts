import { keyOf } from '../callback/notice'
import type { ListedExecution } from '../callback/read-back'
import { isGoingOn } from '../callback/verdict'
import { startContext } from '../relay/callback-context'
import { fewInOrder } from './few-in-order'
import { AT_ONCE, type ReconcileTools } from './reconcile-tools'
import type { Run } from './running-note'
import { tellOfLongRuns } from './tell-of-long-runs'

/** What became of an execution; `open`: it could not be settled now. */
export type Fate = 'settled' | 'going on' | 'open'

/** As many as a page of CI's list has: the ledger is asked about no more at once. */
const PAGE = 100
/** How callbacks say that an execution ended. */
const ENDS = ['Success', 'Failed', 'Cancel']

/**
 * Settles what a page of CI's list tells of: what ended is asked about unless the ledger knows it, and relayed. `fates` by RunId: one that is
 * missing was not begun, as time was up, or CI wants to be left alone. `untold`: so many the ledger did not know. Throws what the store throws.
 */
export async function settleListed(
  tools: ReconcileTools,
  listed: readonly ListedExecution[],
): Promise<{ readonly fates: ReadonlyMap<string, Fate>; readonly untold: number }> {
  const { store } = tools
  const fates = new Map<string, Fate>()
  // One that comes twice is one.
  const ended = new Map<string, ListedExecution>()
  for (const execution of listed) {
    if (isGoingOn(execution.state)) fates.set(execution.runId, 'going on')
    else ended.set(execution.runId, execution)
  }
  const all = [...ended.values()]
  const areSettled = await store.areSettled(
    all.map(({ runId: id, state }) => keyOf({ kind: 'workflow', id, state })),
  )
  const untold = all.filter(({ runId }, index) => {
    if (areSettled[index] === true) fates.set(runId, 'settled')
    return areSettled[index] !== true
  })
  await settleAll(tools, untold, ({ runId, state }, fate) => {
    if (fate === 'unknown')
      tools.parts.log('warn', 'CI lists an execution that it then does not know', {
        id: runId,
        state,
        bucket: tools.target.bucket,
      })
    fates.set(runId, fate === 'unknown' ? 'settled' : fate)
  })
  return { fates, untold: untold.length }
}

/**
 * Asks about executions that ran when CI was last asked, each by itself: what has ended is relayed, and leaves the note with what CI no longer knows and
 * what a callback has told of. Throws what the store throws.
 */
export async function settleRunning(tools: ReconcileTools, runs: readonly Run[]): Promise<void> {
  const { store, running, parts: services, target } = tools
  for (let from = 0; from < runs.length; from += PAGE) {
    const page = runs.slice(from, from + PAGE)
    const areSettled = await store.areSettled(
      page.flatMap(({ runId: id }) => ENDS.map((state) => keyOf({ kind: 'workflow', id, state }))),
    )
    const isTold = (index: number): boolean =>
      areSettled.slice(index * ENDS.length, (index + 1) * ENDS.length).includes(true)
    const over = page.filter((_, index) => isTold(index)).map(({ runId }) => runId)
    const goingOn: Run[] = []
    await settleAll(
      tools,
      page.filter((_, index) => !isTold(index)).map((run) => ({ ...run, object: null })),
      (run, fate) => {
        if (fate === 'unknown')
          services.log('warn', 'CI no longer knows an execution that ran', {
            id: run.runId,
            bucket: target.bucket,
          })
        if (fate === 'settled' || fate === 'unknown') over.push(run.runId)
        if (fate === 'going on') goingOn.push(run)
      },
    )
    await running.change([], over)
    await tellOfLongRuns(tools, goingOn)
  }
}

/** Several at once; those of one object are relayed in their order, whichever answer comes first. */
async function settleAll<One extends Pick<ListedExecution, 'runId' | 'object'>>(
  tools: ReconcileTools,
  all: readonly One[],
  onFate: (one: One, fate: Fate | 'unknown') => void,
): Promise<void> {
  const { executions, line, target, timeIsUp } = tools
  const order = {
    mayBegin: () => !line.isShut() && !timeIsUp(),
    groupOf: ({ object, runId }: One) => (object === null ? `run ${runId}` : `object ${object}`),
  }
  await fewInOrder(all, AT_ONCE, order, async (one, before) => {
    const fate = await settle(one.runId, before)
    onFate(one, fate)
    return fate !== 'open'
  })

  async function settle(runId: string, before: Promise<boolean>): Promise<Fate | 'unknown'> {
    const asked = line.ask((deadline) => executions.execution(target.bucket, runId, deadline))
    // The line keeps in mind what CI refused with.
    const answer = await asked.then(
      (execution) => ({ execution }),
      () => null,
    )
    if (answer === null) return 'open'
    const { execution } = answer
    if (execution === null) return 'unknown'
    if (isGoingOn(execution.state)) return 'going on'
    // What is open of the same object must not be overtaken.
    if (!(await before)) return 'open'
    const { outcome } = await tools.settleOne(tools.parts, execution, startContext(Date.now()))
    if (outcome === 'held' || outcome === 'undelivered') return 'open'
    if (outcome === 'duplicate' || outcome === 'ignored') return 'settled'
    tools.onRelayed()
    tools.parts.log('info', 'reconciled: no callback had told of it', {
      ...{ id: execution.id, state: execution.state, bucket: target.bucket },
      outcome,
    })
    return 'settled'
  }
}
