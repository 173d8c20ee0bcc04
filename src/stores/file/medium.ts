import { rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  createPlainFile,
  orNull,
  readFileOrNull,
  readFirstLine,
  removeFile,
  replaceFile,
} from './atomic-file'
import { giveUpLease, takeLease } from './lease-chain'
import { limiter } from '../folder/at-once'
import { holdsGroups, OUTBOX } from '../folder/item-place'
import type { Medium } from '../folder/medium'
import { namesAfter, placesBelow } from './names'

/** An item's first line holds no more than a group and an error beside a few numbers. */
const LONGEST_HEADER = 1024 * 1024
/** Node has four threads for files. */
const AT_ONCE = 8
/** Of 80 bytes each: 10 MB. */
const REMEMBERS = 65_536
const GROUPS_AT_ONCE = 8192

/** Files below `root`. `tmp`: a folder of the same file system, for what is being written; `leases`: where leases are. */
export function fileMedium(root: string, tmp: string, leases: string): Medium {
  const pathOf = (place: string): string => join(root, ...place.split('/'))
  const leaseOf = (turn: string): string => join(leases, turn.slice(0, 24))

  const few = limiter(AT_ONCE)

  return {
    atOnce: AT_ONCE,
    remembers: REMEMBERS,
    looksTwice: true,
    shown: (place) => place,
    async *everything(folder) {
      for await (const lines of placesBelow(root, folder, 0))
        for (const line of lines) yield* placesBelow(root, line, depthOf(line))
    },
    async groups(folder, after) {
      const { names, isLast } = await namesAfter(pathOf(folder), after, GROUPS_AT_ONCE)
      const groups = names.map((name) => ({ name, part: null }))
      return { groups, next: isLast ? null : (names.at(-1) ?? null) }
    },
    async names(folder, after, most) {
      const { names, isLast } = await namesAfter(pathOf(folder), after, most)
      return { entries: names.map((name) => ({ name, bytes: null })), isLast }
    },
    bytesOf: async (place) => (await orNull(stat(pathOf(place))))?.size ?? null,
    read: (place) => readFileOrNull(pathOf(place)),
    readStart: (place) => readFirstLine(pathOf(place), LONGEST_HEADER),
    write: (place, text) => replaceFile(tmp, pathOf(place), text, 'durable'),
    create: (place, text) => createPlainFile(pathOf(place), text),
    replace: (place, text) => replaceFile(tmp, pathOf(place), text, 'quick'),
    async remove(places, last = []) {
      for (const those of [places, last])
        await Promise.all(those.map((place) => few(() => removeAt(pathOf(place)))))
      // A group that is done leaves nothing behind; one into which somebody parks at this moment makes its folder anew.
      const folders = new Set(places.filter(isInOutbox).map((place) => dirname(pathOf(place))))
      for (const folder of folders) await rmdir(folder).catch(() => undefined)
    },
    async lease(turn, leaseMs) {
      const answer = await takeLease(tmp, leaseOf(turn), leaseMs)
      return answer.kind === 'taken' ? answer.holder : null
    },
    async endLeases(those) {
      for (const { turn, holder } of those) await giveUpLease(tmp, leaseOf(turn), holder)
    },
  }
}

function isInOutbox(place: string): boolean {
  return place.startsWith(`${OUTBOX}/`)
}

/** A file that stands where a line's folder, or all of them, should be is met as such. */
function depthOf(line: string): number {
  return holdsGroups(line.split('/')[1] ?? '') ? 1 : 0
}

/** What is a folder is none of ours, and stays. */
async function removeAt(path: string): Promise<void> {
  try {
    await removeFile(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EISDIR' && code !== 'EPERM' && code !== 'ENOTDIR') throw error
  }
}
