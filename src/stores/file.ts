import { randomBytes } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { slideWindow } from '../delivery/sliding-window'
import {
  createFile,
  isAbandonedDraft,
  isDraft,
  listFolder,
  orNull,
  parseJson,
  readFileOrNull,
  readFirstLine,
  replaceFile,
} from '../disk/atomic-file'
import { endOf, type Expiring, removeWhenOver } from '../disk/expiry'
import { filePathOf } from '../disk/line-file'
import { dropLeases, endLease, sweepLeases, takeLease } from '../disk/lease-chain'
import { sha256 } from '../delivery/sha256'
import { EMBEDDED } from '../delivery/driver'
import { closeFolder } from '../disk/private-folder'
import { dropState, readState, swapState } from '../disk/swap-state'
import { isRecord, isText, isTime, parsed } from './item-form'
import { type ItemLine, itemText, readItemLine, readItemText } from './item-text'
import { byArrival, headerOf, type ItemHeader, type ParkedItem, type Store, type StoreDriver } from './store'
import { parcelOf, strayList, Unreadable } from './unreadable'

/** A window that ended so long ago is of no more use to a process that just looked at it. */
const GRACE_MS = 3_600_000
/** Claims may be many; they are looked through this often. */
const CLAIM_SWEEP_MS = 3_600_000
/** An item's first line holds no more than a group and an error beside a few numbers. */
const LONGEST_HEADER = 1024 * 1024

const DONE = '.done'

interface Note extends Expiring {
  readonly name: string
  readonly value: string
}

interface Window extends Expiring {
  readonly times: readonly number[]
}

/** The names that the store gives in each of its folders; what is named otherwise is not ours. */
const NAMES = {
  tmp: isDraft,
  claims: (name: string) => /^[0-9a-f]{2}$/.test(name),
  items: isDigest,
  leases: (name: string) => /^[0-9a-f]{24}\.[1-9]\d{0,14}$/.test(name),
  notes: isDigest,
  windows: isDigest,
} as const
const CLAIM_NAME = /^[0-9a-f]{62}(\.done|\.[1-9]\d{0,14})$/
const TIDIED = 'tidied'
const OURS = [...Object.keys(NAMES), TIDIED]

/**
 * `file:DIR`: any number of processes of one machine may use the folder, but not over a network file system.
 *
 * A write is a whole new file, moved into place; a lease is a file that must not exist before (see lease-chain.ts). So a process
 * killed at any point leaves the old state or the new one, and at most a draft that `tidy` sweeps. Names are digests: a key may be
 * any text, on file systems that ignore case, too.
 */
export const driver: StoreDriver = {
  schemes: ['file'],
  form: 'file:DIR',
  open: (url) => openFolder(storeFolderOf(url)),
}

/** The folder in `file:DIR`, absolute. Throws an Error when there is none. */
export function storeFolderOf(url: string): string {
  return filePathOf(url.replace(/\/+$/, ''), 'store')
}

