import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DeliveryError } from '../delivery/delivery-error'
import { decoded } from '../delivery/driver-url'
import { reasonOf } from '../delivery/reason-of'
import { type Alert, plainText } from './alert'
import type { OpenAlertChannel } from './alert-channel'

/**
 * A file of JSON lines: `file:PATH`, relative to the working directory or absolute. One line an alert, `{severity, title, text, event}`, on
 * disk (fdatasync) before `send` resolves; the folder is made when missing. Alerts of this process are written one after the other.
 */
export const openFileChannel: OpenAlertChannel = (url) => {
  const path = pathOf(url)
  let last: Promise<unknown> = Promise.resolve()
  return {
    scheme: 'file',
    limit: null,
    send(alert, signal) {
      const turn = last.then(async () => {
        if (!signal.aborted) await append(path, lineOf(alert))
      })
      last = turn.catch(() => undefined)
      return inTime(path, turn, signal)
    },
    close: async () => {
      await last
    },
  }
}

function pathOf(url: string): string {
  const path = decoded(url.replace(/^file:(\/\/(?=\/))?/i, ''), 'path')
  if (path === '' || path.startsWith('//') || path.endsWith('/') || path.includes('\0')) {
    throw new Error(
      'file: the URL must look like file:PATH, for instance file:alerts.jsonl or file:/var/log/alerts.jsonl',
    )
  }
  return path
}

function lineOf(alert: Alert): string {
  const { severity, title, event } = alert
  return `${JSON.stringify({ severity, title, text: plainText(alert), event })}\n`
}

async function append(path: string, line: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const file = await open(path, 'a+')
  try {
    await file.appendFile((await endsInsideLine(file)) ? `\n${line}` : line)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** A crash in the middle of a write leaves half a line, which must not swallow the next one. */
async function endsInsideLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat()
  if (size === 0) return false
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer[0] !== 0x0a
}

/** The system's call cannot be stopped; the caller can go on without it. */
function inTime(path: string, turn: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new DeliveryError(`file: ${path}: not written within the time allowed`))
    if (signal.aborted) late()
    signal.addEventListener('abort', late, { once: true })
    turn
      .then(resolve, (error: unknown) => reject(new DeliveryError(`file: ${path}: ${reasonOf(error)}`)))
      .finally(() => signal.removeEventListener('abort', late))
  })
}
