import { createHash, randomBytes } from 'node:crypto'
import { link, open, readdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { slideWindow } from '../delivery/sliding-window'
import {
  createFile,
  draftPath,
  isAbandonedDraft,
  orNull,
  readFileOrNull,
  replaceFile,
} from '../disk/atomic-file'
import { dropLeases, endLease, leaseEnd, takeLease } from '../disk/lease-chain'
import {
  byArrival,
  headerOf,
  type ItemHeader,
  type OpenStore,
  type ParkedItem,
  type Parcel,
  type Store,
} from './store'

/** A chain of leases is swept when its last has been over for so long that no process can still be looking at it. */
const GRACE_MS = 3_600_000
const SWEEP_LEASE_MS = 600_000
/** Claims may be many; they are looked through this often. */
const CLAIM_SWEEP_MS = 3_600_000

/** The first line of an item's file; `version` changes with each parking, and the item's lease hangs on it. */
interface ItemLine extends ItemHeader {
  readonly version: string
}

interface Expiring {
  /** null: never. */
  readonly endsAt: number | null
}

interface Note extends Expiring {
  readonly name: string
  readonly value: string
}

interface Window extends Expiring {
  readonly times: readonly number[]
}

/**
 * `file:DIR`: any number of processes of one machine may use the folder. (Not over NFS.)
 *
 * A write is a whole new file, moved into place; a lease is a file that must not exist before (see lease-chain.ts). So a process
 * killed at any point leaves the old state or the new one, and at most a draft that `tidy` sweeps. Names are digests: a key may be
 * any text, on file systems that ignore case, too.
 */
export const openFileStore: OpenStore = (url) => openFolder(folderOf(url))

function folderOf(url: string): string {
  const path = url.slice('file:'.length)
  if (path === '') throw new Error('a file store needs a folder: file:DIR')
  return resolve(path.startsWith('//') ? fileURLToPath(url) : path)
}

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
  const donePath = (base: string): string => `${base}.done`
  const itemPath = (id: string): string => join(items, digest(id))
  const notePath = (name: string): string => join(notes, digest(name))
  const leasePath = (version: string): string => join(leases, version)

  const isDone = async (base: string): Promise<boolean> => {
    const done = parse(await readFileOrNull(donePath(base))) as Expiring | null
    return done !== null && !isOver(done)
  }

  const readItem = async (id: string): Promise<{ item: ParkedItem; version: string } | null> => {
    const text = await readFileOrNull(itemPath(id))
    if (text === null) return null
    const lineEnd = text.indexOf('\n')
    const line = JSON.parse(text.slice(0, lineEnd)) as ItemLine
    return {
      item: { ...headerOf(line), parcel: JSON.parse(text.slice(lineEnd + 1)) as Parcel },
      version: line.version,
    }
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
        const text = `${JSON.stringify(line)}\n${JSON.stringify(item.parcel)}\n`
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
      for (const name of (await orNull(readdir(items))) ?? []) {
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
      const note = parse(await readFileOrNull(notePath(name))) as Note | null
      return note === null || isOver(note) ? null : note.value
    },
    async setNote(name, value, keepMs) {
      if (value === null) return rm(notePath(name), { force: true })
      const note: Note = { endsAt: keepMs === null ? null : Date.now() + keepMs, name, value }
      await replaceFile(tmp, notePath(name), JSON.stringify(note), 'durable')
    },

    async admit(name, messages, perMs) {
      const folder = join(windows, digest(name))
      // Compare and swap: file n + 1 is made from file n, and can be created once.
      for (;;) {
        const last = await lastNumber(folder)
        const text = last === 0 ? null : await readFileOrNull(join(folder, String(last)))
        if (last > 0 && text === null) continue
        const now = Date.now()
        const { waitMs, times } = slideWindow(
          (parse(text) as Window | null)?.times ?? [],
          now,
          messages,
          perMs,
        )
        if (waitMs > 0) return waitMs
        const next = join(folder, String(last + 1))
        const window: Window = { endsAt: now + perMs, times }
        if (!(await createFile(tmp, next, JSON.stringify(window), 'quick'))) continue
        // A process that was stopped for long may have filled a gap that the sweeping below left.
        if (last > 0 && (await readFileOrNull(join(folder, String(last)))) === null) {
          await rm(next, { force: true })
          continue
        }
        await dropNumbersUpTo(folder, last - KEPT_WINDOWS)
        return 0
      }
    },

    async tidy() {
      for (const name of await list(tmp)) {
        if (isAbandonedDraft(name)) await rm(join(tmp, name), { recursive: true, force: true })
      }
      if (await isDue(tidied)) {
        await replaceFile(tmp, tidied, JSON.stringify({ endsAt: Date.now() + CLAIM_SWEEP_MS }), 'quick')
        for (const shard of await list(claims)) await tidyClaims(tmp, join(claims, shard))
      }
      await tidyLeases(tmp, leases)
      for (const name of await list(notes)) {
        await removeWhenOver(tmp, join(notes, name))
      }
      for (const name of await list(windows)) {
        const folder = join(windows, name)
        const text = await readFileOrNull(join(folder, String(await lastNumber(folder))))
        const window = parse(text) as Window | null
        if (window === null || !isOver(window, GRACE_MS)) continue
        // Moved away at one stroke: whoever is just writing to it begins again.
        const grave = draftPath(tmp)
        await orNull(rename(folder, grave))
        await rm(grave, { recursive: true, force: true })
      }
    },
    async close() {
      return Promise.resolve()
    },
  }
}

