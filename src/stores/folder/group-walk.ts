import type { Group, Medium } from './medium'
import type { Known, Listing, Search, Walk } from './walk'

/** So many times as many groups are looked for as are wanted, so that there is a choice of those that are due for longest. */
const CHOICE = 4
/** After so many batches of the same groups the others have their turn. */
const MOST_USES = 64
/** Of a group so many names are remembered at least. */
const FEWEST_NAMES = 64

/** Once round the line, from `start` on. */
interface Circle {
  readonly start: string
  hasWrapped: boolean
  ahead: readonly Group[]
  index: number
  /** After which group the list goes on; null: it is at its end. */
  next: string | null
}

/**
 * Through the groups of a line that keeps order. The groups that are being emptied are remembered with their first names, so that a batch need not list
 * them again; when none of them is left, the walk goes on to those that follow.
 */
export function groupWalk(medium: Medium, listing: Listing, start: string): Walk {
  const window = new Map<string, Known>()
  let uses = 0
  let place = start
  let circle: Circle | null = null
  /** Whether the last circle came to its end: then the window holds all that was due. */
  let hasSeenAll = false

  const nextOf = async (current: Circle): Promise<Group | null> => {
    for (;;) {
      const group = current.ahead[current.index]
      if (group !== undefined) {
        current.index += 1
        if (current.hasWrapped && group.name > current.start) return null
        place = group.name
        return group
      }
      if (current.next === null) {
        place = ''
        if (current.hasWrapped || current.start === '') return null
        current.hasWrapped = true
        current.next = ''
      }
      const { groups, next } = await listing.groups(current.next)
      current.ahead = groups
      current.index = 0
      current.next = next
    }
  }

  const mayRemember = (groups: number): number =>
    Math.max(FEWEST_NAMES, Math.floor(medium.remembers / Math.max(1, groups)))

  /** The first names of a folder that are not passed over: there may be many that are. */
  const firstNames = async (
    folder: string,
    longest: number,
    passed?: ReadonlySet<string>,
  ): Promise<Pick<Known, 'entries' | 'isLast'>> => {
    for (let after = ''; ;) {
      const { entries, isLast, end } = await listing.names(folder, after, longest, passed)
      if (entries.length > 0 || isLast) return { entries, isLast }
      after = end
    }
  }

  const listed = async ({ name, part }: Group, { most, passed }: Search): Promise<Known> => {
    const folder = `${listing.folder}/${name}`
    const longest = mayRemember(most * CHOICE)
    const first = part === null ? [] : listing.usable(folder, part.entries, passed)
    const isKnown = part !== null && (first.length > 0 || part.isLast)
    const { entries, isLast } = isKnown
      ? { entries: first, isLast: part.isLast }
      : await firstNames(folder, longest, passed)
    return {
      ...{ turn: name, folder },
      entries: entries.slice(0, longest),
      isLast: isLast && entries.length <= longest,
    }
  }

  const isDue = async (known: Known, search: Search): Promise<boolean> => {
    if (known.entries.length === 0 && !known.isLast)
      Object.assign(known, await firstNames(known.folder, mayRemember(window.size), search.passed))
    const [first] = known.entries
    return first !== undefined && listing.isDue(known.turn, listing.read(first.name), search.now)
  }
  /** Lists so many names of a group, where it has them. */
  const extend = async (known: Known, wanted: number, { passed }: Search): Promise<void> => {
    let last = known.entries.at(-1)
    while (!known.isLast && last !== undefined && known.entries.length < wanted) {
      const more = await listing.names(known.folder, last.name, wanted - known.entries.length, passed)
      known.entries.push(...more.entries)
      known.isLast = more.isLast
      last = more.entries.length === 0 ? undefined : known.entries.at(-1)
    }
  }
  const dueFor = ({ entries }: Known): number =>
    entries[0] === undefined ? 0 : listing.read(entries[0].name).dueAt

  return {
    async due(search) {
      const found: Known[] = []
      uses += 1
      if (uses > MOST_USES) {
        uses = 0
        hasSeenAll = false
        window.clear()
      }
      for (const known of [...window.values()]) {
        if (!search.skip.has(known.turn) && (await isDue(known, search))) found.push(known)
        else window.delete(known.turn)
      }
      const isEnough = found.length >= search.most || (found.length > 0 && hasSeenAll)
      let isWhole = false
      while (!isEnough && !search.deadline.isOver) {
        if (circle === null) {
          circle = { start: place, hasWrapped: false, ahead: [], index: 0, next: place }
          isWhole = true
        }
        const mayChoose = circle.index < circle.ahead.length && found.length < search.most * CHOICE
        if (found.length >= search.most && !mayChoose) break
        const group = await nextOf(circle)
        if (group === null) {
          circle = null
          hasSeenAll = true
          // One that was begun earlier says nothing of what has become due behind it.
          if (isWhole || found.length > 0) break
          continue
        }
        if (search.skip.has(group.name) || window.has(group.name)) continue
        const known = await listed(group, search)
        if (!(await isDue(known, search))) continue
        window.set(known.turn, known)
        found.push(known)
        hasSeenAll = false
      }
      const chosen = found.sort((a, b) => dueFor(a) - dueFor(b)).slice(0, search.most)
      for (const known of chosen) await extend(known, Math.ceil(search.items / chosen.length), search)
      return chosen
    },
    async again(known) {
      Object.assign(known, await firstNames(known.folder, mayRemember(window.size)))
    },
    forget(turn) {
      window.delete(turn)
    },
    added(turn, entry) {
      const known = window.get(turn)
      if (known === undefined) return
      const at = known.entries.findIndex(({ name }) => name >= entry.name)
      if (at >= 0) known.entries.splice(at, known.entries[at]?.name === entry.name ? 1 : 0, entry)
      else if (known.isLast) known.entries.push(entry)
    },
    removed(turn, name) {
      const known = window.get(turn)
      const at = known?.entries.findIndex((entry) => entry.name === name) ?? -1
      if (at >= 0) known?.entries.splice(at, 1)
    },
    get place() {
      return place
    },
  }
}
