import { mkdir, open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { CloudEvent } from '../callback/cloud-event'
import { DeliveryError } from '../delivery/delivery-error'
import type { OpenQueue } from './queue'

/** `file:PATH`: one JSON line an event, on disk before `publish` resolves. */
export const openFileQueue: OpenQueue = (url) => {
  const path = decodeURIComponent(url.slice('file:'.length).replace(/^\/\//, ''))
  if (path === '') throw new Error('a file: URL needs a path, as in file:queue.jsonl')
  let last: Promise<unknown> = Promise.resolve()
  return {
    scheme: 'file',
    publish(event) {
      const written = last.then(() => append(resolve(path), event))
      last = written.catch(() => undefined)
      return written
    },
    close: async () => {
      await last
    },
  }
}

async function append(path: string, event: CloudEvent): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    const file = await open(path, 'a')
    try {
      await file.appendFile(JSON.stringify(event) + '\n')
      await file.datasync()
    } finally {
      await file.close()
    }
  } catch (error) {
    throw new DeliveryError(`file: ${(error as NodeJS.ErrnoException).code ?? 'cannot be written'}`)
  }
}
