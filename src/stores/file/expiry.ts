import { link, rename, rm } from 'node:fs/promises'
import { draftPath, orNull, parseJson, readText } from './atomic-file'

/** What a file says of its own end. */
export interface Expiring {
  /** Ms since the epoch; null: never. */
  readonly endsAt: number | null
}

/** A file that a loss of power emptied was written for a reason: what it marks holds for so long after it was written. */
const UNREADABLE_MS = 7 * 86_400_000

/** When what the file marks ends, ms since the epoch (Infinity: never); null when there is no file. Throws Unreadable for what is no file. */
export async function endOf(path: string): Promise<number | null> {
  const file = await readText(path)
  if (file === null) return null
  const { endsAt } = (parseJson(file.text) ?? {}) as Partial<Expiring>
  if (endsAt === null) return Infinity
  return typeof endsAt === 'number' ? endsAt : file.changedAt + UNREADABLE_MS
}

/** Removes a file that has ended. It looks again at what it took away, and puts it back if it was replaced at the last moment. */
export async function removeWhenOver(tmp: string, path: string): Promise<void> {
  const isOver = (end: number | null): boolean => end !== null && end <= Date.now()
  if (!isOver(await endOf(path))) return
  const grave = draftPath(tmp)
  await orNull(rename(path, grave))
  const taken = await endOf(grave)
  // A file that stands there by now is newer still.
  if (taken !== null && !isOver(taken)) await link(grave, path).catch(() => undefined)
  await rm(grave, { force: true })
}
