import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EMBEDDED } from '../drivers/driver'
import { sha256 } from '../sha256'
import { slideWindow } from './sliding-window'
import { listFolder, orNull, parseJson, readFileOrNull, replaceFile } from './file/atomic-file'
import { endOf, type Expiring } from './file/expiry'
import { dropLeases, endLease, takeLease } from './file/lease-chain'
import { filePathOf } from '../files/line-file'
import { closeFolder } from '../files/private-folder'
import { swapState } from './file/swap-state'
import { donePath, foldersBelow, isClaim, NAMES, type Note, noteIn, OURS, type Window } from './file/layout'
import { fileMedium } from './file/medium'
import { inFolder } from './file/names'
import { tidyStore } from './file/tidy'
import { NOT_OURS } from './folder/medium'
import { folderOutbox } from './folder/outbox'
import { isTime } from './item-form'
import type { Store, StoreDriver } from './store'
import { strayList, Unreadable } from './unreadable'

/** Longer than a note takes to be read and written. */
const NOTE_TURN_MS = 10_000

/**
 * `file:DIR`: any number of processes of one machine may use the folder, but not over a network file system.
 *
 * A write is a whole new file, moved into place; a lease is a file that must not exist before (see lease-chain.ts). So a process
 * killed at any point leaves the old state or the new one, and at most a draft that `tidy` sweeps. Names are digests: a key may be
 * any text, on file systems that ignore case, too. An item that a crash catches on its way to another place may stand in both, and is
 * delivered twice, with the same id.
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
  const folders = foldersBelow(root)
  const { tmp, claims, leases, notes, windows } = folders
  const strays = strayList()
  const outbox = folderOutbox(fileMedium(root, tmp, leases), strays)

  let closed: Promise<void> | null = null
  /** Once an instance, before anything is read or written. */
  const closedToOthers = (): Promise<void> =>
    (closed ??= closeFolder(root, OURS).then((problem) => {
      if (problem !== null) strays.note('.', problem)
    }))

  // Spread over folders, so that none grows too long to be quick.
  const keyPath = (key: string): string => {
    const name = sha256(key, 'hex')
    return join(claims, name.slice(0, 2), name.slice(2))
  }
  const notePath = (name: string): string => join(notes, sha256(name, 'hex'))
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

  const noteNow = async (name: string): Promise<string | null> => {
    const path = notePath(name)
    const note = await strays.passOver(placeOf(path), async () => noteIn(await readFileOrNull(path)))
    return note === null || isOver(note) ? null : note.value
  }
  const setNote: Store['setNote'] = async (name, value, keepMs) => {
    await closedToOthers()
    if (value === null) return rm(notePath(name), { force: true })
    const note: Note = { endsAt: keepMs === null ? null : Date.now() + keepMs, name, value }
    await replaceFile(tmp, notePath(name), JSON.stringify(note), 'durable')
  }

  return {
    scheme: 'file',
    ...EMBEDDED,

    async claim(key, leaseMs, noteName) {
      await closedToOthers()
      const base = keyPath(key)
      const noted = noteName === undefined ? {} : await noteNow(noteName).then((note) => ({ note }), nothing)
      if (await isDone(base)) return { kind: 'done', ...noted }
      const answer = await takeLease(tmp, base, leaseMs)
      // Looked at again, for it may have been settled between the look and the lease.
      if (await isDone(base)) return { kind: 'done', ...noted }
      return answer.kind === 'taken'
        ? { kind: 'claimed', holder: answer.holder, ...noted }
        : { kind: 'held', retryAfterMs: answer.remainingMs, ...noted }
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
    async areSettled(keys) {
      await closedToOthers()
      return Promise.all(keys.map((key) => isDone(keyPath(key))))
    },

    async park(item) {
      await closedToOthers()
      return outbox.park(item)
    },
    async read(id) {
      await closedToOthers()
      return outbox.read(id)
    },
    remove: (ids) => outbox.remove(ids),
    async lines() {
      await closedToOthers()
      return outbox.lines()
    },
    page: (line, from, most) => outbox.page(line, from, most),
    async takeDue(line, now, limits) {
      await closedToOthers()
      return outbox.takeDue(line, now, limits)
    },
    async take(id, leaseMs) {
      await closedToOthers()
      return outbox.take(id, leaseMs)
    },
    giveBack: (turns, gone) => outbox.giveBack(turns, gone),

    note: noteNow,
    setNote,
    async swapNote(name, before, value, keepMs) {
      const turn = leasePath(sha256(`note ${name}`, 'hex').slice(0, 24))
      const answer = await takeLease(tmp, turn, NOTE_TURN_MS)
      if (answer.kind === 'held') return false
      try {
        const isSame = (await noteNow(name)) === before
        if (isSame) await setNote(name, value, keepMs)
        return isSame
      } finally {
        await endLease(tmp, turn, answer.holder)
      }
    },

    async admit(name, messages, perMs) {
      await closedToOthers()
      let wait = 0
      await swapState(tmp, join(windows, sha256(name, 'hex')), (state) => {
        const now = Date.now()
        const { waitMs, times } = slideWindow(timesIn(state), now, messages, perMs)
        wait = waitMs
        const window: Window = { endsAt: now + perMs, times }
        return waitMs > 0 ? null : JSON.stringify(window)
      })
      return wait
    },

    tidy: (timeIsUp = () => false) => tidyStore(folders, strays, (place) => outbox.tidyId(place), timeIsUp),
    async strays() {
      for (const name of await listFolder(root)) if (!OURS.includes(name)) strays.note(name, NOT_OURS)
      // What stands deeper in the outbox is come upon when its lines are counted.
      for (const [folder, isOurs] of Object.entries(NAMES)) await lookAt(folder, isOurs)
      for (const shard of (await orNone(readdir(claims))).filter(NAMES.claims)) {
        await lookAt(join('claims', shard), isClaim)
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

/** Of a note that cannot be had: the claim goes on without it. */
const nothing = (): object => ({})

function isOver({ endsAt }: Expiring): boolean {
  return endsAt !== null && endsAt <= Date.now()
}

/** None, too, of a window that cannot be read: it is begun anew. */
function timesIn(state: string | null): readonly number[] {
  const { times } = (parseJson(state) ?? {}) as Partial<Window>
  return Array.isArray(times) ? times.filter(isTime) : []
}

async function orNone(names: Promise<string[]>): Promise<readonly string[]> {
  return (await orNull(names).catch(() => null)) ?? []
}
