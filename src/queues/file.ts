import { filePathOf, openLineFile } from '../disk/line-file'
import type { OpenQueue } from './queue'

/** `file:PATH`: one JSON line an event, on disk before `publish` resolves. */
export const openFileQueue: OpenQueue = (url) => {
  const file = openLineFile('file', filePathOf(url, 'queue.jsonl'))
  return {
    scheme: 'file',
    publish: (event, signal) => file.append(JSON.stringify(event), signal),
    close: () => file.close(),
  }
}
