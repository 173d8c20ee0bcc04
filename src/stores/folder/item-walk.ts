import { namesDueAt } from './item-place'
import type { Entry, Medium } from './medium'
import type { Listing, Walk } from './walk'

/** No wait is longer (outbox/after-failure.ts): what is due later than that was put off by a clock that is wrong. */
const LONGEST_WAIT_MS = 24 * 3_600_000

/**
 * Through the items of a line in which each is on its own, in order of `dueAt`: the first that is not due ends the list. What a wrong clock has put off
 * stands behind it: so much of that is found as a page holds of what is due next, and of what is due later than anything can be.
 */
export function itemWalk(medium: Medium, listing: Listing): Walk {
  let ahead: Entry[] = []
  let index = 0
  /** After which name the list goes on; null: it is at its end. */
  let after: string | null = ''
  let isFar = false

  const begin = (): void => {
    ahead = []
    index = 0
    after = ''
    isFar = false
  }
  const list = async (from: string, now: number): Promise<void> => {
    const { entries, isLast, end } = await listing.names(listing.folder, from, medium.remembers)
    const last = entries.at(-1)
    const isPast = last !== undefined && listing.read(last.name).dueAt > now
    ahead = entries.filter(({ name }) => {
      const read = listing.read(name)
      return listing.isDue(read.id, read, now)
    })
    index = 0
    if (isLast || isFar) after = null
    else if (isPast) {
      isFar = true
      const far = namesDueAt(now + LONGEST_WAIT_MS)
      after = far > end ? far : end
    } else after = end
  }

  return {
    async due({ now, most, deadline, skip, passed }) {
      const found = []
      let isWhole = after === '' && index === ahead.length
      while (found.length < most && !deadline.isOver) {
        const entry = ahead[index]
        if (entry !== undefined) {
          index += 1
          const { id } = listing.read(entry.name)
          if (skip.has(id) || passed.has(`${listing.folder}/${entry.name}`)) continue
          found.push({ turn: id, folder: listing.folder, entries: [entry], isLast: true })
        } else if (after !== null) await list(after, now)
        else {
          begin()
          if (isWhole || found.length > 0) break
          isWhole = true
        }
      }
      return found
    },
    async again(known) {
      known.entries = []
      return Promise.resolve()
    },
    // What is found is found once a circle.
    forget: () => undefined,
    added: () => undefined,
    removed: () => undefined,
    place: '',
  }
}