/** How many states of a window are kept behind the last one, for processes that look at them just now. */
const KEPT_WINDOWS = 8

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** null, too, for what a loss of power left empty. */
function parse(text: string | null): unknown {
  if (text === null) return null
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function isOver({ endsAt }: Expiring, forMs = 0): boolean {
  return endsAt !== null && endsAt + forMs <= Date.now()
}

async function list(folder: string): Promise<string[]> {
  return (await orNull(readdir(folder))) ?? []
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
    return JSON.parse(text.subarray(0, text.indexOf(10)).toString('utf8')) as ItemLine
  } finally {
    await file.close()
  }
}

async function isDue(path: string): Promise<boolean> {
  const next = parse(await readFileOrNull(path)) as Expiring | null
  return next === null || isOver(next)
}

async function lastNumber(folder: string): Promise<number> {
  return Math.max(0, ...(await list(folder)).map(Number))
}

/** From the first to the last, so that a gap always lies below what is kept. */
async function dropNumbersUpTo(folder: string, highest: number): Promise<void> {
  const numbers = (await list(folder)).map(Number).filter((number) => number <= highest)
  for (const number of numbers.sort((a, b) => a - b)) await rm(join(folder, String(number)), { force: true })
}

async function tidyClaims(tmp: string, folder: string): Promise<void> {
  const names = await list(folder)
  for (const name of names.filter((name) => name.endsWith('.done')))
    await removeWhenOver(tmp, join(folder, name))
  await tidyLeases(tmp, folder)
}

async function tidyLeases(tmp: string, folder: string): Promise<void> {
  const chains = new Set((await list(folder)).filter((name) => !name.endsWith('.done')).map(chainOf))
  for (const chain of chains) {
    const base = join(folder, chain)
    const end = await leaseEnd(base)
    // No first generation: the rest of a chain that a crash left half dropped, or one just being dropped.
    if (end === null) await dropRest(folder, chain)
    else if (end + GRACE_MS <= Date.now() && (await takeLease(tmp, base, SWEEP_LEASE_MS)).kind === 'taken') {
      await dropLeases(base)
    }
  }
}

const chainOf = (name: string): string => name.slice(0, name.lastIndexOf('.'))

async function dropRest(folder: string, chain: string): Promise<void> {
  for (const name of await list(folder)) {
    if (chainOf(name) !== chain) continue
    const lease = parse(await readFileOrNull(join(folder, name))) as Expiring | null
    if (lease === null || isOver(lease, GRACE_MS)) await rm(join(folder, name), { force: true })
  }
}

/** Looks again at what it took away, and puts it back if it was replaced at the last moment. */
async function removeWhenOver(tmp: string, path: string): Promise<void> {
  const look = parse(await readFileOrNull(path)) as Expiring | null
  if (look !== null && !isOver(look)) return
  const grave = draftPath(tmp)
  await orNull(rename(path, grave))
  const taken = parse(await readFileOrNull(grave)) as Expiring | null
  if (taken !== null && !isOver(taken)) await link(grave, path).catch(() => undefined)
  await rm(grave, { force: true })
}
