import { filePathOf, openLineFile } from '../disk/line-file'
import { plainText } from './alert'
import type { OpenAlertChannel } from './alert-channel'

/** `file:PATH`: one JSON line an alert, `{severity, title, text, event}`, on disk before `send` resolves. */
export const openFileChannel: OpenAlertChannel = (url) => {
  const file = openLineFile('file', filePathOf(url, 'alerts.jsonl'))
  return {
    scheme: 'file',
    limit: null,
    send(alert, signal) {
      const { severity, title, event } = alert
      return file.append(JSON.stringify({ severity, title, text: plainText(alert), event }), signal)
    },
    close: () => file.close(),
  }
}
