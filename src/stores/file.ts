import { createHash, randomBytes } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { slideWindow } from '../delivery/sliding-window'
import {
  createFile,
  isAbandonedDraft,
  listFolder,
  orNull,
  parseJson,
  readFileOrNull,
  readJsonOrNull,
  replaceFile,
} from '../disk/atomic-file'
import { type Expiring, isOver, removeWhenOver } from '../disk/expiry'
import { filePathOf } from '../disk/line-file'
import { dropLeases, endLease, sweepLeases, takeLease } from '../disk/lease-chain'
import { dropState, readState, swapState } from '../disk/swap-state'
import { type ItemLine, itemText, readItemLine, readItemText } from './item-text'
import { byArrival, headerOf, type ItemHeader, type OpenStore, type ParkedItem, type Store } from './store'

/** A window that ended so long ago is of no more use to a process that just looked at it. */
const GRACE_MS = 3_600_000
/** Claims may be many; they are looked through this often. */
const CLAIM_SWEEP_MS = 3_600_000

const DONE = '.done'

interface Note extends Expiring {
  readonly name: string
  readonly value: string
}

interface Window extends Expiring {
  readonly times: readonly number[]
}

/**
 * `file:DIR`: any number of processes of one machine may use the folder, but not over a network file system.
 *
 * A write is a whole new file, moved into place; a lease is a file that must not exist before (see lease-chain.ts). So a process
 * killed at any point leaves the old state or the new one, and at most a draft that `tidy` sweeps. Names are digests: a key may be
 * any text, on file systems that ignore case, too.
 */
export const openFileStore: OpenStore = (url) => openFolder(filePathOf(url.replace(/\/+$/, ''), 'store'))

