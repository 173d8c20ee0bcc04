import { closeSync, fdatasync, fstatSync, mkdirSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { promisify } from 'node:util'
import { DeliveryError } from '../delivery/delivery-error'
import { decoded } from '../delivery/driver-url'
import { reasonOf } from '../delivery/reason-of'

const flush = promisify(fdatasync)

interface OpenFile {
  readonly fd: number
  readonly inode: number
  /** A device such as /dev/null has no disk to wait for. */
  readonly onDisk: boolean
}

export interface LineFile {
  /** Adds a line, and resolves once it is on disk. Throws a DeliveryError, when `signal` aborts, too. */
  append(line: string, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/**
 * A file of lines that any number of processes of one machine may append to. The folder is made when it is missing; a file that was moved away or
 * removed is made anew.
 */
export function openLineFile(scheme: string, path: string): LineFile {
  let file: OpenFile | null = null

  const current = (): OpenFile => {
    if (file !== null && statSync(path, { throwIfNoEntry: false })?.ino === file.inode) return file
    close()
    return (file = openForAppending(path))
  }
  const close = (): void => {
    if (file !== null) closeSync(file.fd)
    file = null
  }

  const late = (): DeliveryError =>
    new DeliveryError(`${scheme}: ${path}: not written within the time allowed`)

  return {
    async append(line, signal) {
      if (signal.aborted) throw late()
      try {
        const { fd, onDisk } = current()
        // Written at one go, without giving way: lines of one process never mix.
        writeWhole(fd, Buffer.from(`${line}\n`))
        if (onDisk) await unlessAborted(flush(fd), signal)
      } catch (error) {
        throw error instanceof Aborted ? late() : new DeliveryError(`${scheme}: ${path}: ${reasonOf(error)}`)
      }
    },
    async close() {
      close()
      return Promise.resolve()
    },
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

function openForAppending(path: string): OpenFile {
  mkdirSync(dirname(path), { recursive: true })
  const fd = openSync(path, 'a+')
  const stat = fstatSync(fd)
  if (stat.isFile() && stat.size > 0) closeTornLine(fd, stat.size)
  return { fd, inode: stat.ino, onDisk: stat.isFile() }
}

/** A process killed in the middle of a line leaves it without an end; whoever sent it was never told that it is kept, and comes again. */
function closeTornLine(fd: number, size: number): void {
  const last = Buffer.alloc(1)
  readSync(fd, last, 0, 1, size - 1)
  if (last[0] !== 0x0a) writeSync(fd, '\n')
}

function writeWhole(fd: number, line: Buffer): void {
  for (let written = 0; written < line.length;) written += writeSync(fd, line, written)
}

class Aborted extends Error {}

/** The system's call cannot be stopped; the caller can go on without it. */
function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new Aborted())
    signal.addEventListener('abort', giveUp, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
  })
}
