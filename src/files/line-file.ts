import {
  closeSync,
  constants,
  fchmodSync,
  fdatasync,
  fstatSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { promisify } from 'node:util'
import { PeerError } from '../net/peer-error'
import type { Deadline } from '../net/deadline'
import { decoded } from '../net/driver-url'
import { reasonOf } from '../net/reason-of'
import { makeFolder, PRIVATE_FILE } from './private-folder'

const flush = promisify(fdatasync)

interface OpenFile {
  readonly fd: number
  readonly inode: number
  /** A device such as /dev/null has no disk to wait for, and no lines to look at. */
  readonly onDisk: boolean
  /** Lines that are on their way to the disk. */
  flushing: number
  /** No line is added any more; the last one on its way closes it. */
  isRetired: boolean
  /** The disk has failed: none of the lines that were on their way are known to be on it. */
  hasFailed: boolean
}

export interface LineFile {
  /** Adds a line, and resolves once it is on disk. Throws a PeerError, when `deadline` aborts, too. */
  append(line: string, deadline: Deadline): Promise<void>
  readonly close: () => void
}

/**
 * A file of lines that any number of processes of one machine may append to. The folder is made when it is missing; a file that was moved away or
 * removed is made anew. What is made is for its user alone (0600, 0700); a file or folder that is there keeps its permissions.
 *
 * A line that a crash or a full disk cut off is ended by whoever comes next, so that it spoils no other; its sender was never told that it is kept.
 */
export function openLineFile(scheme: string, path: string): LineFile {
  let file: OpenFile | null = null
  let making: Promise<OpenFile> | null = null

  const retire = (): void => {
    if (file === null) return
    file.isRetired = true
    if (file.flushing === 0) closeSync(file.fd)
    file = null
  }
  /** The file at the path; null when there is none, or when others wait for it to be made. */
  const there = (): OpenFile | null => {
    if (file !== null && statSync(path, { throwIfNoEntry: false })?.ino === file.inode) return file
    retire()
    const fd = making === null ? openThere(path) : null
    return fd === null ? null : (file = openFile(fd))
  }
  /** Made once for all who wait for it, so that their lines stay in order. */
  const make = (): Promise<OpenFile> =>
    (making ??= makeFile(path)
      .then((fd) => (file = openFile(fd)))
      .finally(() => (making = null)))
  const flushed = async (current: OpenFile): Promise<void> => {
    current.flushing += 1
    try {
      await flush(current.fd)
    } catch (error) {
      // The system tells of lost pages once, and then calls them written: those who wait with us would be told that all is well.
      current.hasFailed = true
      if (file === current) retire()
      throw error
    } finally {
      current.flushing -= 1
      if (current.isRetired && current.flushing === 0) closeSync(current.fd)
    }
    if (isKnownToHaveFailed(current)) throw new Error('the disk failed while the line was on its way to it')
  }

  const late = (): PeerError => new PeerError(`${scheme}: ${path}: not written within the time allowed`)

  return {
    async append(line, deadline) {
      if (deadline.isOver) throw late()
      try {
        const current = there() ?? (await deadline.hold(make(), late))
        addLine(current, line)
        if (current.onDisk) await deadline.hold(flushed(current), late)
      } catch (error) {
        // The system's call cannot be stopped; the caller can go on without it.
        throw error instanceof PeerError ? error : new PeerError(`${scheme}: ${path}: ${reasonOf(error)}`)
      }
    },
    close: retire,
  }
}

/** The path in `file:PATH`, absolute. Throws an Error when there is none. */
export function filePathOf(url: string, example: string): string {
  const path = decoded(url.replace(/^file:(\/\/(?=\/))?/i, ''), 'path')
  if (path === '' || path.startsWith('//') || path.endsWith('/') || path.includes('\0'))
    throw new Error(
      `the URL must look like file:PATH, for instance file:${example} or file:/var/lib/relay/${example}`,
    )
  return resolve(path)
}

function openFile(fd: number): OpenFile {
  const stat = fstatSync(fd)
  return { fd, inode: stat.ino, onDisk: stat.isFile(), flushing: 0, isRetired: false, hasFailed: false }
}

/** Null when there is no such file. */
function openThere(path: string): number | null {
  try {
    return openSync(path, constants.O_RDWR | constants.O_APPEND)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

async function makeFile(path: string): Promise<number> {
  await makeFolder(dirname(path))
  // Another process may have made it meanwhile.
  const there = openThere(path)
  if (there !== null) return there
  const fd = openSync(path, 'a+', PRIVATE_FILE)
  fchmodSync(fd, PRIVATE_FILE)
  return fd
}

/** A line that others cut off each time is no matter of chance. */
const MOST_ROUNDS = 5

/** Written at one go, without giving way: lines of one process never mix, nor do whole ones of several. */
function addLine({ fd, onDisk }: OpenFile, line: string): void {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const size = onDisk ? fstatSync(fd).size : 0
    const text = Buffer.from(`${endsInTornLine(fd, size) ? '\n' : ''}${line}\n`)
    writeWhole(fd, text)
    // Another process may have come between the look and the writing, and its line may have been cut off just then.
    if (!onDisk || fstatSync(fd).size === size + text.length || standsAlone(fd, size, line)) return
  }
  throw new Error('the line was cut off by what others write to the file')
}

function endsInTornLine(fd: number, size: number): boolean {
  if (size === 0) return false
  const last = Buffer.alloc(1)
  readSync(fd, last, 0, 1, size - 1)
  return last[0] !== 0x0a
}

/** Whether the line stands whole in what was written since the file had this size. */
function standsAlone(fd: number, size: number, line: string): boolean {
  const from = Math.max(0, size - 1)
  const added = Buffer.alloc(Math.max(0, fstatSync(fd).size - from))
  readSync(fd, added, 0, added.length, from)
  return added.includes(`\n${line}\n`) || (size === 0 && added.indexOf(`${line}\n`) === 0)
}

function writeWhole(fd: number, text: Buffer): void {
  for (let written = 0; written < text.length;) written += writeSync(fd, text, written)
}

/** Asked anew: another line's flush may have failed since. */
function isKnownToHaveFailed({ hasFailed }: OpenFile): boolean {
  return hasFailed
}
