import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Unreadable } from '../unreadable'
import { createFile, draftPath, listFolder, orNull, readFileOrNull } from './atomic-file'

/** How many old states are kept behind the last one, for processes that look at them just now. */
const KEPT = 8
/** Others that come first so often are no others, but a folder that keeps nothing. */
const MOST_ROUNDS = 200

/**
 * Compare and swap between processes: the state is the file with the highest number in `folder`, and file n + 1 is made from file n and can
 * be created once. `change` makes the next state from the last (null: none yet), or null to leave it; it is asked again when another
 * process came first.
 */
export async function swapState(
  tmp: string,
  folder: string,
  change: (state: string | null) => string | null,
): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const last = await lastNumber(folder)
    const state = last === 0 ? null : await readNumber(folder, last)
    if (last > 0 && state === null) continue
    const changed = change(state)
    if (changed === null) return
    const next = join(folder, String(last + 1))
    if (!(await createFile(tmp, next, changed, 'quick'))) continue
    // A process that was stopped for long may have filled a gap that the sweeping left.
    if (last > 0 && (await readNumber(folder, last)) === null) {
      await rm(next, { force: true })
      continue
    }
    await dropUpTo(folder, last - KEPT)
    return
  }
  throw new Error('a state could not be changed: its files come and go')
}

export async function readState(folder: string): Promise<string | null> {
  return readNumber(folder, await lastNumber(folder))
}

/** Forgets the state at one stroke: whoever is just changing it begins again. */
export async function dropState(tmp: string, folder: string): Promise<void> {
  const grave = draftPath(tmp)
  await orNull(rename(folder, grave))
  await rm(grave, { recursive: true, force: true })
}

/** What is no file holds no state: the next one is made from nothing. */
async function readNumber(folder: string, number: number): Promise<string | null> {
  try {
    return await readFileOrNull(join(folder, String(number)))
  } catch (error) {
    if (error instanceof Unreadable) return ''
    throw error
  }
}

async function lastNumber(folder: string): Promise<number> {
  return Math.max(0, ...(await numbersIn(folder)))
}

/** Names that are no numbers are not ours. */
async function numbersIn(folder: string): Promise<readonly number[]> {
  return (await listFolder(folder)).filter((name) => /^[1-9]\d{0,14}$/.test(name)).map(Number)
}

/** From the first to the last, so that a gap always lies below what is kept. */
async function dropUpTo(folder: string, highest: number): Promise<void> {
  const numbers = (await numbersIn(folder)).filter((number) => number <= highest)
  for (const number of numbers.sort((a, b) => a - b)) {
    await rm(join(folder, String(number)), { force: true }).catch(() => undefined)
  }
}
