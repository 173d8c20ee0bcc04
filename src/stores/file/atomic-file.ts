import { randomBytes } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { type FileHandle, link, open, readdir, rename, rm, unlink, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Unreadable } from '../unreadable'
import { makeFolder, PRIVATE_FILE } from '../../files/private-folder'

/** How long a file under construction may live before it counts as left behind by a crash. */
const LONGEST_WRITE_MS = 3_600_000
/** Of a body of 6 MiB, in base64, an item makes 8; what is longer is none of ours. */
const LONGEST_FILE = 32 * 1024 * 1024

/** `durable`: on disk before the promise resolves, so that it outlives a loss of power, too. */
export type Durability = 'durable' | 'quick'

/** Creates `path` with all of `content`; false when it exists. Nobody ever sees a part of it. `tmp`: a folder of the same file system. */
export async function createFile(
  tmp: string,
  path: string,
  content: string,
  durability: Durability,
): Promise<boolean> {
  const draft = await writeDraft(tmp, async (file) => {
    await file.writeFile(content)
    if (durability === 'durable') await file.sync()
  })
  if (!(await linkDraft(draft, path))) return false
  if (durability === 'durable') await syncFolder(dirname(path))
  return true
}

/**
 * Creates `path`; false when it exists. For what nobody misses: others may see it empty before it is whole, and a crash may leave it so. Needs no room but
 * its own.
 */
export async function createPlainFile(path: string, content: string): Promise<boolean> {
  try {
    const { done: file } = await inFolderOf(path, () => open(path, 'wx', PRIVATE_FILE))
    try {
      await file.chmod(PRIVATE_FILE)
      await file.writeFile(content)
    } finally {
      await file.close()
    }
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** Removes a file, if it is there. */
export async function removeFile(path: string): Promise<void> {
  await orNull(unlink(path))
}

/** Creates an empty `path`, which a full disk has room for, with a time of change; false when it exists. */
export async function createEmptyFile(tmp: string, path: string, changedAtMs: number): Promise<boolean> {
  const draft = await writeDraft(tmp, async (file) => file.utimes(changedAtMs / 1000, changedAtMs / 1000))
  return linkDraft(draft, path)
}

/** Creates or replaces `path` with all of `content`: readers see the old file or the new one. */
export async function replaceFile(
  tmp: string,
  path: string,
  content: string,
  durability: Durability,
): Promise<void> {
  const draft = await writeDraft(tmp, async (file) => {
    await file.writeFile(content)
    if (durability === 'durable') await file.sync()
  })
  let isNew: boolean
  try {
    isNew = (await inFolderOf(path, () => rename(draft, path))).isNew
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  if (durability !== 'durable') return
  await syncFolder(dirname(path))
  // A folder that is new has a name that must be kept, too.
  if (isNew) for (const folder of foldersAbove(path).slice(0, MOST_NEW)) await syncFolderOfOthers(folder)
}

export async function setChangedAt(path: string, ms: number): Promise<void> {
  await utimes(path, ms / 1000, ms / 1000)
}

export interface ReadText {
  readonly text: string
  /** When the file was last changed, ms since the epoch. */
  readonly changedAt: number
}

/** What a file holds; null when there is none. Throws Unreadable for what is no file of ours: a folder, a link, one too long or not for us. */
export async function readText(path: string): Promise<ReadText | null> {
  return reading(path, async (file, { size, mtimeMs }) => {
    const bytes = Buffer.alloc(size)
    let length = 0
    for (let more = 1; more > 0 && length < size; length += more)
      more = (await file.read(bytes, length, size - length, length)).bytesRead
    // A file just written is not ahead of our clock, which counts whole ms.
    return { text: bytes.toString('utf8', 0, length), changedAt: Math.floor(mtimeMs) }
  })
}

/** The file's first line with its end, of at most `longest` bytes; all of a file that has none. Null and throws as readText. */
export async function readFirstLine(path: string, longest: number): Promise<string | null> {
  return reading(path, async (file) => {
    let text = Buffer.alloc(0)
    while (text.length < longest && !text.includes(10)) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(4096), 0, 4096, text.length)
      if (bytesRead === 0) break
      text = Buffer.concat([text, buffer.subarray(0, bytesRead)])
    }
    return text.toString('utf8')
  })
}

/** The file's text; null when there is none. Throws Unreadable. */
export async function readFileOrNull(path: string): Promise<string | null> {
  return (await readText(path))?.text ?? null
}

/** null for what cannot be read. */
export function parseJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null')
  } catch {
    return null
  }
}

