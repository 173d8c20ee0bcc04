import { Deadline } from '../../net/deadline'
import { sha256 } from '../../sha256'
import type { BucketObjects, ListedObject } from '../../tencent/bucket-objects'
import { limiter } from '../folder/at-once'
import type { Entry, Group, Medium } from '../folder/medium'
import type { Marks } from './marks'

/** What is read of an item for its header; a longer header costs a second request. */
const HEADER_BYTES = 4096
/** An item's first line holds no more than a group and an error beside a few numbers. */
const LONGEST_HEADER = 1024 * 1024
const AT_ONCE = 16
const REMEMBERS = 8192
/** As many as COS lists in one answer. */
const PAGE = 1000
/** What is listed to be counted is left off after so long, or so many pages: a store's call is waited for 20 s at most. More than that is not counted. */
const COUNT_MS = 15_000
const MOST_PAGES = 1_500
/** A lease that has so long to run is ours as long as nobody could take it over by a clock of his own. */
const MARGIN_MS = 30_000

/** Objects below `prefix`. `leases`: the folder of leases within it. */
export function bucketMedium(objects: BucketObjects, prefix: string, leases: string, marks: Marks): Medium {
  const few = limiter(AT_ONCE)
  /** Until when the leases of this instance run, by their holders. */
  const ends = new Map<string, number>()
  const keyOf = (place: string): string => prefix + place
  const leaseOf = (turn: string): string => `${prefix}${leases}/${sha256(turn, 'hex')}`
  const entriesOf = (folder: string, listed: readonly ListedObject[]): readonly Entry[] =>
    listed.map(({ key, bytes }) => ({ name: key.slice(folder.length), bytes }))

  return {
    atOnce: AT_ONCE,
    remembers: REMEMBERS,
    looksTwice: false,
    shown: keyOf,
    async *everything(folder) {
      const root = keyOf(`${folder}/`)
      const deadline = Deadline.in(COUNT_MS)
      let pages = 0
      for (
        let after: string | null = '';
        after !== null && pages < MOST_PAGES && !deadline.isOver;
        pages += 1
      ) {
        const { objects: listed, isLast } = await objects.below(root, after, PAGE)
        yield listed.map(({ key }) => key.slice(prefix.length))
        after = isLast ? null : (listed.at(-1)?.key.slice(root.length) ?? null)
      }
    },
    async groups(folder, after) {
      const root = keyOf(`${folder}/`)
      // `0` follows `/`: what begins with the group's name and a slash is passed over, however much of it there is.
      const { objects: listed, isLast } = await objects.below(root, after === '' ? '' : `${after}0`, PAGE)
      const groups = groupsOf(entriesOf(root, listed), isLast)
      const last = listed.at(-1)?.key.slice(root.length).split('/')[0] ?? null
      return { groups, next: isLast ? null : last }
    },
    async names(folder, after, most) {
      const root = keyOf(`${folder}/`)
      const { objects: listed, isLast } = await objects.below(root, after, most)
      return { entries: entriesOf(root, listed), isLast }
    },
    // A list always tells.
    bytesOf: async () => Promise.resolve(null),
    read: (place) => objects.read(keyOf(place)),
    async readStart(place) {
      const start = await objects.readStart(keyOf(place), HEADER_BYTES)
      return start === null || start.includes('\n') ? start : objects.readStart(keyOf(place), LONGEST_HEADER)
    },
    write: (place, text) => objects.write(keyOf(place), text),
    create: (place, text) => objects.create(keyOf(place), text),
    replace: (place, text) => objects.write(keyOf(place), text),
    remove: (places, last = []) => objects.removeAll([...places, ...last].map(keyOf)),
    async lease(turn, leaseMs) {
      const got = await marks.acquire(leaseOf(turn), leaseMs)
      if (got.kind === 'there') return null
      ends.set(got.holder, got.endsAt)
      return got.holder
    },
    async endLeases(those) {
      const ours = await Promise.all(
        those.map(({ turn, holder }) =>
          few(async () => {
            const isSurelyOurs = (ends.get(holder) ?? 0) > Date.now() + MARGIN_MS
            ends.delete(holder)
            return isSurelyOurs || (await marks.read(leaseOf(turn)))?.holder === holder
          }),
        ),
      )
      await objects.removeAll(those.filter((_, index) => ours[index]).map(({ turn }) => leaseOf(turn)))
    },
  }
}

/** What was listed of a line's folder, by its groups. */
function groupsOf(entries: readonly Entry[], isLast: boolean): readonly Group[] {
  const groups = new Map<string, Entry[]>()
  for (const { name, bytes } of entries) {
    const slash = name.indexOf('/')
    const group = slash === -1 ? name : name.slice(0, slash)
    const entry = { name: slash === -1 ? '' : name.slice(slash + 1), bytes }
    const others = groups.get(group)
    if (others === undefined) groups.set(group, [entry])
    else others.push(entry)
  }
  const names = [...groups.keys()]
  return [...groups].map(([name, part]) => ({
    name,
    part: { entries: part, isLast: isLast || name !== names.at(-1) },
  }))
}
