import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { LONGEST_LEASE_MS } from '../store'
import { Unreadable } from '../unreadable'
import {
  createEmptyFile,
  createFile,
  isFull,
  listFolder,
  parseJson,
  readText,
  removeFile,
  replaceFile,
  setChangedAt,
} from './atomic-file'

export type LeaseAnswer =
  | { readonly kind: 'taken'; readonly holder: string }
  | { readonly kind: 'held'; readonly remainingMs: number }

interface Generation {
  readonly holder: string
  readonly endsAt: number
}

/** Over for so long that no process can still be looking at it. */
const GRACE_MS = 3_600_000
const SWEEP_LEASE_MS = 600_000
/** Longer than it takes to remove a chain. */
const MARGIN_MS = 10_000
/** Others that come first so often are no others, but a folder that keeps nothing. */
const MOST_ROUNDS = 100

const ENDED: Generation = { holder: '', endsAt: 0 }

/**
 * Takes a lease that is free or has ended. Processes share it through files `<base>.1`, `<base>.2`, …: one a generation, and the last one counts.
 *
 * Creating a file that must not exist is the one atomic step that every file system has, so a lease is taken by creating the next
 * generation once the last has ended. A generation is changed only by the one who created it (to end it early), therefore nobody can
 * end another's lease. Files need not outlive a loss of power: the holders do not, either.
 *
 * On a full disk the generation is an empty file, and the time of its last change is the end of the lease. One that a loss of power emptied
 * has ended by that rule, too.
 */
export async function takeLease(tmp: string, base: string, leaseMs: number): Promise<LeaseAnswer> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const { count, last } = await lastGeneration(base)
    const now = Date.now()
    if (last.endsAt > now) return { kind: 'held', remainingMs: last.endsAt - now }
    const number = count + 1
    const holder = await createGeneration(tmp, base, number, now + Math.min(leaseMs, LONGEST_LEASE_MS))
    if (holder === null) continue
    // The chain may have been dropped and begun anew between the look and the creation: then this file is no link of it.
    if (count > 0 && (await readGeneration(base, count))?.holder !== last.holder) continue
    return { kind: 'taken', holder }
  }
  throw new Error('a lease could not be taken: its files come and go')
}

/** Ends the lease if `holder` has it; else does nothing. */
export async function endLease(tmp: string, base: string, holder: string): Promise<void> {
  const number = Number(holder.split('-')[0])
  if ((await readGeneration(base, number))?.holder !== holder) return
  const path = `${base}.${number}`
  if (holder === emptyHolder(number)) await setChangedAt(path, 0)
  else await replaceFile(tmp, path, JSON.stringify({ holder, endsAt: Date.now() }), 'quick')
}

/**
 * Ends the lease if `holder` has it, and leaves nothing of it where it has so long to run that nobody can come between. For one that is taken often: a
 * chain that only grows takes ever longer to be read.
 */
export async function giveUpLease(tmp: string, base: string, holder: string): Promise<void> {
  const { count, last } = await lastGeneration(base)
  const isSurelyOurs = last.holder === holder && last.endsAt > Date.now() + MARGIN_MS
  if (!isSurelyOurs || holder === emptyHolder(count)) return endLease(tmp, base, holder)
  // From the first to the last, as dropLeases does.
  for (let number = 1; number <= count; number++) await removeFile(`${base}.${number}`)
}

/**
 * Removes the chain's files. Only for one who holds the lease, or when the base will never be used again. From the first to the last:
 * a taker who comes meanwhile begins a new chain, or notices that its predecessor is gone.
 */
export async function dropLeases(base: string): Promise<void> {
  for (let number = 1; (await readGeneration(base, number)) !== null; number++) {
    // What is no file is not ours to remove.
    await rm(`${base}.${number}`, { force: true }).catch(() => undefined)
  }
}

/** Removes the chains in `folder` whose last lease has been over for long. `isLease` tells their files from others. */
export async function sweepLeases(
  tmp: string,
  folder: string,
  isLease: (name: string) => boolean,
  timeIsUp: () => boolean = () => false,
): Promise<void> {
  const names = (await listFolder(folder)).filter(isLease)
  for (const chain of new Set(names.map(chainOf))) {
    if (timeIsUp()) return
    const base = join(folder, chain)
    const { count, last } = await lastGeneration(base)
    if (count === 0) await dropRest(folder, chain, names)
    else if (isLongOver(last) && (await takeLease(tmp, base, SWEEP_LEASE_MS)).kind === 'taken') {
      await dropLeases(base)
    }
  }
}

/** A chain without its first generation: a crash left it half dropped, or it is just being dropped. */
async function dropRest(folder: string, chain: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (chainOf(name) !== chain) continue
    const lease = await readGeneration(join(folder, chain), Number(name.slice(chain.length + 1)))
    if (lease !== null && isLongOver(lease))
      await rm(join(folder, name), { force: true }).catch(() => undefined)
  }
}

function isLongOver({ endsAt }: Generation): boolean {
  return endsAt + GRACE_MS <= Date.now()
}

function chainOf(name: string): string {
  return name.slice(0, name.lastIndexOf('.'))
}

async function lastGeneration(base: string): Promise<{ count: number; last: Generation }> {
  let last = ENDED
  for (let count = 0; ; count++) {
    const next = await readGeneration(base, count + 1)
    if (next === null) return { count, last }
    last = next
  }
}

/** Who holds a generation that is an empty file: whoever made it, and nobody else has been told this name. */
function emptyHolder(number: number): string {
  return `${number}-`
}

/** The holder of the generation that was made; null when another made it first. */
async function createGeneration(
  tmp: string,
  base: string,
  number: number,
  endsAt: number,
): Promise<string | null> {
  const path = `${base}.${number}`
  const holder = `${number}-${randomBytes(12).toString('hex')}`
  try {
    return (await createFile(tmp, path, JSON.stringify({ holder, endsAt }), 'quick')) ? holder : null
  } catch (error) {
    if (!isFull(error)) throw error
    return (await createEmptyFile(tmp, path, endsAt)) ? emptyHolder(number) : null
  }
}

async function readGeneration(base: string, number: number): Promise<Generation | null> {
  try {
    const file = await readText(`${base}.${number}`)
    if (file === null) return null
    const { holder, endsAt } = (parseJson(file.text) ?? {}) as Partial<Generation>
    return typeof holder === 'string' && typeof endsAt === 'number'
      ? { holder, endsAt: inReach(endsAt) }
      : { holder: emptyHolder(number), endsAt: inReach(file.changedAt) }
  } catch (error) {
    if (error instanceof Unreadable) return ENDED
    throw error
  }
}

/** The end of a lease; of one that no clock of ours can have given: the past. */
function inReach(endsAt: number): number {
  return endsAt <= Date.now() + LONGEST_LEASE_MS ? endsAt : 0
}
