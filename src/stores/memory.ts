import { EMBEDDED } from '../delivery/driver'
import { slideWindow } from '../delivery/sliding-window'
import { byArrival, headerOf, LONGEST_LEASE_MS, type ParkedItem, type StoreDriver } from './store'

interface KeyState {
  /** null: done. */
  readonly holder: string | null
  readonly endsAt: number
}

interface ItemState {
  readonly item: ParkedItem
  readonly takenUntil: number
}

/** `memory:` keeps everything in this process, and forgets it with the process. For tests and trials. */
const open: StoreDriver['open'] = (url) => {
  if (url !== 'memory:') throw new Error('a memory store takes no parameters: write memory:')
  let claims = 0
  const keys = new Map<string, KeyState>()
  const items = new Map<string, ItemState>()
  const notes = new Map<string, { readonly value: string; readonly endsAt: number }>()
  const windows = new Map<string, { readonly times: readonly number[]; readonly endsAt: number }>()

  return {
    scheme: 'memory',
    ...EMBEDDED,

    async claim(key, leaseMs) {
      const now = Date.now()
      const state = keys.get(key)
      if (state !== undefined && isOn(state, now)) {
        return Promise.resolve(
          state.holder === null ? { kind: 'done' } : { kind: 'held', retryAfterMs: state.endsAt - now },
        )
      }
      const holder = `memory-${(claims += 1)}`
      keys.set(key, { holder, endsAt: now + Math.min(leaseMs, LONGEST_LEASE_MS) })
      return Promise.resolve({ kind: 'claimed', holder })
    },
    async settle(key, keepMs) {
      keys.set(key, { holder: null, endsAt: Date.now() + keepMs })
      return Promise.resolve()
    },
    async release(key, holder) {
      if (keys.get(key)?.holder === holder) keys.delete(key)
      return Promise.resolve()
    },

    async park(item) {
      const parkedAt = items.get(item.id)?.item.parkedAt ?? item.parkedAt
      items.set(item.id, { item: structuredClone({ ...item, parkedAt }), takenUntil: 0 })
      return Promise.resolve()
    },
    async list() {
      return Promise.resolve([...items.values()].map(({ item }) => headerOf(item)).sort(byArrival))
    },
    async read(id) {
      return Promise.resolve(structuredClone(items.get(id)?.item ?? null))
    },
    async take(id, leaseMs) {
      const state = items.get(id)
      const now = Date.now()
      if (state === undefined || isLeased(state.takenUntil, now)) return Promise.resolve(null)
      items.set(id, { item: state.item, takenUntil: now + Math.min(leaseMs, LONGEST_LEASE_MS) })
      return Promise.resolve(structuredClone(state.item))
    },
    async remove(id) {
      items.delete(id)
      return Promise.resolve()
    },

    async note(name) {
      const note = notes.get(name)
      return Promise.resolve(note !== undefined && note.endsAt > Date.now() ? note.value : null)
    },
    async setNote(name, value, keepMs) {
      if (value === null) notes.delete(name)
      else notes.set(name, { value, endsAt: keepMs === null ? Infinity : Date.now() + keepMs })
      return Promise.resolve()
    },

    async admit(name, messages, perMs) {
      const now = Date.now()
      const { waitMs, times } = slideWindow(windows.get(name)?.times ?? [], now, messages, perMs)
      windows.set(name, { times, endsAt: now + perMs })
      return Promise.resolve(waitMs)
    },

    async tidy() {
      const now = Date.now()
      for (const map of [keys, notes, windows]) {
        for (const [key, { endsAt }] of map) if (endsAt <= now) map.delete(key)
      }
      return Promise.resolve()
    },
    async strays() {
      return Promise.resolve([])
    },
  }
}

/** A mark that is done is done; a lease that ends later than any can was given before the clock was set right. */
function isOn({ holder, endsAt }: KeyState, now: number): boolean {
  return holder === null ? endsAt > now : isLeased(endsAt, now)
}

function isLeased(endsAt: number, now: number): boolean {
  return endsAt > now && endsAt <= now + LONGEST_LEASE_MS
}

export const driver: StoreDriver = { schemes: ['memory'], form: 'memory:', open }
