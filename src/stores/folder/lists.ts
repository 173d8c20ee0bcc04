import { keepsOrder, type Line } from '../line'
import type { Strays } from '../unreadable'
import { folderOf, lineOfFolder, OUTBOX, readName } from './item-place'
import { type Groups, type Medium, NOT_OURS } from './medium'
import type { Listing } from './walk'

/** So many foreign names are remembered; who has more has one cause for all of them. */
export const MOST_STRAYS = 10_000
/** Places are looked at so many at once. */
const PAGE = 1000
/** Of a body of 6 MiB, in base64, an item makes 8. */
const LONGEST_ITEM = 32 * 1024 * 1024

/** What stands in folders, less what is none of ours: that is told of, and passed over. */
export interface Lists extends Pick<Listing, 'usable' | 'names'> {
  /** The groups of a line's folder after one. A folder that is none has none. */
  readonly groupsIn: (folder: string, after: string) => Promise<Groups>
  /** Every item's place from one on, in the order of the line. */
  readonly placesFrom: (line: Line, from: string) => AsyncGenerator<readonly string[]>
}

/** @param unreadable places of what cannot be read; what has no usable name is added */
export function listsOf(medium: Medium, strays: Strays, unreadable: Set<string>): Lists {
  const usable: Listing['usable'] = (folder, entries, passed) => {
    const line = lineOfFolder(folder)
    return entries.filter(({ name, bytes }) => {
      const place = `${folder}/${name}`
      const problem = line === null || readName(name, line) === null ? NOT_OURS : tooLong(bytes)
      // A console shows a folder of a bucket by an object of its name.
      if (problem !== null && name !== '') strays.note(medium.shown(place), problem)
      if (problem !== null && unreadable.size < MOST_STRAYS) unreadable.add(place)
      return problem === null && passed?.has(place) !== true
    })
  }
  const names: Listing['names'] = async (folder, after, most, passed) => {
    const part = await strays.passOver(medium.shown(folder), () => medium.names(folder, after, most))
    if (part === null) return { entries: [], isLast: true, end: after }
    const end = part.entries.at(-1)?.name ?? after
    return { entries: usable(folder, part.entries, passed), isLast: part.isLast, end }
  }
  const groupsIn = async (folder: string, after: string): Promise<Groups> =>
    (await strays.passOver(medium.shown(folder), () => medium.groups(folder, after))) ?? {
      groups: [],
      next: null,
    }

  async function* within(folder: string, after: string): AsyncGenerator<readonly string[]> {
    for (let at: string | null = after; at !== null;) {
      const { entries, isLast, end } = await names(folder, at, PAGE)
      yield entries.map(({ name }) => `${folder}/${name}`)
      at = isLast ? null : end
    }
  }
  async function* placesFrom(line: Line, from: string): AsyncGenerator<readonly string[]> {
    const folder = `${OUTBOX}/${folderOf(line)}`
    if (!keepsOrder(line)) {
      yield* within(folder, from)
      return
    }
    const [group = '', name = ''] = from.split('/')
    if (group !== '') yield* within(`${folder}/${group}`, name)
    for (let after: string | null = group; after !== null;) {
      const { groups, next } = await groupsIn(folder, after)
      for (const { name: each, part } of groups) {
        const inner = `${folder}/${each}`
        if (part !== null) yield usable(inner, part.entries).map((entry) => `${inner}/${entry.name}`)
        if (part?.isLast !== true) yield* within(inner, part?.entries.at(-1)?.name ?? '')
      }
      after = next
    }
  }

  return { usable, names, groupsIn, placesFrom }
}

function tooLong(bytes: number | null): string | null {
  return (bytes ?? 0) > LONGEST_ITEM ? 'it is longer than anything that is kept here' : null
}
