import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../net/deadline'
import { monotonicMs } from '../../net/monotonic-ms'
import { isDue } from '../due'
import { keepsOrder, type Line, lineOf, turnOf } from '../line'
import { type ItemLine, readItemLine, readItemText } from '../item-text'
import { byArrival, headerOf, type ItemHeader, type Outbox, type ParkedItem, type Turn } from '../store'
import { payloadOf, type Strays, Unreadable } from '../unreadable'
import { limiter } from './at-once'
import { groupWalk } from './group-walk'
import { digestOf, folderOf, IDS, lineIn, namesDueAt, OUTBOX, placeOf, readName, turnIn } from './item-place'
import { itemWalk } from './item-walk'
import { counter } from './line-counts'
import { type Entry, type Groups, type Medium, NOT_OURS } from './medium'
import { oldItems, textOf } from './old-items'
import { isItem, type Outcome, planned, type Planned } from './take'
import type { Listing, Search, Walk } from './walk'

/** A search for what is due takes no longer, found or not: a store's call is waited for 20 s at most. */
const SEARCH_MS = 4_000
/** How often it is noted where a walk through a line is. */
const MARK_EVERY_MS = 5_000
/** Where the walks are noted, a file a line. */
export const MARKS = 'marks'
/** An item that is not where its id leads has just been moved, or is gone. */
const MOST_LOOKS = 3
/** Longer than it takes to park one item; another who parks it at the same time is waited for. */
const PARK_MS = 10_000
const LOOK_MS = 5
/** Of turns that are due at once so many are remembered: whoever forgets one comes to it later. */
const MOST_DUE = 10_000

export interface FolderOutbox extends Outbox {
  /** Removes what leads from an id to nothing. `pointer`: a place below `ids`, old enough that nobody is about to write the item. */
  readonly tidyId: (pointer: string) => Promise<void>
}

/** Of an item that is taken: where it stands, null when it is gone; and who has it: a lease may have ended unseen, and another taken it then. */
interface Taken {
  place: string | null
  readonly holders: Set<string>
}

/** A line's walk, and when it was last noted where it is. */
interface Way {
  readonly line: Line
  readonly walk: Walk
  markedAt: number
  mark: string
}

/**
 * The outbox as files in folders, or as objects whose keys look so; item-place.ts has the layout. An item that changes its place is written to the new one
 * before it leaves the old one: a crash between the two repeats it, with the same id. So does a crash that loses what leads from an id to its place.
 */
