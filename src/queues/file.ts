import { closeSync, fdatasync, fstatSync, mkdirSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { promisify } from 'node:util'
import { DeliveryError } from '../delivery/delivery-error'
import { decoded } from '../delivery/driver-url'
import { reasonOf } from '../delivery/reason-of'
import type { OpenQueue } from './queue'

const flush = promisify(fdatasync)

interface OpenFile {
  readonly fd: number
  readonly inode: number
  /** A device such as /dev/null has no disk to wait for. */
  readonly onDisk: boolean
}

/**
 * `file:PATH`: one JSON line an event, on disk before `publish` resolves. The folder is made when it is missing; a file that was moved
 * away or removed is made anew. Any number of processes of one machine may append to it.
 */
export const openFileQueue: OpenQueue = (url) => {
  const path = pathOf(url)
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

  return {
    scheme: 'file',
    async publish(event) {
      try {
        const { fd, onDisk } = current()
        writeWhole(fd, Buffer.from(JSON.stringify(event) + '\n'))
        if (onDisk) await flush(fd)
      } catch (error) {
        throw new DeliveryError(`file: ${path}: ${reasonOf(error)}`)
      }
    },
    async close() {
      close()
      return Promise.resolve()
    },
  }
}

function pathOf(text: string): string {
  const path = decoded(text.replace(/^file:(\/\/(?=\/))?/, ''), 'path')
  if (path === '' || path.endsWith('/')) throw new Error('the path of a file is missing: file:queue.jsonl')
  return resolve(path)
}

function openForAppending(path: string): OpenFile {
  mkdirSync(dirname(path), { recursive: true })
  const fd = openSync(path, 'a+')
  const stat = fstatSync(fd)
  if (stat.isFile() && stat.size > 0) closeTornLine(fd, stat.size)
  return { fd, inode: stat.ino, onDisk: stat.isFile() }
}

/** A process killed in the middle of a line leaves it without an end; its event was never answered, and comes again. */
function closeTornLine(fd: number, size: number): void {
  const last = Buffer.alloc(1)
  readSync(fd, last, 0, 1, size - 1)
  if (last[0] !== 0x0a) writeSync(fd, '\n')
}

function writeWhole(fd: number, line: Buffer): void {
  for (let written = 0; written < line.length;) written += writeSync(fd, line, written)
}
