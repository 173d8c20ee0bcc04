import { changeNote } from '../relay/change-note'
import { recordIn } from '../relay/record-in'
import type { Notes } from '../stores/store'

/** So many still-running executions of one workflow are kept in mind, each asked about by itself: 30 KB of note, and 3 s of questions at 50 ms an answer. */
export const MOST_RUNNING = 500
/** An execution that runs for longer gives up its place where others need it, and holds no watermark, in ms. */
export const LONGEST_RUN_MS = 7 * 24 * 3_600_000
/** Two sweeps that change one note get in each other's way once or twice. */
const MOST_TRIES = 20

/** A run, and when it was created, in ms since the epoch; where CI does not say, when it was first seen. Never in the future. */
export interface Run {
  readonly runId: string
  readonly createdAt: number
}

/** The executions of one workflow that still ran when CI was last asked: the watermark passes them, so that nothing else remembers them. */
export interface RunningNote {
  /** Oldest first. */
  readonly all: () => Promise<readonly Run[]>
  /**
   * Adds those that are not in it, and takes out; what other sweeps changed meanwhile stays. Never takes one out to make room for another, unless it has
   * run for a week. Returns those for which there was no room. To be called after `all`: the store is asked only where there is something to change.
   */
  readonly change: (added: readonly Run[], ended: readonly string[]) => Promise<readonly Run[]>
}

export function runningNote(store: Notes, name: string, now: number): RunningNote {
  let known = new Set<string>()
  return {
    async all() {
      const runs = runsIn(await store.note(name), now)
      known = new Set(runs.keys())
      return oldestFirst(runs)
    },
    async change(wanted, over) {
      const added = wanted.filter(({ runId }) => !known.has(runId))
      const ended = over.filter((runId) => known.has(runId))
      if (added.length + ended.length === 0) return []
      let left: readonly Run[] = []
      const isChanged = await changeNote(
        store,
        name,
        (text) => {
          const runs = runsIn(text, now)
          let isSame = true
          for (const runId of ended) if (runs.delete(runId)) isSame = false
          left = [...added]
            .sort((a, b) => a.createdAt - b.createdAt)
            .filter(({ runId, createdAt }) => {
              if (runs.has(runId)) return false
              if (!hasRoom(runs, createdAt)) return true
              runs.set(runId, Math.min(createdAt, now))
              isSame = false
              return false
            })
          known = new Set(runs.keys())
          if (isSame) return null
          return [runs.size === 0 ? null : JSON.stringify(Object.fromEntries(runs)), null]
        },
        MOST_TRIES,
      )
      if (!isChanged) throw new Error('the note of what still runs is changed by others all the time')
      return left
    },
  }

  /** Whether one more may come in; the place of one that has run for over a week is free for a younger one. */
  function hasRoom(runs: Map<string, number>, createdAt: number): boolean {
    if (runs.size < MOST_RUNNING) return true
    const stuck = oldestFirst(runs).find((run) => isStuck(run.createdAt))
    return stuck !== undefined && !isStuck(createdAt) && runs.delete(stuck.runId)
  }

  function isStuck(createdAt: number): boolean {
    return createdAt <= now - LONGEST_RUN_MS
  }
}

function oldestFirst(runs: ReadonlyMap<string, number>): readonly Run[] {
  return [...runs]
    .map(([runId, createdAt]) => ({ runId, createdAt }))
    .sort((a, b) => a.createdAt - b.createdAt)
}

/** A time that is none, or is ahead, would keep a run from ever being asked about: it counts as seen now. */
function runsIn(text: string | null, now: number): Map<string, number> {
  return new Map(
    Object.entries(recordIn(text)).map(([runId, at]) => [
      runId,
      typeof at === 'number' && at > 0 ? Math.min(at, now) : now,
    ]),
  )
}
