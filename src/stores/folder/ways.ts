import { monotonicMs } from '../../net/monotonic-ms'
import { keepsOrder, type Line } from '../line'
import type { Strays } from '../unreadable'
import { groupWalk } from './group-walk'
import { folderOf, OUTBOX } from './item-place'
import { itemWalk } from './item-walk'
import type { Medium } from './medium'
import type { Listing, Walk } from './walk'

/** How often it is noted where a walk through a line is. */
const MARK_EVERY_MS = 5_000
/** Where the walks are noted, a file a line. */
export const MARKS = 'marks'

/** A line's walk, and when it was last noted where it is. */
export interface Way {
  readonly line: Line
  readonly walk: Walk
  markedAt: number
  mark: string
}

/** The walks of this instance, one a line: each goes on where the one before it was stopped. */
export interface Ways {
  of(line: Line): Promise<Way>
  /** Notes where a walk is, so that the next instance goes on from there. */
  mark(way: Way, isStopped: boolean): Promise<void>
  /** Tells the walk that comes by a place, if there is one. */
  tell(place: string, told: (walk: Walk) => void): Promise<void>
}

export function waysThrough(
  medium: Medium,
  strays: Strays,
  listingOf: (line: Line, folder: string) => Listing,
): Ways {
  const ways = new Map<string, Promise<Way>>()

  const begun = async (line: Line, folder: string): Promise<Way> => {
    const listing = listingOf(line, folder)
    if (!keepsOrder(line)) return { line, walk: itemWalk(medium, listing), markedAt: Infinity, mark: '' }
    const text = await strays.passOver(medium.shown(markOf(line)), () => medium.read(markOf(line)))
    const mark = text !== null && /^[0-9a-f]{32}$/.test(text) ? text : ''
    return { line, walk: groupWalk(medium, listing, mark), markedAt: monotonicMs(), mark }
  }

  return {
    of(line) {
      const folder = `${OUTBOX}/${folderOf(line)}`
      const there = ways.get(folder)
      if (there !== undefined) return there
      const way = begun(line, folder)
      ways.set(folder, way)
      way.catch(() => ways.delete(folder))
      return way
    },
    async mark(way, isStopped) {
      const { place } = way.walk
      if (place === way.mark || (!isStopped && monotonicMs() < way.markedAt + MARK_EVERY_MS)) return
      way.markedAt = monotonicMs()
      way.mark = place
      await medium.replace(markOf(way.line), place)
    },
    async tell(place, told) {
      const way = await ways.get(place.split('/', 2).join('/'))
      if (way !== undefined) told(way.walk)
    },
  }
}

function markOf(line: Line): string {
  return `${MARKS}/${folderOf(line)}`
}
