import { isCondition } from '../net/condition-names'
import { filePathOf, openLineFile } from '../files/line-file'
import { plainText } from './alert'
import { EMBEDDED } from '../drivers/driver'
import type { AlertDriver } from './alert-channel'
import { conditionsIn, holdingBelow } from './conditions'

/** `file:PATH[?keyword=…&fallback=1]`: one JSON line an alert, `{severity, title, text, event}`, on disk before `send` resolves. */
const open: AlertDriver['open'] = (url) => {
  // A "?" with anything else behind it belongs to the path.
  const [, path = url, query = ''] = /^(.*?)\?([^?]*)$/s.exec(url) ?? []
  const hasConditions = query.split('&').every(isCondition)
  const { keyword, isFallback } = conditionsIn('file', new URLSearchParams(hasConditions ? query : ''), null)
  const file = openLineFile('file', filePathOf(hasConditions ? path : url, 'alerts.jsonl'))
  return {
    scheme: 'file',
    ...EMBEDDED,
    limit: null,
    isFallback,
    send(alert, deadline) {
      const { severity, title, event } = alert
      const text = holdingBelow(title, plainText(alert), keyword)
      return file.append(JSON.stringify({ severity, title, text, event }), deadline)
    },
    close: file.close,
  }
}

export const driver: AlertDriver = { schemes: ['file'], form: 'file:PATH', open }