function openFolder(root: string): Store {
  const tmp = join(root, 'tmp')
  const claims = join(root, 'claims')
  const items = join(root, 'items')
  const leases = join(root, 'leases')
  const notes = join(root, 'notes')
  const windows = join(root, 'windows')
  const tidied = join(root, 'tidied')

  // Spread over folders, so that none grows too long to be quick.
  const keyPath = (key: string): string => join(claims, digest(key).slice(0, 2), digest(key).slice(2))
  const donePath = (base: string): string => `${base}${DONE}`
  const itemPath = (id: string): string => join(items, digest(id))
  const notePath = (name: string): string => join(notes, digest(name))
  const leasePath = (version: string): string => join(leases, version)

  const isDone = async (base: string): Promise<boolean> => {
    const done = (await readJsonOrNull(donePath(base))) as Expiring | null
    return done !== null && !isOver(done)
  }

  const readItem = async (id: string): Promise<{ item: ParkedItem; version: string } | null> => {
    const text = await readFileOrNull(itemPath(id))
    return text === null ? null : readItemText(text)
  }

  return {
    scheme: 'file',

    async claim(key, leaseMs) {
      const base = keyPath(key)
      if (await isDone(base)) return { kind: 'done' }
      const answer = await takeLease(tmp, base, leaseMs)
      // Looked at again, for it may have been settled between the look and the lease.
      if (await isDone(base)) return { kind: 'done' }
      return answer.kind === 'taken'
        ? { kind: 'claimed', holder: answer.holder }
        : { kind: 'held', retryAfterMs: answer.remainingMs }
    },
    async settle(key, keepMs) {
      const base = keyPath(key)
      const done: Expiring & { key: string } = { endsAt: Date.now() + keepMs, key }
      await replaceFile(tmp, donePath(base), JSON.stringify(done), 'durable')
      await dropLeases(base)
    },
    async release(key, holder) {
      await endLease(tmp, keyPath(key), holder)
    },

    async park(item) {
      const path = itemPath(item.id)
      for (;;) {
        const old = await readLine(path)
        const line: ItemLine = {
          ...headerOf(item),
          parkedAt: old?.parkedAt ?? item.parkedAt,
          version: randomBytes(12).toString('hex'),
        }
        const text = itemText(line, item.parcel)
        if (old !== null) {
          await replaceFile(tmp, path, text, 'durable')
          await dropLeases(leasePath(old.version))
          return
        }
        if (await createFile(tmp, path, text, 'durable')) return
      }
    },
    async list() {
      const headers: ItemHeader[] = []
      for (const name of await listFolder(items)) {
        const line = await readLine(join(items, name))
        if (line !== null) headers.push(headerOf(line))
      }
      return headers.sort(byArrival)
    },
    async read(id) {
      return (await readItem(id))?.item ?? null
    },
    async take(id, leaseMs) {
      const found = await readItem(id)
      if (found === null) return null
      const lease = await takeLease(tmp, leasePath(found.version), leaseMs)
      if (lease.kind === 'held') return null
      const now = await readLine(itemPath(id))
      if (now?.version === found.version) return found.item
      // Parked anew or removed meanwhile: the lease is of something that is no more.
      await dropLeases(leasePath(found.version))
      return null
    },
    async remove(id) {
      const old = await readLine(itemPath(id))
      await rm(itemPath(id), { force: true })
      if (old !== null) await dropLeases(leasePath(old.version))
    },

    async note(name) {
      const note = (await readJsonOrNull(notePath(name))) as Note | null
      return note === null || isOver(note) ? null : note.value
    },
    async setNote(name, value, keepMs) {
      if (value === null) return rm(notePath(name), { force: true })
      const note: Note = { endsAt: keepMs === null ? null : Date.now() + keepMs, name, value }
      await replaceFile(tmp, notePath(name), JSON.stringify(note), 'durable')
    },

    async admit(name, messages, perMs) {
      let wait = 0
      await swapState(tmp, join(windows, digest(name)), (state) => {
        const now = Date.now()
        const before = (parseJson(state) as Window | null)?.times ?? []
        const { waitMs, times } = slideWindow(before, now, messages, perMs)
        wait = waitMs
        const window: Window = { endsAt: now + perMs, times }
        return waitMs > 0 ? null : JSON.stringify(window)
      })
      return wait
    },

    async tidy() {
      for (const name of await listFolder(tmp)) {
        if (isAbandonedDraft(name)) await rm(join(tmp, name), { recursive: true, force: true })
      }
      const next = (await readJsonOrNull(tidied)) as Expiring | null
      if (next === null || isOver(next)) {
        await replaceFile(tmp, tidied, JSON.stringify({ endsAt: Date.now() + CLAIM_SWEEP_MS }), 'quick')
        for (const shard of await listFolder(claims)) await tidyClaims(tmp, join(claims, shard))
      }
      await sweepLeases(tmp, leases)
      for (const name of await listFolder(notes)) await removeWhenOver(tmp, join(notes, name))
      for (const name of await listFolder(windows)) {
        const window = parseJson(await readState(join(windows, name))) as Window | null
        if (window !== null && isOver(window, GRACE_MS)) await dropState(tmp, join(windows, name))
      }
    },
    async close() {
      return Promise.resolve()
    },
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** An item's first line, without reading a parcel that may be large. */
async function readLine(path: string): Promise<ItemLine | null> {
  const file = await orNull(open(path, 'r'))
  if (file === null) return null
  try {
    let text = Buffer.alloc(0)
    for (let lineEnd = -1; lineEnd < 0; lineEnd = text.indexOf(10)) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(4096), 0, 4096, text.length)
      if (bytesRead === 0) break
      text = Buffer.concat([text, buffer.subarray(0, bytesRead)])
    }
    return readItemLine(text.toString('utf8'))
  } finally {
    await file.close()
  }
}

async function tidyClaims(tmp: string, folder: string): Promise<void> {
  const isDone = (name: string): boolean => name.endsWith(DONE)
  for (const name of (await listFolder(folder)).filter(isDone)) await removeWhenOver(tmp, join(folder, name))
  await sweepLeases(tmp, folder, (name) => !isDone(name))
}
