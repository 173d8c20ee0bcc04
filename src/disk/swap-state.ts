import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createFile, draftPath, listFolder, orNull, readFileOrNull } from './atomic-file'

/** How many old states are kept behind the last one, for processes that look at them just now. */
const KEPT = 8

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
  for (;;) {
    const last = await lastNumber(folder)
    const state = last === 0 ? null : await readFileOrNull(join(folder, String(last)))
    if (last > 0 && state === null) continue
    const changed = change(state)
    if (changed === null) return
    const next = join(folder, String(last + 1))
    if (!(await createFile(tmp, next, changed, 'quick'))) continue
    // A process that was stopped for long may have filled a gap that the sweeping left.
    if (last > 0 && (await readFileOrNull(join(folder, String(last)))) === null) {
      await rm(next, { force: true })
      continue
    }
    await dropUpTo(folder, last - KEPT)
    return
  }
}

export async function readState(folder: string): Promise<string | null> {
  return readFileOrNull(join(folder, String(await lastNumber(folder))))
}

/** Forgets the state at one stroke: whoever is just changing it begins again. */
export async function dropState(tmp: string, folder: string): Promise<void> {
  const grave = draftPath(tmp)
  await orNull(rename(folder, grave))
  await rm(grave, { recursive: true, force: true })
}

async function lastNumber(folder: string): Promise<number> {
  return Math.max(0, ...(await listFolder(folder)).map(Number))
}

/** From the first to the last, so that a gap always lies below what is kept. */
async function dropUpTo(folder: string, highest: number): Promise<void> {
  const numbers = (await listFolder(folder)).map(Number).filter((number) => number <= highest)
  for (const number of numbers.sort((a, b) => a - b)) await rm(join(folder, String(number)), { force: true })
}
