import type { LineCount } from '../store'
import { type ItemName, lineIn } from './item-place'

/** Of a line whose name does not tell its destination so many items are asked for it, in case that some cannot be read. */
const MOST_ASKED = 16

interface Count {
  items: number
  oldest: number
  readonly some: string[]
}

export interface Counter {
  add(place: string, name: ItemName): void
  /** `ask`: the destination of one of the items at these places; null: none can be read. */
  lines(ask: (places: readonly string[]) => Promise<string | null>): Promise<readonly LineCount[]>
}

/** Counts items as their places are listed, in order. */
export function counter(): Counter {
  const counts = new Map<string, Count>()
  let before = ''
  return {
    add(place, { parkedAt }) {
      const folder = place.split('/', 2)[1] ?? ''
      // The two places of an item that is just being moved within its group, or was when its process died, differ in what follows its id.
      const item = place.slice(0, place.lastIndexOf('/') + 50)
      if (item === before) return
      before = item
      const count = counts.get(folder) ?? { items: 0, oldest: Infinity, some: [] }
      count.items += 1
      count.oldest = Math.min(count.oldest, parkedAt)
      if (count.some.length < MOST_ASKED) count.some.push(place)
      counts.set(folder, count)
    },
    async lines(ask) {
      const found: LineCount[] = []
      for (const [folder, { items, oldest, some }] of counts) {
        const line = lineIn(folder)
        const destination = line?.destination ?? (await ask(some))
        if (line !== null && destination !== null)
          found.push({ line: { kind: line.kind, destination }, items, oldest })
      }
      return found
    },
  }
}
