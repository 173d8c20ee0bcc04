import { filePathOf, openLineFile } from '../disk/line-file'
import { plainText } from './alert'
import { EMBEDDED } from '../delivery/driver'
import type { AlertDriver } from './alert-channel'

/** `file:PATH`: one JSON line an alert, `{severity, title, text, event}`, on disk before `send` resolves. */
const open: AlertDriver['open'] = (url) => {
  const file = openLineFile('file', filePathOf(url, 'alerts.jsonl'))
  return {
    scheme: 'file',
    ...EMBEDDED,
    limit: null,
    send(alert, deadline) {
      const { severity, title, event } = alert
      return file.append(JSON.stringify({ severity, title, text: plainText(alert), event }), deadline)
    },
    close: file.close,
  }
}

export const driver: AlertDriver = { schemes: ['file'], form: 'file:PATH', open }
