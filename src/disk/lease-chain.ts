import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createFile, listFolder, parseJson, readFileOrNull, readJsonOrNull, replaceFile } from './atomic-file'
import { type Expiring, isOver } from './expiry'

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

const ENDED: Generation = { holder: '', endsAt: 0 }

/**
 * Takes a lease that is free or has ended. Processes share it through files `<base>.1`, `<base>.2`, …: one a generation, and the last one counts.
 *
 * Creating a file that must not exist is the one atomic step that every file system has, so a lease is taken by creating the next
 * generation once the last has ended. A generation is changed only by the one who created it (to end it early), therefore nobody can
 * end another's lease. Files need not outlive a loss of power: the holders do not, either.
 */
export async function takeLease(tmp: string, base: string, leaseMs: number): Promise<LeaseAnswer> {
  for (;;) {
    const { count, last } = await lastGeneration(base)
    const now = Date.now()
    if (last.endsAt > now) return { kind: 'held', remainingMs: last.endsAt - now }
    const number = count + 1
    const holder = `${number}-${randomBytes(12).toString('hex')}`
    const generation: Generation = { holder, endsAt: now + leaseMs }
    if (!(await createFile(tmp, `${base}.${number}`, JSON.stringify(generation), 'quick'))) continue
    // The chain may have been dropped and begun anew between the look and the creation: then this file is no link of it.
    if (count > 0 && (await readGeneration(base, count))?.holder !== last.holder) continue
    return { kind: 'taken', holder }
  }
}

/** Ends the lease if `holder` has it; else does nothing. */
export async function endLease(tmp: string, base: string, holder: string): Promise<void> {
  const number = Number(holder.split('-')[0])
  if ((await readGeneration(base, number))?.holder !== holder) return
  await replaceFile(tmp, `${base}.${number}`, JSON.stringify({ holder, endsAt: Date.now() }), 'quick')
}

/**
 * Removes the chain's files. Only for one who holds the lease, or when the base will never be used again. From the first to the last:
 * a taker who comes meanwhile begins a new chain, or notices that its predecessor is gone.
 */
export async function dropLeases(base: string): Promise<void> {
  for (let number = 1; (await readFileOrNull(`${base}.${number}`)) !== null; number++) {
    await rm(`${base}.${number}`, { force: true })
  }
}

/** Removes the chains in `folder` whose last lease has been over for long. `isLease` tells their files from others. */
export async function sweepLeases(
  tmp: string,
  folder: string,
  isLease: (name: string) => boolean = () => true,
): Promise<void> {
  const names = (await listFolder(folder)).filter(isLease)
  for (const chain of new Set(names.map(chainOf))) {
    const base = join(folder, chain)
    const { count, last } = await lastGeneration(base)
    if (count === 0) await dropRest(folder, chain)
    else if (isOver(last, GRACE_MS) && (await takeLease(tmp, base, SWEEP_LEASE_MS)).kind === 'taken') {
      await dropLeases(base)
    }
  }
}

/** A chain without its first generation: a crash left it half dropped, or it is just being dropped. */
async function dropRest(folder: string, chain: string): Promise<void> {
  for (const name of await listFolder(folder)) {
    if (chainOf(name) !== chain) continue
    const lease = (await readJsonOrNull(join(folder, name))) as Expiring | null
    if (lease === null || isOver(lease, GRACE_MS)) await rm(join(folder, name), { force: true })
  }
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

async function readGeneration(base: string, number: number): Promise<Generation | null> {
  const text = await readFileOrNull(`${base}.${number}`)
  // A loss of power may leave it empty.
  return text === null ? null : ((parseJson(text) as Generation | null) ?? ENDED)
}