function openFolder(root: string): Store {
  const tmp = join(root, 'tmp')
  const claims = join(root, 'claims')
  const items = join(root, 'items')
  const leases = join(root, 'leases')
  const notes = join(root, 'notes')
  const windows = join(root, 'windows')
  const tidied = join(root, TIDIED)
  const strays = strayList()

  let closed: Promise<void> | null = null
  /** Once an instance, before anything is read or written. */
  const closedToOthers = (): Promise<void> =>
    (closed ??= closeFolder(root, OURS).then((problem) => {
      if (problem !== null) strays.note('.', problem)
    }))

  // Spread over folders, so that none grows too long to be quick.
  const keyPath = (key: string): string => join(claims, digest(key).slice(0, 2), digest(key).slice(2))
  const donePath = (base: string): string => `${base}${DONE}`
  const itemPath = (id: string): string => join(items, digest(id))
  const notePath = (name: string): string => join(notes, digest(name))
  const leasePath = (version: string): string => join(leases, version)
  const placeOf = (path: string): string => path.slice(root.length + 1)

  /** A mark that cannot be read was set when the callback was settled: nothing is lost by it, and nothing done twice. */
  const isDone = async (base: string): Promise<boolean> => {
    const path = donePath(base)
    try {
      return ((await endOf(path)) ?? 0) > Date.now()
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      strays.note(placeOf(path), error.message)
      return true
    }
  }

  /** An item's first line, without reading a parcel that may be large; null for none that can be read. */
  const lineAt = async (path: string): Promise<ItemLine | null> =>
    strays.passOver(placeOf(path), async () => {
      const text = await readFirstLine(path, LONGEST_HEADER)
      if (text === null) return null
      const line = readItemLine(text)
      if (itemPath(line.id) !== path) throw new Unreadable('its name is not that of its item')
      return line
    })
  const itemAt = async (
    path: string,
  ): Promise<{ readonly item: ParkedItem; readonly version: string } | null> => {
    const text = await readFileOrNull(path)
    if (text === null) return null
    const found = readItemText(text)
    if (itemPath(found.item.id) !== path) throw new Unreadable('its name is not that of its item')
    return found
  }

  return {
    scheme: 'file',
    ...EMBEDDED,

    async claim(key, leaseMs) {
      await closedToOthers()
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
      await closedToOthers()
      const path = itemPath(item.id)
      for (;;) {
        const old = await lineAt(path)
        const line: ItemLine = {
          ...headerOf(item),
          parkedAt: old?.parkedAt ?? item.parkedAt,
          version: randomBytes(12).toString('hex'),
        }
        const text = itemText(line, item.parcel)
        if (old === null && (await createFile(tmp, path, text, 'durable'))) return
        if (old === null && (await lineAt(path)) !== null) continue
        // What stood in the item's place and could not be read is replaced, too.
        await replaceFile(tmp, path, text, 'durable')
        if (old !== null) await dropLeases(leasePath(old.version))
        strays.forget(placeOf(path))
        return
      }
    },
    async list() {
      await closedToOthers()
      const names = (await listFolder(items)).filter(isDigest)
      const isThere = new Set(names.map((name) => placeOf(join(items, name))))
      strays.keep('items/', (place) => isThere.has(place))
      const headers: ItemHeader[] = []
      for (const name of names) {
        const line = await lineAt(join(items, name))
        if (line !== null) headers.push(headerOf(line))
      }
      return headers.sort(byArrival)
    },
    async read(id) {
      const found = await strays.passOver(parcelOf(placeOf(itemPath(id))), () => itemAt(itemPath(id)))
      return found?.item ?? null
    },
    async take(id, leaseMs) {
      const path = itemPath(id)
      const found = await strays.passOver(parcelOf(placeOf(path)), async () => (await itemAt(path)) ?? 'gone')
      if (found === null) return 'unreadable'
      if (found === 'gone') return null
      const lease = await takeLease(tmp, leasePath(found.version), leaseMs)
      if (lease.kind === 'held') return null
      const now = await lineAt(path)
      if (now?.version === found.version) return found.item
      // Parked anew or removed meanwhile: the lease is of something that is no more.
      await dropLeases(leasePath(found.version))
      return null
    },
    async remove(id) {
      const old = await lineAt(itemPath(id))
      await rm(itemPath(id), { force: true })
      strays.forget(placeOf(itemPath(id)))
      if (old !== null) await dropLeases(leasePath(old.version))
    },

    async note(name) {
      const path = notePath(name)
      const note = await strays.passOver(placeOf(path), async () => noteIn(await readFileOrNull(path)))
      return note === null || isOver(note) ? null : note.value
    },
    async setNote(name, value, keepMs) {
      await closedToOthers()
      if (value === null) return rm(notePath(name), { force: true })
      const note: Note = { endsAt: keepMs === null ? null : Date.now() + keepMs, name, value }
      await replaceFile(tmp, notePath(name), JSON.stringify(note), 'durable')
    },

    async admit(name, messages, perMs) {
      await closedToOthers()
      let wait = 0
      await swapState(tmp, join(windows, digest(name)), (state) => {
        const now = Date.now()
        const { waitMs, times } = slideWindow(timesIn(state), now, messages, perMs)
        wait = waitMs
        const window: Window = { endsAt: now + perMs, times }
        return waitMs > 0 ? null : JSON.stringify(window)
      })
      return wait
    },

    async tidy(timeIsUp = () => false) {
      await tidyFolder(tmp, isAbandonedDraft, (path) => rm(path, { recursive: true, force: true }))
      await sweepLeases(tmp, leases, NAMES.leases, timeIsUp)
      await tidyFolder(notes, NAMES.notes, async (path) => {
        noteIn(await readFileOrNull(path))
        await removeWhenOver(tmp, path)
      })
      await tidyFolder(windows, NAMES.windows, async (path) => {
        const { endsAt } = (parseJson(await readState(path)) ?? {}) as Partial<Window>
        if (typeof endsAt === 'number' && endsAt + GRACE_MS <= Date.now()) await dropState(tmp, path)
      })
      const next = await strays.passOver(TIDIED, () => endOf(tidied))
      // One that is further ahead was set by a clock that was wrong.
      if (next !== null && next > Date.now() && next <= Date.now() + CLAIM_SWEEP_MS) return
      for (const shard of (await listFolder(claims)).filter(NAMES.claims)) {
        if (timeIsUp()) return
        const isDoneMark = (name: string): boolean => CLAIM_NAME.test(name) && name.endsWith(DONE)
        await tidyFolder(join(claims, shard), isDoneMark, (path) => removeWhenOver(tmp, path))
        await strays.passOver(`claims/${shard}`, () =>
          inFolder(() =>
            sweepLeases(
              tmp,
              join(claims, shard),
              (name) => CLAIM_NAME.test(name) && !isDoneMark(name),
              timeIsUp,
            ),
          ),
        )
      }
      await replaceFile(tmp, tidied, JSON.stringify({ endsAt: Date.now() + CLAIM_SWEEP_MS }), 'quick')

      async function tidyFolder(
        folder: string,
        isWanted: (name: string) => boolean,
        tidyOne: (path: string) => Promise<void>,
      ): Promise<void> {
        const names = await strays.passOver(placeOf(folder), () => inFolder(() => listFolder(folder)))
        for (const name of (names ?? []).filter(isWanted)) {
          if (timeIsUp()) return
          const path = join(folder, name)
          await strays.passOver(placeOf(path), () => inFolder(() => tidyOne(path)))
        }
      }
    },
    async strays() {
      for (const name of await listFolder(root)) if (!OURS.includes(name)) strays.note(name, NOT_OURS)
      for (const [folder, isOurs] of Object.entries(NAMES)) await lookAt(folder, isOurs)
      for (const shard of (await orNone(readdir(claims))).filter(NAMES.claims)) {
        await lookAt(join('claims', shard), (name) => CLAIM_NAME.test(name))
      }
      for (const window of (await orNone(readdir(windows))).filter(NAMES.windows)) {
        await lookAt(join('windows', window), (name) => /^\d+$/.test(name))
      }
      return strays.found()

      async function lookAt(folder: string, isOurs: (name: string) => boolean): Promise<void> {
        const names = await strays.passOver(folder, () => inFolder(() => listFolder(join(root, folder))))
        for (const name of names ?? []) if (!isOurs(name)) strays.note(join(folder, name), NOT_OURS)
      }
    },
  }
}

const NOT_OURS = 'it has no name that the store gives'

function digest(text: string): string {
  return sha256(text, 'hex')
}

function isDigest(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name)
}

function isOver({ endsAt }: Expiring): boolean {
  return endsAt !== null && endsAt <= Date.now()
}

/** Null when there is none. Throws Unreadable. */
function noteIn(text: string | null): Note | null {
  if (text === null) return null
  const note = parsed(text)
  if (!isRecord(note) || !isText(note['value']) || !(note['endsAt'] === null || isTime(note['endsAt'])))
    throw new Unreadable('it is no note')
  return note as unknown as Note
}

/** None, too, of a window that cannot be read: it is begun anew. */
function timesIn(state: string | null): readonly number[] {
  const { times } = (parseJson(state) ?? {}) as Partial<Window>
  return Array.isArray(times) ? times.filter(isTime) : []
}

async function orNone(names: Promise<string[]>): Promise<readonly string[]> {
  return (await orNull(names).catch(() => null)) ?? []
}

/** What `act` gives; a file where a folder should be is Unreadable. */
async function inFolder<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTDIR' || code === 'ELOOP') throw new Unreadable('it is no folder')
    throw error
  }
}
