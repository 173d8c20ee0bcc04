import { randomBytes } from 'node:crypto'
import { Deadline } from '../../net/deadline'
import { isDue } from '../due'
import { keepsOrder, lineOf, turnOf } from '../line'
import { type ItemLine, readItemLine, readItemText } from '../item-text'
import { byArrival, headerOf, type ItemHeader, type Outbox, type ParkedItem, type Turn } from '../store'
import { payloadOf, type Strays, Unreadable } from '../unreadable'
import { limiter } from './at-once'
import { heldTurns } from './held-turns'
import {
  digestOf,
  folderOf,
  lineOfFolder,
  nameIn,
  namesDueAt,
  OUTBOX,
  parkedAtIn,
  placeOf,
  readName,
  turnIn,
} from './item-place'
import { counter } from './line-counts'
import { listsOf, MOST_STRAYS } from './lists'
import { type Entry, type Medium, NOT_OURS } from './medium'
import { oldItems, textOf } from './old-items'
import { pointersIn, pointerTo } from './pointers'
import { isItem, type Outcome, planned, type Planned } from './take'
import type { Search, Walk } from './walk'
import { type Way, waysThrough } from './ways'

/** A search for what is due takes no longer, found or not: a store's call is waited for 20 s at most. */
const SEARCH_MS = 4_000
/** Of turns that are due at once so many are remembered: whoever forgets one comes to it later. */
const MOST_DUE = 10_000

export interface FolderOutbox extends Outbox {
  /** Removes what leads from an id to nothing. `pointer`: a place below `ids`, old enough that nobody is about to write the item. */
  readonly tidyId: (pointer: string) => Promise<void>
}

/**
 * The outbox as files in folders, or as objects whose keys look so; item-place.ts has the layout. An item that changes its place is written to the new one
 * before it leaves the old one: a crash between the two repeats it, with the same id. So does a crash that loses what leads from an id to its place.
 */
export function folderOutbox(medium: Medium, strays: Strays): FolderOutbox {
  const few = limiter(medium.atOnce)
  const held = heldTurns()
  /** What is due though its first item is not, since when: a destination that took one takes the next, unless that was put off later. */
  const dueAtOnce = new Map<string, number>()
  /** When items were written that were read. */
  const writtenAt = new WeakMap<ParkedItem, number>()
  /** Places of what cannot be read: it does not count. */
  const unreadable = new Set<string>()
  const { led, standing, alone } = pointersIn(medium, strays)
  const { usable, names, groupsIn, placesFrom } = listsOf(medium, strays, unreadable)
  const ways = waysThrough(medium, strays, (line, folder) => ({
    folder,
    groups: (after) => groupsIn(folder, after),
    names,
    usable,
    isDue: (turn, name, now) => isDue(name, now) || dueAtOnce.has(turn),
    read: (name) => readName(name, line) ?? NO_NAME,
  }))

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

  const left = async (place: string): Promise<void> => {
    unreadable.delete(place)
    strays.forget(medium.shown(place))
    await ways.tell(place, (walk) => walk.removed(turnIn(place), nameIn(place)))
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

  /** Where they stand; what is taken, where it was taken: if another parks it anew meanwhile, it is delivered once more. */
  const placesOf = async (ids: readonly string[]): Promise<readonly string[]> => {
    const places = await Promise.all(ids.map(async (id) => held.placeOf(id) ?? few(() => led(pointerTo(id)))))
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
      held.moved(id, null)
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

  const begun = (turn: Turn): Turn => {
    held.begin(turn)
    return turn
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
      return begun({ group: turnOf(first), holder, items: [first, ...rest] })
    }
    dueAtOnce.delete(turn)
    await few(() => medium.endLeases([{ turn, holder }]))
    return first === undefined ? null : giveUp()
  }

  const parkAnew = async (item: ParkedItem): Promise<void> => {
    const pointer = pointerTo(item.id)
    const known = held.placeOf(item.id)
    const before = known ?? (await led(pointer))
    const isThere = known !== null || (before !== null && (await medium.readStart(before)) !== null)
    const parkedAt = isThere && before !== null ? parkedAtIn(before) : item.parkedAt
    const place = placeOf({ ...item, parkedAt })
    const bytes = await put({ ...item, parkedAt }, place)
    held.moved(item.id, place)
    if (before !== place) await medium.replace(pointer, place)
    if (before !== null && before !== place) {
      await medium.remove([before])
      dueAtOnce.delete(turnIn(before))
      await left(before)
    }
    unreadable.delete(place)
    strays.forget(medium.shown(place))
    dueAtOnce.delete(turnIn(place))
    await ways.tell(place, (walk) => walk.added(turnIn(place), { name: nameIn(place), bytes }))
  }
  return {
    async park(item) {
      await old.moveOne(item.id)
      const pointer = pointerTo(item.id)
      const first = placeOf(item)
      if (held.placeOf(item.id) === null && (await medium.create(pointer, first))) {
        const bytes = await put(item, first)
        held.moved(item.id, first)
        // Parked twice at once: the other one has come later, and did not see this one.
        const last = medium.looksTwice ? await led(pointer) : first
        if (last !== first && last !== null) return medium.remove([first])
        strays.forget(medium.shown(first))
        dueAtOnce.delete(turnIn(first))
        return ways.tell(first, (walk) => walk.added(turnIn(first), { name: nameIn(first), bytes }))
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
      const way = await ways.of(line)
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
        await ways.mark(way, search.deadline.isOver)
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
          return begun({ group: turnOf(item), holder, items: [item] })
        }
        await medium.endLeases([{ turn, holder }])
        return item
      })
    },
    async giveBack(turns, gone = []) {
      await removeAll(gone)
      if (dueAtOnce.size > MOST_DUE) dueAtOnce.clear()
      for (const turn of turns) if (held.end(turn)) dueAtOnce.set(digestOf(turn.group), Date.now())
      await medium.endLeases(turns.map(({ group, holder }) => ({ turn: digestOf(group), holder })))
    },

    async tidyId(pointer) {
      const place = await led(pointer)
      if (place !== null && (await medium.readStart(place)) === null) await medium.remove([pointer])
    },
  }
}

/** Stands for the name of what is none, which no list of a walk has. */
const NO_NAME = { id: '', parkedAt: 0, dueAt: 0, waitMs: 0 }

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
