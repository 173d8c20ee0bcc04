import { mkdir, open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DeliveryError } from '../delivery/delivery-error'
import { decoded } from '../delivery/driver-url'
import { reasonOf } from '../delivery/reason-of'
import type { OpenQueue } from './queue'

const NEWLINE = 10

/**
 * A file: `file:PATH`, one JSON line an event, on disk (fdatasync) before `publish` resolves. The directory is created. A line that
 * a crash left unfinished is closed off first, so that it spoils no other.
 */
export const openFileQueue: OpenQueue = (text) => {
  const path = pathOf(text)
  let last: Promise<unknown> = Promise.resolve()
  return {
    scheme: 'file',
    publish(event, signal) {
      const line = `${JSON.stringify(event)}\n`
      // One at a time: two appends at once may each take the other's half-written line for a torn one.
      const mine = last.then(() => {
        if (signal.aborted) throw new DeliveryError('file: not written within the time allowed')
        return append(path, line)
      })
      last = mine.catch(() => undefined)
      return mine
    },
    close: async () => {
      await last
    },
  }
}

function pathOf(text: string): string {
  const path = decoded(text.replace(/^file:(\/\/(?=\/))?/, ''), 'path')
  if (path === '' || path.endsWith('/')) throw new Error('the path of a file is missing: file:queue.jsonl')
  return path
}

async function append(path: string, line: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    const file = await open(path, 'a+')
    try {
      await file.appendFile((await isTorn(file)) ? `\n${line}` : line)
      await file.datasync()
    } finally {
      await file.close()
    }
  } catch (error) {
    throw new DeliveryError(`file: ${path}: ${reasonOf(error)}`)
  }
}

async function isTorn(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat()
  if (size === 0) return false
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer[0] !== NEWLINE
}
