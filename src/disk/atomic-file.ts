import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** How long a file under construction may live before it counts as left behind by a crash. */
const LONGEST_WRITE_MS = 3_600_000

/** `durable`: on disk before the promise resolves, so that it outlives a loss of power, too. */
export type Durability = 'durable' | 'quick'

/** Creates `path` with all of `content`; false when it exists. Nobody ever sees a part of it. `tmp`: a folder of the same file system. */
export async function createFile(
  tmp: string,
  path: string,
  content: string,
  durability: Durability,
): Promise<boolean> {
  const draft = await writeDraft(tmp, content, durability)
  try {
    await inFolderOf(path, () => link(draft, path))
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
  if (durability === 'durable') await syncFolder(dirname(path))
  return true
}

/** Creates or replaces `path` with all of `content`: readers see the old file or the new one. */
export async function replaceFile(
  tmp: string,
  path: string,
  content: string,
  durability: Durability,
): Promise<void> {
  const draft = await writeDraft(tmp, content, durability)
  try {
    await inFolderOf(path, () => rename(draft, path))
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  if (durability === 'durable') await syncFolder(dirname(path))
}

/** The file's text; null when there is none. */
export async function readFileOrNull(path: string): Promise<string | null> {
  return orNull(readFile(path, 'utf8'))
}

/** The file's JSON; null when there is none, or when a loss of power left it unreadable. */
export async function readJsonOrNull(path: string): Promise<unknown> {
  return parseJson(await readFileOrNull(path))
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

/** Whether the draft was left behind by a crash; drafts carry the time of their birth in their names. */
export function isAbandonedDraft(name: string): boolean {
  return !(Date.now() - Number(name.split('-')[0]) < LONGEST_WRITE_MS)
}

export function draftPath(tmp: string): string {
  return join(tmp, `${Date.now()}-${randomBytes(9).toString('hex')}`)
}

async function writeDraft(tmp: string, content: string, durability: Durability): Promise<string> {
  const draft = draftPath(tmp)
  const file = await inFolderOf(draft, () => open(draft, 'wx'))
  try {
    await file.writeFile(content)
    if (durability === 'durable') await file.sync()
  } finally {
    await file.close()
  }
  return draft
}

async function inFolderOf<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    await mkdir(dirname(path), { recursive: true })
    return await act()
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

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code
}