/** The names in a folder; none when it does not exist. */
export async function listFolder(path: string): Promise<readonly string[]> {
  return (await orNull(readdir(path))) ?? []
}

/** What the promise gives; null when the file or folder does not exist. */
export async function orNull<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

/** No room on the disk, in the quota, or under the limit for a file. */
export function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(String(codeOf(error)))
}

/** Drafts carry the time of their birth in their names. */
export function isDraft(name: string): boolean {
  return /^\d{13}-[0-9a-f]{18}$/.test(name)
}

/** Whether the draft was left behind by a crash. */
export function isAbandonedDraft(name: string): boolean {
  return isDraft(name) && Date.now() - Number(name.slice(0, 13)) >= LONGEST_WRITE_MS
}

export function draftPath(tmp: string): string {
  return join(tmp, `${String(Date.now()).padStart(13, '0')}-${randomBytes(9).toString('hex')}`)
}

/** Codes of what stands in the way of a file, whatever the state of the disk. */
const IN_THE_WAY: Readonly<Record<string, string>> = {
  EISDIR: 'it is a folder',
  ENOTDIR: 'a file stands where its folder should',
  ELOOP: 'it is a symbolic link',
  EACCES: 'its permissions do not let us read it',
  EPERM: 'its permissions do not let us read it',
  ENXIO: 'it is no plain file',
  EAGAIN: 'it is no plain file',
  EIO: 'the disk does not give it back',
}

async function reading<T>(
  path: string,
  read: (file: FileHandle, stat: Stats) => Promise<T>,
): Promise<T | null> {
  // A link leads out of the store, and a pipe would be waited for. (Windows has neither flag.)
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants as Partial<typeof constants>
  try {
    const file = await open(path, (O_RDONLY ?? 0) | (O_NONBLOCK ?? 0) | (O_NOFOLLOW ?? 0))
    try {
      const stat = await file.stat()
      if (!stat.isFile()) throw new Unreadable(stat.isDirectory() ? 'it is a folder' : 'it is no plain file')
      if (stat.size > LONGEST_FILE) throw new Unreadable('it is longer than anything that is kept here')
      return await read(file, stat)
    } finally {
      await file.close()
    }
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') return null
    const problem = typeof code === 'string' ? IN_THE_WAY[code] : undefined
    throw problem === undefined ? error : new Unreadable(problem)
  }
}

async function linkDraft(draft: string, path: string): Promise<boolean> {
  try {
    await inFolderOf(path, () => link(draft, path))
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

/** A draft that could not be finished is not left behind: on a full disk it would take the room that the others wait for. */
async function writeDraft(tmp: string, write: (file: FileHandle) => Promise<void>): Promise<string> {
  const draft = draftPath(tmp)
  const { done: file } = await inFolderOf(draft, () => open(draft, 'wx', PRIVATE_FILE))
  try {
    await file.chmod(PRIVATE_FILE)
    await write(file)
    await file.close()
    return draft
  } catch (error) {
    await file.close().catch(() => undefined)
    await rm(draft, { force: true })
    throw error
  }
}

/** A store's folder, and those in it, are made one within the other. */
const MOST_NEW = 4

/** Those in which the file's own folder lies, the nearest first. */
function foldersAbove(path: string): readonly string[] {
  const folder = dirname(path)
  const above = dirname(folder)
  return above === folder ? [] : [above, ...foldersAbove(folder)]
}

/** Another process may remove a folder that it finds empty, again and again, just after it was made. */
const MOST_FOLDERS = 20

/** What `act` gives, in a folder that is made when it is missing. */
async function inFolderOf<T>(
  path: string,
  act: () => Promise<T>,
): Promise<{ readonly done: T; readonly isNew: boolean }> {
  for (let round = 0; ; round++) {
    try {
      return { done: await act(), isNew: round > 0 }
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || round === MOST_FOLDERS) throw error
      // One of those above it may be removed while it is made.
      await orNull(makeFolder(dirname(path)))
    }
  }
}

/** Makes a new name outlive a loss of power. Windows cannot open folders, and does without. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await orNull(open(path, 'r'))
  if (folder === null) return
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** One that we may not read is not ours to sync. */
async function syncFolderOfOthers(path: string): Promise<void> {
  try {
    await syncFolder(path)
  } catch (error) {
    if (codeOf(error) !== 'EACCES' && codeOf(error) !== 'EPERM') throw error
  }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code
}
