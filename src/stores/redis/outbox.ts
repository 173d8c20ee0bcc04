import { randomUUID } from 'node:crypto'
import type { RunCommand } from '../../net/redis-script'
import { USUAL_WAIT_MS } from '../due'
import { keepsOrder, type Line, lineNamed, lineOf, nameOfLine, turnOf } from '../line'
import {
  byArrival,
  type ItemHeader,
  LONGEST_LEASE_MS,
  type Outbox,
  type ParkedItem,
  type Turn,
} from '../store'
import { type Strays, Unreadable } from '../unreadable'
import { headerInValue, itemInValue, itemOfOld, valueOf } from './item-value'
import {
  GIVE_BACK,
  LINES,
  OLD_ITEMS,
  PAGE,
  PARK,
  READ,
  REMOVE,
  SHELVE,
  TAKE,
  TAKE_DUE,
} from './outbox-scripts'

/** So many are removed in one step: the server does nothing else meanwhile. */
const REMOVED_AT_ONCE = 256
/** Of the items on a page so much is looked at in one step. */
const PAGE_BYTES = 8 * 1024 * 1024
const PAGE_ITEMS = 256

/** The outbox below `prefix`: see outbox-scripts.ts. `strays` gets what cannot be read. */
export function redisOutbox(
  run: RunCommand,
  prefix: string,
  strays: Strays,
): Outbox & { readonly shelved: () => Promise<void> } {
  const root = `${prefix}outbox:`
  const items = `${root}items`
  /** Where v0.1 kept headers, parcels and arrivals. */
  const old = ['headers', 'parcels', 'arrivals'].map((part) => `${prefix}items:${part}`)
  const all = [items, ...old]
  const placeOf = (id: string): string => `${items}/${id}`
  const placeOfOld = (id: string): string => `${prefix}items:headers/${id}`

  /** Those that this instance has taken, and as what it has parked them anew since. */
  const taken = new Map<string, ParkedItem | null>()

  const put = async (item: ParkedItem, isAdopted: boolean): Promise<void> => {
    const { header, payload } = valueOf(item)
    const { id, group, parkedAt, dueAt } = item
    const line = nameOfLine(lineOf(item))
    const offAt = offAtOf(item)
    await PARK(run, all, [root, id, header, payload, line, group, parkedAt, dueAt, offAt, isAdopted ? 1 : 0])
  }

  /** Null for what cannot be read: it leaves its line, and stays where it is. */
  const read = async (id: string, value: string, line: Line, turn: string): Promise<ParkedItem | null> => {
    try {
      const item = itemInValue(id, value)
      strays.forget(placeOf(id))
      return item
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      strays.note(placeOf(id), error.message)
      await SHELVE(run, [items], [root, id, value, error.message, nameOfLine(line), turn])
      return null
    }
  }
  /** Null, and a stray, for what cannot be read. */
  const known = <T>(place: string, readIt: () => T): Promise<T | null> =>
    strays.passOver(place, async () => Promise.resolve(readIt()))

  /** Moves what v0.1 kept to where items stand now; what cannot be read stays, as do those that its sweep has at this moment. */
  const adopt = async (): Promise<void> => {
    let cursor = '0'
    do {
      const [next, ...found] = (await OLD_ITEMS(run, all, [root, cursor])) as [string, ...OldItem[]]
      await Promise.all(found.map(adoptOne))
      cursor = next
    } while (cursor !== '0')
  }
  const adoptOne = async ([id, header, payload, parkedAt]: OldItem): Promise<void> => {
    await strays.passOver(placeOfOld(id), async () => {
      const item = itemOfOld(id, header, payload, parkedAt)
      if (Number(await run('PTTL', `${prefix}items:lease:${id}`)) < 0) await put(item, true)
    })
  }

  const find = async (id: string): Promise<ParkedItem | 'unreadable' | null> => {
    const [value, header, payload, parkedAt] = (await READ(run, all, [root, id])) as [
      string | null,
      ...(string | null)[],
    ]
    if (value !== null) {
      const found = await known(placeOf(id), () => itemInValue(id, value))
      return found ?? 'unreadable'
    }
    if (header == null) return null
    const found = await known(placeOfOld(id), () => itemOfOld(id, header, payload ?? null, parkedAt ?? null))
    return found ?? 'unreadable'
  }

  return {
    async park(item) {
      await put(item, false)
      if (taken.has(item.id)) taken.set(item.id, item)
      strays.forget(placeOf(item.id))
      strays.forget(placeOfOld(item.id))
    },
    async read(id) {
      const found = await find(id)
      return found === 'unreadable' ? null : found
    },
    async remove(ids) {
      for (let start = 0; start < ids.length; start += REMOVED_AT_ONCE)
        await REMOVE(run, all, [root, ...ids.slice(start, start + REMOVED_AT_ONCE)])
      for (const id of ids) for (const place of [placeOf(id), placeOfOld(id)]) strays.forget(place)
    },
    async lines() {
      let answer = (await LINES(run, [items, old[0] ?? ''], [root])) as LinesAnswer
      if (answer[0] === 1) {
        await adopt()
        answer = (await LINES(run, [items, old[0] ?? ''], [root])) as LinesAnswer
      }
      const [, ...lines] = answer
      return lines.map(([name, count, oldest]) => ({
        line: lineNamed(name),
        items: Number(count),
        oldest: Number(oldest),
      }))
    },
    async page(line, from, most) {
      const headers: ItemHeader[] = []
      let next: readonly [number | string, number] | null =
        typeof from === 'number' ? [`(${from}`, 0] : cursorIn(from)
      while (next !== null && headers.length < most) {
        const count = Math.min(PAGE_ITEMS, most - headers.length)
        const [heads, group, item] = (await PAGE(
          run,
          [items],
          [root, nameOfLine(line), ...next, count, PAGE_BYTES],
        )) as [string[], number?, number?]
        for (const [id, head] of pairs(heads)) {
          const header = await known(placeOf(id), () => headerInValue(id, head))
          if (header !== null) headers.push(header)
        }
        next = group === undefined ? null : [group, item ?? 0]
      }
      if (from === null && next === null && keepsOrder(line)) headers.sort(byArrival)
      return { headers, next: next === null ? null : next.join('.') }
    },
    async takeDue(line, now, { groups, items: most, bytes, leaseMs }) {
      const holder = randomUUID()
      const visibleAt = Date.now() + leaseOf(leaseMs)
      const dueBy = now === Infinity ? '+inf' : now
      const wrongAfter = now === Infinity ? '+inf' : now
      const lease = [holder, leaseOf(leaseMs), LONGEST_LEASE_MS, visibleAt]
      const answer: string[][] = []
      for (let left = { groups, items: most, bytes }; left.groups > 0 && left.items > 0 && left.bytes > 0;) {
        const asked = Math.min(left.groups, TURNS_A_STEP)
        const limits = [asked, left.items, left.bytes]
        const words = [root, nameOfLine(line), dueBy, wrongAfter, ...limits, ...lease]
        const more = (await TAKE_DUE(run, [items], words)) as string[][]
        answer.push(...more)
        const values = more.flatMap(([, ...those]) => pairs(those))
        const bytesTaken = values.reduce((sum, [, value]) => sum + value.length, 0)
        left = {
          groups: left.groups - more.length,
          items: left.items - values.length,
          bytes: left.bytes - bytesTaken,
        }
        if (more.length < asked) break
      }
      const turns: Turn[] = []
      for (const [group = '', ...values] of answer) {
        const readable: ParkedItem[] = []
        for (const [id, value] of pairs(values)) {
          const item = await read(id, value, line, group)
          if (item !== null) readable.push(item)
        }
        const [first, ...rest] = readable
        const turn = { group, holder: `${holder}/${visibleAt}` }
        if (first === undefined) await giveBack([{ ...turn, line, gone: [] }])
        else turns.push({ ...turn, items: [first, ...rest] })
      }
      for (const { items: those } of turns) for (const { id } of those) taken.set(id, null)
      return keepsOrder(line) ? turns.sort((a, b) => byArrival(a.items[0], b.items[0])) : turns
    },
    async take(id, leaseMs) {
      for (let round = 0; round < 2; round++) {
        const found = await find(id)
        if (found === null || found === 'unreadable') return found
        const holder = randomUUID()
        const group = turnOf(found)
        const words = [root, id, group, holder, leaseOf(leaseMs), LONGEST_LEASE_MS, nameOfLine(lineOf(found))]
        const value = (await TAKE(run, [items], words)) as string | null
        if (value !== null) {
          taken.set(id, null)
          return { group, holder: `${holder}/0`, items: [itemInValue(id, value)] }
        }
        // One of v0.1's is moved first.
        if (round === 0) await adoptById(id)
      }
      return null
    },
    async giveBack(turns, gone = []) {
      const isGone = new Set(gone)
      await giveBack(
        turns.map(({ group, holder, items: those }) => {
          const line = lineOf(those[0])
          const due = dueNow(line, group, those, isGone)
          return {
            ...{ line, group, holder },
            ...(due && { dueAt: due.dueAt, offAt: offAtOf(due) }),
            gone: those.map(({ id }) => id).filter((id) => isGone.has(id)),
          }
        }),
      )
      for (const { items: those } of turns) for (const { id } of those) taken.delete(id)
      for (const id of gone) strays.forget(placeOf(id))
    },
    async shelved() {
      const [, found] = (await run('HSCAN', `${root}unreadable`, 0, 'COUNT', 100)) as [string, string[]]
      for (const [id, problem] of pairs(found)) strays.note(placeOf(id), problem)
    },
  }

  /** What says when a turn's group is due; null: it is at once, for what was taken of it was due. */
  function dueNow(
    line: Line,
    group: string,
    those: Turn['items'],
    isGone: ReadonlySet<string>,
  ): ParkedItem | null {
    if (!keepsOrder(line)) return those[0]
    for (const { id } of those) {
      const anew = taken.get(id) ?? null
      const hasLeft = isGone.has(id) || (anew !== null && turnOf(anew) !== group)
      if (!hasLeft) return anew
    }
    return null
  }

  async function giveBack(turns: readonly Given[]): Promise<void> {
    if (turns.length === 0) return
    const words = turns.map(({ line, group, holder, dueAt = '', offAt = '', gone }) => {
      const [who = '', visibleAt = ''] = holder.split('/')
      return [nameOfLine(line), group, who, visibleAt, dueAt, offAt, gone.length, ...gone]
    })
    const steps = Array.from({ length: Math.ceil(words.length / TURNS_A_STEP) }, (_, step) =>
      words.slice(step * TURNS_A_STEP, (step + 1) * TURNS_A_STEP).flat(),
    )
    await Promise.all(steps.map((step) => GIVE_BACK(run, [items], [root, ...step])))
  }

  async function adoptById(id: string): Promise<void> {
    const [, header, payload, parkedAt] = (await READ(run, all, [root, id])) as (string | null)[]
    if (header != null) await adoptOne([id, header, payload ?? null, parkedAt ?? null])
  }
}

/** Groups that one script sees to at most: while it runs, Redis does nothing else. */
const TURNS_A_STEP = 32

interface Given {
  readonly line: Line
  readonly group: string
  readonly holder: string
  /** When it is due, and when it was put off: at once unless given. */
  readonly dueAt?: number
  readonly offAt?: number
  readonly gone: readonly string[]
}

type OldItem = [id: string, header: string, payload: string | null, parkedAt: string | null]
type LinesAnswer = [number, ...[line: string, count: string, oldest: string][]]

/** Redis takes whole milliseconds, one at least. */
function leaseOf(ms: number): number {
  return Math.min(LONGEST_LEASE_MS, Math.max(1, Math.ceil(ms)))
}

/** By the clock of whoever did it. */
function offAtOf({ dueAt, waitMs = USUAL_WAIT_MS }: ItemHeader): number {
  return dueAt - waitMs
}

function cursorIn(from: string | null): readonly [number, number] {
  const [group = 0, item = 0] = (from ?? '').split('.').map(Number)
  return [group || 0, item || 0]
}

function pairs(flat: readonly string[]): [string, string][] {
  return flat.flatMap((word, i): [string, string][] => (i % 2 === 0 ? [[word, flat[i + 1] ?? '']] : []))
}