export function folderOutbox(medium: Medium, strays: Strays): FolderOutbox {
  const few = limiter(medium.atOnce)
  const ways = new Map<string, Promise<Way>>()
  /** The items that are taken, by id. */
  const taken = new Map<string, Taken>()
  /** Turns that this instance has. */
  const holders = new Set<string>()
  /** What is due though its first item is not, since when: a destination that took one takes the next, unless that was put off later. */
  const dueAtOnce = new Map<string, number>()
  /** When items were written that were read. */
  const writtenAt = new WeakMap<ParkedItem, number>()
  /** Places of what cannot be read: it does not count. */
  const unreadable = new Set<string>()

  const pointerTo = (id: string): string => {
    const digest = digestOf(id)
    return `${IDS}/${digest.slice(0, 2)}/${digest}`
  }
  /** Where an id leads; null: nowhere. */
  const led = async (pointer: string): Promise<string | null> =>
    strays.passOver(medium.shown(pointer), async () => {
      const place = await medium.read(pointer)
      // It is just being written, or was when its process died.
      if (place === '') return null
      if (place !== null && !isPlace(place, pointer.slice(-32))) throw new Unreadable('it leads to no item')
      return place
    })

  const put = async (item: ParkedItem, place: string): Promise<number> => {
    const text = textOf({ ...headerOf(item), payload: item.payload }, newVersion())
    await medium.write(place, text)
    return Buffer.byteLength(text)
  }
  const old = oldItems(medium, strays, async (item) => {
    const place = placeOf(item)
    const pointer = pointerTo(item.id)
    if (!(await medium.create(pointer, place))) {
      const other = await led(pointer)
      // Parked anew meanwhile.
      if (other !== null && other !== place && (await medium.readStart(other)) !== null) return
      await medium.replace(pointer, place)
    }
    await put(item, place)
  })

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

  const wayOf = (line: Line): Promise<Way> => {
    const folder = `${OUTBOX}/${folderOf(line)}`
    const there = ways.get(folder)
    if (there !== undefined) return there
    const way = wayFrom(line, folder)
    ways.set(folder, way)
    way.catch(() => ways.delete(folder))
    return way
  }
  const wayFrom = async (line: Line, folder: string): Promise<Way> => {
    const listing: Listing = {
      folder,
      groups: (after) => groupsIn(folder, after),
      names,
      usable,
      isDue: (turn, name, now) => isDue(name, now) || dueAtOnce.has(turn),
      read: (name) => readName(name, line) ?? NO_NAME,
    }
    if (!keepsOrder(line)) return { line, walk: itemWalk(medium, listing), markedAt: Infinity, mark: '' }
    const text = await strays.passOver(medium.shown(markOf(line)), () => medium.read(markOf(line)))
    const mark = text !== null && /^[0-9a-f]{32}$/.test(text) ? text : ''
    return { line, walk: groupWalk(medium, listing, mark), markedAt: monotonicMs(), mark }
  }
  /** So that the next instance goes on where this one is stopped. */
  const markWay = async (way: Way, isStopped: boolean): Promise<void> => {
    const { place } = way.walk
    if (place === way.mark || (!isStopped && monotonicMs() < way.markedAt + MARK_EVERY_MS)) return
    way.markedAt = monotonicMs()
    way.mark = place
    await medium.replace(markOf(way.line), place)
  }

  /** Tells the walk through a line that is being emptied. */
  const tell = async (place: string, told: (walk: Walk) => void): Promise<void> => {
    const way = await ways.get(place.split('/', 2).join('/'))
    if (way !== undefined) told(way.walk)
  }
  const left = async (place: string): Promise<void> => {
    unreadable.delete(place)
    strays.forget(medium.shown(place))
    await tell(place, (walk) => walk.removed(turnIn(place), nameIn(place)))
  }

  const itemAt = async (place: string): Promise<Outcome> => {
    const shown = medium.shown(place)
    const text = await strays.passOver(shown, async () => {
      const found = await medium.read(place)
      if (found !== null) firstLine(found, place)
      return found ?? 'gone'
    })
    if (text === 'gone') return 'gone'
    // Its first line can be read, and is, without the rest.
    const found =
      text === null
        ? null
        : await strays.passOver(payloadOf(shown), async () => Promise.resolve(readItemText(text)))
    if (found === null) {
      unreadable.add(place)
      return 'unreadable'
    }
    unreadable.delete(place)
    writtenAt.set(found.item, timeIn(found.version))
    return found.item
  }
  const headerAt = async (place: string): Promise<ItemHeader | null> => {
    const line = await strays.passOver(medium.shown(place), async () => {
      const text = await medium.readStart(place)
      return text === null ? null : firstLine(text, place)
    })
    return line === null ? null : headerOf(line)
  }

  /** Calls with the place of an item until it is there; null when there is none. */
  const standing = async <T>(id: string, look: (place: string) => Promise<T | 'gone'>): Promise<T | null> => {
    for (let round = 0; round < MOST_LOOKS; round++) {
      const place = await led(pointerTo(id))
      if (place === null) return null
      const found = await look(place)
      if (found !== 'gone') return found
    }
    return null
  }

  /** Where they stand; what is taken, where it was taken: if another parks it anew meanwhile, it is delivered once more. */
  const placesOf = async (ids: readonly string[]): Promise<readonly string[]> => {
    const places = await Promise.all(
      ids.map(async (id) => taken.get(id)?.place ?? few(() => led(pointerTo(id)))),
    )
    return places.filter((place) => place !== null)
  }
  const removeAll = async (those: readonly string[]): Promise<void> => {
    const ids = [...new Set(those)]
    if (ids.length === 0) return
    const places = await placesOf(ids)
    // The items first: what leads to none is found and removed some day, an item to which nothing leads is delivered.
    const pointers = ids.map(pointerTo)
    await medium.remove([...places, ...ids.flatMap((id) => old.placeOf(id) ?? [])], pointers)
    for (const place of places) await left(place)
    for (const id of ids) {
      const own = taken.get(id)
      if (own !== undefined) own.place = null
      const shown = old.placeOf(id)
      if (shown !== null) strays.forget(medium.shown(shown))
    }
  }

  /** Reads what was planned of a turn that is taken; once more when something is not where it was listed. */
  const readPlanned = async (
    walk: Walk,
    { known, entries }: Planned,
    passed: Set<string>,
  ): Promise<readonly ParkedItem[]> => {
    const readThose = async (those: readonly Entry[]): Promise<readonly Outcome[]> =>
      Promise.all(those.map(({ name }) => few(() => itemAt(`${known.folder}/${name}`))))
    let those = entries
    let outcomes = await readThose(those)
    if (outcomes.includes('gone')) {
      await walk.again(known)
      those = known.entries.slice(0, entries.length)
      outcomes = await readThose(those)
    }
    for (const [index, { name }] of those.entries()) {
      if (outcomes[index] === 'unreadable') passed.add(`${known.folder}/${name}`)
    }
    known.entries = known.entries.filter(({ name }) => !passed.has(`${known.folder}/${name}`))
    return outcomes.filter(isItem)
  }

  const takes = (holder: string, id: string, place: string): void => {
    holders.add(holder)
    taken.set(id, { place, holders: (taken.get(id)?.holders ?? new Set()).add(holder) })
  }
  const takeTurn = async (way: Way, plan: Planned, search: Search, leaseMs: number): Promise<Turn | null> => {
    const { turn } = plan.known
    const holder = await few(() => medium.lease(turn, leaseMs))
    const giveUp = (): null => {
      search.skip.add(turn)
      way.walk.forget(turn)
      return null
    }
    if (holder === null) return giveUp()
    const [first, ...rest] = await readPlanned(way.walk, plan, search.passed)
    const mayGo = (item: ParkedItem): boolean =>
      isDue(item, search.now) || (dueAtOnce.get(turn) ?? 0) >= (writtenAt.get(item) ?? Infinity)
    if (first !== undefined && mayGo(first)) {
      for (const item of [first, ...rest]) takes(holder, item.id, placeOf(item))
      return { group: turnOf(first), holder, items: [first, ...rest] }
    }
    dueAtOnce.delete(turn)
    await few(() => medium.endLeases([{ turn, holder }]))
    return first === undefined ? null : giveUp()
  }

  /** Whether what is left of a turn is due at once; what the turn lost must be gone by now. */
  const goesOn = ({ holder, items }: Turn): boolean => {
    if (!holders.has(holder)) return false
    const places = items.map(({ id }) => taken.get(id)?.place ?? null)
    if (!places.includes(null)) return false
    const turn = turnIn(placeOf(items[0]))
    const [head] = places.filter((place) => place !== null && turnIn(place) === turn).sort()
    return head === undefined || items.some((item) => placeOf(item) === head)
  }

  /** Every item's place from one on, in the order of the line. */
  async function* placesFrom(line: Line, from: string): AsyncGenerator<readonly string[]> {
    const folder = `${OUTBOX}/${folderOf(line)}`
    async function* within(inner: string, after: string): AsyncGenerator<readonly string[]> {
      for (let at: string | null = after; at !== null;) {
        const { entries, isLast, end } = await names(inner, at, PAGE)
        yield entries.map(({ name }) => `${inner}/${name}`)
        at = isLast ? null : end
      }
    }
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

  const parkAnew = async (item: ParkedItem): Promise<void> => {
    const pointer = pointerTo(item.id)
    const own = taken.get(item.id)
    const known = own?.place ?? undefined
    const before = known ?? (await led(pointer))
    const isThere = known !== undefined || (before !== null && (await medium.readStart(before)) !== null)
    const parkedAt = isThere && before !== null ? parkedAtIn(before) : item.parkedAt
    const place = placeOf({ ...item, parkedAt })
    const bytes = await put({ ...item, parkedAt }, place)
    if (own !== undefined) own.place = place
    if (before !== place) await medium.replace(pointer, place)
    if (before !== null && before !== place) {
      await medium.remove([before])
      dueAtOnce.delete(turnIn(before))
      await left(before)
    }
    unreadable.delete(place)
    strays.forget(medium.shown(place))
    dueAtOnce.delete(turnIn(place))
    await tell(place, (walk) => walk.added(turnIn(place), { name: nameIn(place), bytes }))
  }
  /** Of those who park an item anew one after the other, where that costs little. */
  const alone = async (id: string, act: () => Promise<void>): Promise<void> => {
    if (!medium.looksTwice) return act()
    const turn = digestOf(`to park ${id}`)
    const deadline = Deadline.in(PARK_MS)
    let holder = await medium.lease(turn, PARK_MS)
    while (holder === null && !deadline.isOver) {
      await sleep(LOOK_MS)
      holder = await medium.lease(turn, PARK_MS)
    }
    try {
      await act()
    } finally {
      if (holder !== null) await medium.endLeases([{ turn, holder }])
    }
  }

  return {
    async park(item) {
      await old.moveOne(item.id)
      const pointer = pointerTo(item.id)
      const first = placeOf(item)
      const own = taken.get(item.id)
      if ((own?.place ?? null) === null && (await medium.create(pointer, first))) {
        const bytes = await put(item, first)
        if (own !== undefined) own.place = first
        // Parked twice at once: the other one has come later, and did not see this one.
        const last = medium.looksTwice ? await led(pointer) : first
        if (last !== first && last !== null) return medium.remove([first])
        strays.forget(medium.shown(first))
        dueAtOnce.delete(turnIn(first))
        return tell(first, (walk) => walk.added(turnIn(first), { name: nameIn(first), bytes }))
      }
      await alone(item.id, async () => parkAnew(item))
    },
    async read(id) {
      await old.moveOne(id)
      const found = await standing(id, itemAt)
      return found === 'unreadable' ? null : found
    },
    remove: removeAll,

    async lines() {
      await old.move(true)
      const counts = counter()
      const seen = new Set<string>()
      for await (const page of medium.everything(OUTBOX)) {
        for (const place of page) {
          const line = lineOfFolder(place.slice(0, place.lastIndexOf('/')))
          const name = line === null ? null : readName(nameIn(place), line)
          if (name === null) {
            if (!place.endsWith('/')) strays.note(medium.shown(place), NOT_OURS)
            if (seen.size < MOST_STRAYS) seen.add(place)
          } else if (unreadable.has(place)) seen.add(place)
          else counts.add(place, name)
        }
      }
      for (const place of unreadable) if (!seen.has(place)) unreadable.delete(place)
      const shown = new Set([...seen].map((place) => medium.shown(place)))
      strays.keep(medium.shown(`${OUTBOX}/`), (place) => shown.has(place))
      return counts.lines(async (places) => {
        for (const place of places) {
          const header = await headerAt(place)
          if (header !== null) return lineOf(header).destination
        }
        return null
      })
    },

    async page(line, from, most) {
      const start = typeof from === 'number' ? `${namesDueAt(from)}~` : (from ?? '')
      const folder = `${OUTBOX}/${folderOf(line)}`
      const headers: ItemHeader[] = []
      let last: string | null = null
      let ahead: readonly string[] = []
      for await (const places of placesFrom(line, start)) {
        ahead = places
        while (ahead.length > 0 && headers.length < most) {
          const those = ahead.slice(0, most - headers.length)
          ahead = ahead.slice(those.length)
          last = those.at(-1) ?? last
          const found = await Promise.all(those.map((place) => few(() => headerAt(place))))
          headers.push(...found.filter((header) => header !== null))
        }
        if (ahead.length > 0) break
      }
      const next = ahead.length > 0 && last !== null ? last.slice(folder.length + 1) : null
      if (from === null && next === null && keepsOrder(line)) headers.sort(byArrival)
      return { headers, next }
    },

    async takeDue(line, now, limits) {
      if (!(await old.move())) return []
      const way = await wayOf(line)
      const search: Search = {
        now,
        most: Math.max(1, Math.min(limits.groups, limits.items)),
        items: limits.items,
        deadline: Deadline.in(SEARCH_MS),
        skip: new Set(),
        passed: new Set(),
      }
      for (;;) {
        const due = await way.walk.due(search)
        const plan = await planned(medium, line, due, limits)
        const turns = await Promise.all(plan.map((one) => takeTurn(way, one, search, limits.leaseMs)))
        const got = turns.filter((turn) => turn !== null)
        if (got.length === 0 && due.length > 0 && !search.deadline.isOver) continue
        await markWay(way, search.deadline.isOver)
        return keepsOrder(line) ? got.sort((a, b) => byArrival(a.items[0], b.items[0])) : got
      }
    },
    async take(id, leaseMs) {
      if (!(await old.moveOne(id))) return 'unreadable'
      return standing(id, async (place) => {
        const turn = turnIn(place)
        const holder = await medium.lease(turn, leaseMs)
        if (holder === null) return null
        const item = await itemAt(place)
        if (isItem(item)) {
          takes(holder, id, place)
          return { group: turnOf(item), holder, items: [item] as const }
        }
        await medium.endLeases([{ turn, holder }])
        return item
      })
    },
    async giveBack(turns, gone = []) {
      await removeAll(gone)
      if (dueAtOnce.size > MOST_DUE) dueAtOnce.clear()
      for (const turn of turns) if (goesOn(turn)) dueAtOnce.set(digestOf(turn.group), Date.now())
      for (const { holder, items } of turns) {
        holders.delete(holder)
        for (const { id } of items) {
          const own = taken.get(id)
          own?.holders.delete(holder)
          if (own?.holders.size === 0) taken.delete(id)
        }
      }
      await medium.endLeases(turns.map(({ group, holder }) => ({ turn: digestOf(group), holder })))
    },

    async tidyId(pointer) {
      const place = await led(pointer)
      if (place !== null && (await medium.readStart(place)) === null) await medium.remove([pointer])
    },
  }
}

/** So many foreign names are remembered; who has more has one cause for all of them. */
const MOST_STRAYS = 10_000
/** Places are looked at so many at once. */
const PAGE = 1000
/** Stands for the name of what is none, which no list of a walk has. */
const NO_NAME = { id: '', parkedAt: 0, dueAt: 0, waitMs: 0 }

/** Of a body of 6 MiB, in base64, an item makes 8. */
const LONGEST_ITEM = 32 * 1024 * 1024

function tooLong(bytes: number | null): string | null {
  return (bytes ?? 0) > LONGEST_ITEM ? 'it is longer than anything that is kept here' : null
}

function markOf(line: Line): string {
  return `${MARKS}/${folderOf(line)}`
}

function nameIn(place: string): string {
  return place.slice(place.lastIndexOf('/') + 1)
}

/** The line whose items stand in this folder, as far as its names depend on it; null for a folder that holds none. */
function lineOfFolder(folder: string): Line | null {
  const [root, line = '', group, more] = folder.split('/')
  const found = lineIn(line)
  if (root !== OUTBOX || found === null || more !== undefined) return null
  const { kind, destination } = found
  const known = { kind, destination: destination ?? '' }
  const isGroup = group !== undefined && /^[0-9a-f]{32}$/.test(group)
  return isGroup === keepsOrder(known) && (isGroup || group === undefined) ? known : null
}

function parkedAtIn(place: string): number {
  const line = lineOfFolder(place.slice(0, place.lastIndexOf('/')))
  return (line === null ? null : readName(nameIn(place), line))?.parkedAt ?? 0
}

/** What the first line of an item's text says. Throws Unreadable. */
function firstLine(text: string, place: string): ItemLine {
  const line = readItemLine(text)
  if (placeOf(line) !== place) throw new Unreadable('its name is not that of its item')
  return line
}

/** Begins with the time of writing, ms since the epoch. */
function newVersion(): string {
  return Date.now().toString(16).padStart(12, '0') + randomBytes(6).toString('hex')
}

function timeIn(version: string): number {
  return parseInt(version.slice(0, 12), 16)
}

/** Whether it is the place of an item whose id has this digest: nothing else is ever followed. */
function isPlace(text: string, digest: string): boolean {
  const line = lineOfFolder(text.slice(0, text.lastIndexOf('/')))
  return line !== null && readName(nameIn(text), line)?.id === digest
}
