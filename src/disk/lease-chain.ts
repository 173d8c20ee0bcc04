import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { createFile, readFileOrNull, replaceFile } from './atomic-file'

/**
 * A lease that processes share through files `<base>.1`, `<base>.2`, …: one a generation, and the last one counts.
 *
 * Creating a file that must not exist is the one atomic step that every file system has, so a lease is taken by creating the next
 * generation once the last has ended. A generation is changed only by the one who created it (to end it early), therefore nobody can
 * end another's lease. Files need not outlive a loss of power: the holders do not, either.
 */
export type LeaseAnswer =
  | { readonly kind: 'taken'; readonly holder: string }
  | { readonly kind: 'held'; readonly remainingMs: number }

interface Generation {
  readonly holder: string
  readonly endsAt: number
}

const ENDED: Generation = { holder: '', endsAt: 0 }

/** Takes the lease when it is free or has ended. */
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
  await replaceFile(tmp, `${base}.${number}`, JSON.stringify({ holder, endsAt: 0 }), 'quick')
}

/** When the last lease ends or ended (ms since the epoch); null when there never was one. */
export async function leaseEnd(base: string): Promise<number | null> {
  const { count, last } = await lastGeneration(base)
  return count === 0 ? null : last.endsAt
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
  if (text === null) return null
  try {
    return JSON.parse(text) as Generation
  } catch {
    // A loss of power may leave it empty.
    return ENDED
  }
}
