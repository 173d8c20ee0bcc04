import { link, rename, rm } from 'node:fs/promises'
import { draftPath, orNull, readJsonOrNull } from './atomic-file'

/** What a file says of its own end. */
export interface Expiring {
  /** Ms since the epoch; null: never. */
  readonly endsAt: number | null
}

/** Whether the end came, and `forMs` have passed since. */
export function isOver({ endsAt }: Expiring, forMs = 0): boolean {
  return endsAt !== null && endsAt + forMs <= Date.now()
}

/**
 * Removes a file that has ended, or that a loss of power left unreadable. It looks again at what it took away, and puts it back if it was
 * replaced at the last moment.
 */
export async function removeWhenOver(tmp: string, path: string): Promise<void> {
  const look = (await readJsonOrNull(path)) as Expiring | null
  if (look !== null && !isOver(look)) return
  const grave = draftPath(tmp)
  await orNull(rename(path, grave))
  const taken = (await readJsonOrNull(grave)) as Expiring | null
  // A file that stands there by now is newer still.
  if (taken !== null && !isOver(taken)) await link(grave, path).catch(() => undefined)
  await rm(grave, { force: true })
}
