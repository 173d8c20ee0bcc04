import { EMBEDDED } from '../drivers/driver'
import { filePathOf, openLineFile } from '../files/line-file'
import { each } from './each'
import type { QueueDriver } from './queue'

/** `file:PATH`: one JSON line an event, on disk before `publish` resolves. */
const open: QueueDriver['open'] = (url) => {
  const file = openLineFile('file', filePathOf(url, 'queue.jsonl'))
  return {
    scheme: 'file',
    ...EMBEDDED,
    keepsOrder: true,
    publish: (events, deadline) => each(events, (event) => file.append(JSON.stringify(event), deadline)),
    close: file.close,
  }
}

export const driver: QueueDriver = { schemes: ['file'], form: 'file:PATH', open }
