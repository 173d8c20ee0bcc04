import type { ListedExecution } from '../callback/read-back'
import { failureOf } from '../net/failure'
import { monotonicMs } from '../net/monotonic-ms'
import { asksToBeLeftAlone } from './line-to-ci'
import { OVERLAP_MS, type Place, type PlaceNotes, type Walk } from './reconcile-place'
import type { ReconcileTools } from './reconcile-tools'
import { LONGEST_RUN_MS, MOST_RUNNING, type Run } from './running-note'
import { type Fate, settleListed } from './settle-runs'
import { tellOfLongRuns } from './tell-of-long-runs'

/** What a crash may undo of a walk's progress, in ms: pages are listed again then, nothing is relayed again. */
const SAVE_EVERY_MS = 5_000

/** CI takes whole seconds. */
const ROUNDING_MS = 1_000

/** How a walk ended; `lost`: CI refuses the token of a walk that was to be gone on with. */
export type WalkEnd = 'over' | 'unfinished' | 'lost'

/**
 * Walks through CI's list page by page, settles what it tells of, and notes how far it came. A walk that is gone on with has a token; any other begins
 * with `token` null. Throws what CI refuses a page with, and what the store throws; how far it came is noted then, too.
 */
export async function walkList(
  tools: ReconcileTools,
  place: Place,
  notes: PlaceNotes,
  begun: Walk,
): Promise<WalkEnd> {
  const { parts: services, target, executions, line, running, timeIsUp } = tools
  const { from, to } = begun
  const tokens = new Set<string>(begun.token === null ? [] : [begun.token])
  let { token, holds } = begun
  /** When the last one was created with which all before it in the list is finished. */
  let cameTo = -Infinity
  /** By time of creation: then the time says where to go on, whatever becomes of tokens, and of the list. */
  let isInOrder = begun.token === null
  let isOver = false
  let crowded = 0
  let savedAt = monotonicMs()

  try {
    for (let pages = 0; ; pages += 1) {
      const page = await line
        .ask((deadline) => executions.page({ ...target, from, to, nextToken: token }, deadline))
        .catch((error: unknown) => {
          // It may never be any good again: the next walk does without.
          if (pages === 0 && !asksToBeLeftAlone(error)) token = null
          throw error
        })
      const { isFinished, untold } = await settlePage(page.executions)
      if (!isFinished) break
      token = page.nextToken
      isOver = token === null
      if (token === null) break
      if (tokens.has(token)) {
        token = null
        throw new Error('CI leads from page to page in a circle')
      }
      tokens.add(token)
      // Of a page with untold ones the time was asked at each.
      if (line.isShut() || (untold === 0 && timeIsUp())) break
      if (monotonicMs() - savedAt < SAVE_EVERY_MS) continue
      await save('unclean')
      savedAt = monotonicMs()
    }
  } catch (error) {
    // What failed first counts.
    await save('unclean').catch(() => undefined)
    if (begun.token === null || token !== null || failureOf(error).kind !== 'refused') throw error
    line.forgive()
    services.log('info', 'CI no longer knows where a walk through its list was: it begins anew', {
      ...target,
    })
    return 'lost'
  }
  if (crowded > 0)
    services.log('warn', 'more executions run than are kept in mind: the watermark waits for the others', {
      ...target,
      kept: MOST_RUNNING,
      others: crowded,
    })
  await save(line.trouble() === null ? 'clean' : 'unclean')
  return isOver ? 'over' : 'unfinished'

  async function settlePage(
    listed: readonly ListedExecution[],
  ): Promise<{ readonly isFinished: boolean; readonly untold: number }> {
    const { fates, untold } = await settleListed(tools, listed)
    const goingOn = listed
      .filter(({ runId }) => fates.get(runId) === 'going on')
      .map((one): Run => ({ runId: one.runId, createdAt: Math.min(timeOf(one) ?? tools.now, tools.now) }))
    const over = [...fates].filter(([, fate]) => fate === 'settled').map(([runId]) => runId)
    const left = await running.change(goingOn, over)
    const crowd = crowdOf(listed, left, tools.now)
    crowded += crowd.size
    await tellOfLongRuns(tools, goingOn)

    for (const execution of listed) {
      const fate = fates.get(execution.runId)
      if (fate === undefined) return { isFinished: false, untold }
      // Of an unknown age: as old as it can be.
      const createdAt = timeOf(execution) ?? place.since
      // A time that is not of the span says nothing of what comes after.
      isInOrder &&= createdAt >= cameTo && createdAt <= to + ROUNDING_MS
      cameTo = createdAt
      if (holdsBack(fate, createdAt, crowd.has(execution.runId))) holds = Math.min(holds, createdAt)
    }
    return { isFinished: true, untold }
  }

  function holdsBack(fate: Fate, createdAt: number, isCrowdedOut: boolean): boolean {
    return (fate === 'open' || isCrowdedOut) && createdAt > tools.now - LONGEST_RUN_MS
  }

  async function save(how: 'clean' | 'unclean'): Promise<void> {
    const reached = isOver ? Math.min(to, holds) : isInOrder ? Math.min(cameTo, holds) : -Infinity
    const since = Math.max(place.since, Math.min(reached, tools.now))
    // Where the time does not lead on, the token must.
    const open = isOver || since > place.since || token === null ? null : { from, to, token, holds }
    if (how === 'clean') await notes.moveTo(place, since)
    await notes.keep(place, how === 'clean' ? place.watermark : since, open)
  }
}

/** For which there was no room in the note: but what is known to be young is listed by the next walk, too, and needs none. */
function crowdOf(listed: readonly ListedExecution[], left: readonly Run[], now: number): ReadonlySet<string> {
  const ids = new Set(left.map(({ runId }) => runId))
  const isOld = (one: ListedExecution): boolean => (timeOf(one) ?? 0) < now - OVERLAP_MS
  return new Set(listed.filter((one) => ids.has(one.runId) && isOld(one)).map(({ runId }) => runId))
}

function timeOf({ createdAt }: ListedExecution): number | null {
  const ms = Date.parse(createdAt ?? '')
  return Number.isNaN(ms) ? null : ms
}
