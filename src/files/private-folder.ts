import * as fs from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

// Not from node:fs/promises: a file queue does without it, and it takes 2 ms to load.
const chmod = promisify(fs.chmod)
const mkdir = promisify(fs.mkdir)
const readdir = promisify(fs.readdir)
const stat = promisify(fs.stat)

/** Bodies of callbacks are nobody else's to read: what is made here is its user's alone, whatever the umask. */
export const PRIVATE_FILE = 0o600
const PRIVATE_FOLDER = 0o700

const OTHERS = 0o077
/** A folder such as /tmp, which is everybody's on purpose. */
const STICKY = 0o1000

/** Makes a folder and those above it that are missing. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: PRIVATE_FOLDER })
  // What was made is what a path from `first` on leads through; Windows has no such modes.
  if (first === undefined || process.platform === 'win32') return
  for (let folder = path; folder.startsWith(first); folder = dirname(folder)) {
    await chmod(folder, PRIVATE_FOLDER)
  }
}

/**
 * Closes a folder of ours that others may enter, as an earlier version or a person made it; where it holds other things, too, only those of its
 * folders that are ours by `names`. Says why it could not; null when it is closed, or is not there.
 */
export async function closeFolder(path: string, names: readonly string[]): Promise<string | null> {
  try {
    const { mode, uid } = await stat(path)
    if ((mode & OTHERS) === 0 || process.getuid === undefined) return null
    if (uid !== process.getuid()) return 'other users may enter this folder, and it is not ours to close'
    const there = await readdir(path)
    if ((mode & STICKY) === 0 && there.every((name) => names.includes(name))) {
      await chmod(path, PRIVATE_FOLDER)
      return null
    }
    for (const name of names.filter((one) => there.includes(one))) await closeInner(join(path, name))
    return null
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT'
      ? null
      : `other users may enter this folder: it could not be closed (${String(code)})`
  }
}

async function closeInner(path: string): Promise<void> {
  const { mode } = await stat(path)
  if ((mode & OTHERS) !== 0) await chmod(path, mode & ~OTHERS & 0o777)
}
