import { EMBEDDED } from '../drivers/driver'
import { slideWindow } from './sliding-window'
import { isDue } from './due'
import { keepsOrder, type Line, lineOf, nameOfLine, turnOf } from './line'
import {
  byArrival,
  headerOf,
  type LineCount,
  LONGEST_LEASE_MS,
  type ParkedItem,
  type StoreDriver,
  type Turn,
} from './store'

interface KeyState {
  /** null: done. */
  readonly holder: string | null
  readonly endsAt: number
}

/** `memory:` keeps everything in this process, and forgets it with the process. For tests and trials. */
const open: StoreDriver['open'] = (url) => {
  if (url !== 'memory:') throw new Error('a memory store takes no parameters: write memory:')
  let claims = 0
  const keys = new Map<string, KeyState>()
  const items = new Map<string, ParkedItem>()
  /** Of turns that are on, by group. */
  const leases = new Map<string, { readonly holder: string; readonly endsAt: number }>()
  /** What is due though its first item is not. */
  const dueAtOnce = new Set<string>()
  const notes = new Map<string, { readonly value: string; readonly endsAt: number }>()
  const windows = new Map<string, { readonly times: readonly number[]; readonly endsAt: number }>()

  const noteNow = (name: string): string | null => {
    const note = notes.get(name)
    return note !== undefined && note.endsAt > Date.now() ? note.value : null
  }
  const setNote = (name: string, value: string | null, keepMs: number | null): void => {
    if (value === null) notes.delete(name)
    else notes.set(name, { value, endsAt: keepMs === null ? Infinity : Date.now() + keepMs })
  }

  const standingIn = (line: Line): ParkedItem[] => {
    const name = nameOfLine(line)
    const standing = [...items.values()].filter((item) => nameOfLine(lineOf(item)) === name)
    return standing.sort(keepsOrder(line) ? byArrival : (a, b) => a.dueAt - b.dueAt || byArrival(a, b))
  }
  const lease = (group: string, leaseMs: number): string | null => {
    const now = Date.now()
    if (isLeased(leases.get(group)?.endsAt ?? 0, now)) return null
    const holder = `memory-${(claims += 1)}`
    leases.set(group, { holder, endsAt: now + Math.min(leaseMs, LONGEST_LEASE_MS) })
    return holder
  }

  return {
    scheme: 'memory',
    ...EMBEDDED,

    async claim(key, leaseMs, noteName) {
      const now = Date.now()
      const state = keys.get(key)
      const noted = noteName === undefined ? {} : { note: noteNow(noteName) }
      if (state !== undefined && isOn(state, now)) {
        return Promise.resolve(
          state.holder === null
            ? { kind: 'done', ...noted }
            : { kind: 'held', retryAfterMs: state.endsAt - now, ...noted },
        )
      }
      const holder = `memory-${(claims += 1)}`
      keys.set(key, { holder, endsAt: now + Math.min(leaseMs, LONGEST_LEASE_MS) })
      return Promise.resolve({ kind: 'claimed', holder, ...noted })
    },
    async settle(key, keepMs) {
      keys.set(key, { holder: null, endsAt: Date.now() + keepMs })
      return Promise.resolve()
    },
    async release(key, holder) {
      if (keys.get(key)?.holder === holder) keys.delete(key)
      return Promise.resolve()
    },
    async areSettled(those) {
      const now = Date.now()
      return Promise.resolve(
        those.map((key) => {
          const state = keys.get(key)
          return state !== undefined && state.holder === null && state.endsAt > now
        }),
      )
    },

    async park(item) {
      const before = items.get(item.id)
      const parkedAt = before?.parkedAt ?? item.parkedAt
      items.set(item.id, structuredClone({ ...item, parkedAt }))
      for (const one of [before, item]) if (one !== undefined) dueAtOnce.delete(turnOf(one))
      return Promise.resolve()
    },
    async read(id) {
      return Promise.resolve(structuredClone(items.get(id) ?? null))
    },
    async remove(ids) {
      for (const id of ids) items.delete(id)
      return Promise.resolve()
    },
    async lines() {
      const counts = new Map<string, LineCount>()
      for (const item of items.values()) {
        const line = lineOf(item)
        const before = counts.get(nameOfLine(line))
        counts.set(nameOfLine(line), {
          line,
          items: (before?.items ?? 0) + 1,
          oldest: Math.min(before?.oldest ?? Infinity, item.parkedAt),
        })
      }
      return Promise.resolve([...counts.values()])
    },
    async page(line, from, most) {
      const all = standingIn(line).map(headerOf)
      const after = all.findIndex(({ dueAt }) => typeof from === 'number' && dueAt > from)
      const start = typeof from === 'number' ? (after < 0 ? all.length : after) : Number(from ?? 0)
      const headers = all.slice(start, start + most)
      return Promise.resolve({ headers, next: start + most < all.length ? String(start + most) : null })
    },
    async takeDue(line, now, { groups, items: most, bytes, leaseMs }) {
      const taken: Turn[] = []
      const waiting = byTurn(standingIn(line))
      const due = [...waiting]
        .filter(([group, [first]]) => first !== undefined && (isDue(first, now) || dueAtOnce.has(group)))
        .filter(([group]) => !isLeased(leases.get(group)?.endsAt ?? 0, Date.now()))
        .sort(([, [a]], [, [b]]) => (a?.dueAt ?? 0) - (b?.dueAt ?? 0))
        .slice(0, groups)
      const each = Math.max(1, Math.ceil(most / Math.max(1, due.length)))
      let items = 0
      let size = 0
      for (const [group, standing] of keepsOrder(line) ? due.sort(byFirst) : due) {
        const some: ParkedItem[] = []
        for (const item of standing.slice(0, each)) {
          const length = JSON.stringify(item).length
          if (items > 0 && (items >= most || size + length > bytes)) break
          some.push(item)
          items += 1
          size += length
        }
        const [first, ...rest] = some
        const holder = first === undefined ? null : lease(group, leaseMs)
        if (first === undefined || holder === null) break
        taken.push({ group, holder, items: structuredClone([first, ...rest]) })
      }
      return Promise.resolve(taken)
    },
    async take(id, leaseMs) {
      const item = items.get(id)
      const holder = item === undefined ? null : lease(turnOf(item), leaseMs)
      return Promise.resolve(
        item === undefined || holder === null
          ? null
          : { group: turnOf(item), holder, items: [structuredClone(item)] },
      )
    },
    async giveBack(turns, gone = []) {
      for (const id of gone) items.delete(id)
      for (const { group, holder, items: taken } of turns) {
        const [head] = standingIn(lineOf(taken[0])).filter((item) => turnOf(item) === group)
        const isAnew = taken.some(({ id, dueAt }) => id === head?.id && dueAt !== head.dueAt)
        if (!isAnew && taken.some(({ id }) => !items.has(id))) dueAtOnce.add(group)
        if (leases.get(group)?.holder === holder) leases.delete(group)
      }
      return Promise.resolve()
    },

    async note(name) {
      return Promise.resolve(noteNow(name))
    },
    async setNote(name, value, keepMs) {
      setNote(name, value, keepMs)
      return Promise.resolve()
    },
    async swapNote(name, before, value, keepMs) {
      const isSame = noteNow(name) === before
      if (isSame) setNote(name, value, keepMs)
      return Promise.resolve(isSame)
    },

    async admit(name, messages, perMs) {
      const now = Date.now()
      const { waitMs, times } = slideWindow(windows.get(name)?.times ?? [], now, messages, perMs)
      windows.set(name, { times, endsAt: now + perMs })
      return Promise.resolve(waitMs)
    },

    async tidy() {
      const now = Date.now()
      for (const map of [keys, notes, windows, leases]) {
        for (const [key, { endsAt }] of map) if (endsAt <= now) map.delete(key)
      }
      const there = new Set([...items.values()].map(turnOf))
      for (const group of dueAtOnce) if (!there.has(group)) dueAtOnce.delete(group)
      return Promise.resolve()
    },
    async strays() {
      return Promise.resolve([])
    },
  }
}

function byTurn(items: readonly ParkedItem[]): ReadonlyMap<string, readonly ParkedItem[]> {
  const turns = new Map<string, ParkedItem[]>()
  for (const item of items) {
    const others = turns.get(turnOf(item))
    if (others === undefined) turns.set(turnOf(item), [item])
    else others.push(item)
  }
  return turns
}

function byFirst([, [a]]: TurnOfItems, [, [b]]: TurnOfItems): number {
  return a === undefined || b === undefined ? 0 : byArrival(a, b)
}

type TurnOfItems = readonly [string, readonly ParkedItem[]]

/** A mark that is done is done; a lease that ends later than any can was given before the clock was set right. */
function isOn({ holder, endsAt }: KeyState, now: number): boolean {
  return holder === null ? endsAt > now : isLeased(endsAt, now)
}

function isLeased(endsAt: number, now: number): boolean {
  return endsAt > now && endsAt <= now + LONGEST_LEASE_MS
}

export const driver: StoreDriver = { schemes: ['memory'], form: 'memory:', open }
