import { opendir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { orNull } from './atomic-file'
import { Unreadable } from '../unreadable'

/** A folder whose own entry is longer holds so many names that they are not read at one go. */
const LONG_FOLDER_BYTES = 512 * 1024
const READ_AT_ONCE = 1024

export interface SomeNames {
  readonly names: readonly string[]
  /** Whether no others follow. */
  readonly isLast: boolean
}

/** The first `most` names of a folder that follow `after`, in the order of their bytes; none when there is no folder. Throws Unreadable for what is no folder. */
export async function namesAfter(folder: string, after: string, most: number): Promise<SomeNames> {
  return inFolder(async () => {
    const isLong = ((await orNull(stat(folder)))?.size ?? 0) > LONG_FOLDER_BYTES
    const found = isLong ? await someOf(folder, after, most) : ((await orNull(readdir(folder))) ?? [])
    const names = found.filter((name) => name > after).sort()
    return { names: names.slice(0, most), isLast: names.length <= most }
  })
}

/** `most` and one more at least, where there are so many: never much more than twice as many are in memory. */
async function someOf(folder: string, after: string, most: number): Promise<readonly string[]> {
  let names: string[] = []
  for await (const { name } of await opendir(folder, { bufferSize: READ_AT_ONCE })) {
    if (name > after) names.push(name)
    if (names.length > 2 * most + 2) names = names.sort().slice(0, most + 1)
  }
  return names
}

/**
 * What stands so many folders below a place, as places with `/` between their parts, in order, a part of a folder at a time. What is a file where a folder
 * should be is given as it is.
 */
export async function* placesBelow(
  root: string,
  place: string,
  depth: number,
): AsyncGenerator<readonly string[]> {
  for (let after: string | null = ''; after !== null;) {
    const some: SomeNames | null = await namesAfter(join(root, place), after, PAGE).catch(noneInFile)
    if (some === null) {
      yield [place]
      return
    }
    const places = some.names.map((name) => `${place}/${name}`)
    if (depth === 0) yield places
    else for (const inner of places) yield* placesBelow(root, inner, depth - 1)
    after = some.isLast ? null : (some.names.at(-1) ?? null)
  }
}

function noneInFile(error: unknown): null {
  if (error instanceof Unreadable) return null
  throw error
}

const PAGE = 8192

/** What `act` gives; a file where a folder should be is Unreadable. */
export async function inFolder<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTDIR' || code === 'ELOOP') throw new Unreadable('it is no folder')
    throw error
  }
}
