import { rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isAbandonedDraft, listFolder, orNull, parseJson, readFileOrNull, replaceFile } from './atomic-file'
import { removeWhenOver } from './expiry'
import { sweepLeases } from './lease-chain'
import { dropState, readState } from './swap-state'
import { holdsGroups, IDS, OUTBOX } from '../folder/item-place'
import { isRecord, isText } from '../item-form'
import type { Strays } from '../unreadable'
import { type Folders, isClaim, isDoneMark, isShard, NAMES, noteIn, TIDIED, type Window } from './layout'
import { inFolder, namesAfter } from './names'

/** What ended so long ago is of no more use to a process that just looked at it; nobody takes so long to write what he has begun. */
const GRACE_MS = 3_600_000
/** Claims may be many; they are looked through this often. */
const CLAIM_SWEEP_MS = 3_600_000
/** Of 256: ids are looked through once in 64 runs. */
const ID_SHARDS = 4
/** So many groups' folders are looked at in a run. */
const GROUPS = 1000

/** Where the last run stopped. */
interface Progress {
  /** Claims are looked through again after that, ms since the epoch. */
  readonly endsAt: number
  /** After which folder of claims, of ids, and after which group of the outbox it goes on; '': at the first. */
  readonly claims: string
  readonly ids: string
  readonly group: string
}

/**
 * Removes what has expired and what crashes left behind, in slices: claims, ids and groups, which may be many, from where the last run stopped.
 * `tidyId` removes a file below `ids` that leads to nothing.
 */
export async function tidyStore(
  folders: Folders,
  strays: Strays,
  tidyId: (place: string) => Promise<void>,
  timeIsUp: () => boolean,
): Promise<void> {
  const { root, tmp, claims, leases, notes, windows } = folders
  const tidied = join(root, TIDIED)
  const placeOf = (path: string): string => path.slice(root.length + 1)

  const tidyFolder = async (
    folder: string,
    isWanted: (name: string) => boolean,
    tidyOne: (path: string) => Promise<void>,
  ): Promise<void> => {
    const names = await strays.passOver(placeOf(folder), () => inFolder(() => listFolder(folder)))
    for (const name of rotated((names ?? []).filter(isWanted))) {
      if (timeIsUp()) return
      const path = join(folder, name)
      await strays.passOver(placeOf(path), () => inFolder(() => tidyOne(path)))
    }
  }
  /** The folder up to which it has come; '' when it has come to the end of all. */
  const tidyShards = async (
    folder: string,
    after: string,
    most: number,
    tidyOne: (shard: string) => Promise<void>,
  ): Promise<string> => {
    const names = await strays.passOver(placeOf(folder), () => namesAfter(folder, after, Infinity))
    const shards = (names?.names ?? []).filter(isShard)
    for (const [index, shard] of shards.entries()) {
      if (index === most || timeIsUp()) return shards[index - 1] ?? after
      await tidyOne(shard)
      // Its rest has its turn when all others have had theirs.
      if (timeIsUp()) return shard
    }
    return ''
  }

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

  const before = progressIn(await strays.passOver(TIDIED, () => readFileOrNull(tidied)))
  const ids = await tidyShards(join(root, IDS), before.ids, ID_SHARDS, async (shard) =>
    tidyFolder(join(root, IDS, shard), isId, async (path) => {
      const changedAt = (await orNull(stat(path)))?.mtimeMs ?? Infinity
      if (changedAt + GRACE_MS <= Date.now()) await tidyId(`${IDS}/${shard}/${path.slice(-32)}`)
    }),
  )
  const group = await dropEmptyGroups(root, before.group, timeIsUp)

  let { endsAt, claims: claim } = before
  // One that is further ahead was set by a clock that was wrong.
  if (endsAt <= Date.now() || endsAt > Date.now() + CLAIM_SWEEP_MS) {
    claim = await tidyShards(claims, claim, Infinity, async (shard) => {
      const folder = join(claims, shard)
      await tidyFolder(folder, isDoneMark, (path) => removeWhenOver(tmp, path))
      const isLease = (name: string): boolean => isClaim(name) && !isDoneMark(name)
      await strays.passOver(placeOf(folder), () =>
        inFolder(() => sweepLeases(tmp, folder, isLease, timeIsUp)),
      )
    })
    endsAt = claim === '' ? Date.now() + CLAIM_SWEEP_MS : Date.now()
  }
  const progress: Progress = { endsAt, claims: claim, ids, group }
  await replaceFile(tmp, tidied, JSON.stringify(progress), 'quick')
}

/** Of some groups after one the folders in which nothing is; the last one looked at, '' after the last of all. */
async function dropEmptyGroups(root: string, after: string, timeIsUp: () => boolean): Promise<string> {
  const outbox = join(root, OUTBOX)
  const [lineBefore = '', groupBefore = ''] = after.split('/')
  let looked = 0
  let last = after
  for (const line of (await orNull(namesAfter(outbox, '', Infinity)).catch(() => null))?.names ?? []) {
    if (line < lineBefore || !holdsGroups(line)) continue
    const from = line === lineBefore ? groupBefore : ''
    const { names } = await namesAfter(join(outbox, line), from, GROUPS)
    for (const name of names) {
      if (looked === GROUPS || timeIsUp()) return last
      looked += 1
      last = `${line}/${name}`
      // One that holds something stays.
      await rmdir(join(outbox, line, name)).catch(() => undefined)
    }
    if (looked === GROUPS) return last
  }
  return ''
}

/** All of it at the beginning, where nothing was noted that can be read. */
function progressIn(text: string | null): Progress {
  const found = parseJson(text)
  const known = isRecord(found) ? found : {}
  const wordOf = (name: string): string => (isText(known[name]) ? known[name] : '')
  const shardOf = (name: string): string => (isShard(wordOf(name)) ? wordOf(name) : '')
  const { endsAt } = known
  return {
    endsAt: typeof endsAt === 'number' ? endsAt : 0,
    claims: shardOf('claims'),
    ids: shardOf('ids'),
    group: wordOf('group'),
  }
}

function isId(name: string): boolean {
  return /^[0-9a-f]{32}$/.test(name)
}

/** From another place each time: where the time is never enough for all, each has its turn some day. */
function rotated(names: readonly string[]): readonly string[] {
  const start = Math.floor(Math.random() * names.length)
  return [...names.slice(start), ...names.slice(0, start)]
}
