import { isCondition } from '../net/condition-names'
import { failed, type Peer } from '../net/peer'
import type { Severity } from './alert'
import { EMBEDDED } from '../drivers/driver'
import type { AlertDriver } from './alert-channel'
import { conditionsIn, holdingBelow } from './conditions'
import { fitAlert } from './fit'
import { MARK, textOf } from './lines'

const TERMINAL: Peer = { name: 'console', secrets: [] }

const COLOUR: Readonly<Record<Severity, string>> = { error: '31', warning: '33', info: '34' }

/**
 * Standard output, for people: `console:[?keyword=…&fallback=1]`. Coloured on a terminal only (and never with NO_COLOR); control characters in names from outside
 * are gone, so that they cannot move the cursor or change colours.
 */
const open: AlertDriver['open'] = (url) => {
  const [, query = ''] = /^console:(?:\/\/)?(?:\?(.+))?$/i.exec(url) ?? [url, 'else']
  if (query !== '' && !query.split('&').every(isCondition))
    throw new Error('console: the URL must be console: and nothing more but ?keyword=… and fallback=1')
  const { keyword, isFallback } = conditionsIn('console', new URLSearchParams(query), null)
  return {
    scheme: 'console',
    ...EMBEDDED,
    limit: null,
    isFallback,
    async send(alert, deadline) {
      if (deadline.isOver) throw failed(TERMINAL, 'no time left')
      const shown = fitAlert(alert, () => true)
      const title = `${MARK[shown.severity]} ${shown.title}`
      const head = isColourful() ? `\u001b[1;${COLOUR[shown.severity]}m${title}\u001b[0m` : title
      const text = holdingBelow(title, textOf(shown), keyword)
      await print(`\n${head}\n${text.replaceAll(/^/gm, '   ')}\n\n`)
    },
  }
}

function isColourful(): boolean {
  return process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === ''
}

function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error) reject(failed(TERMINAL, (error as NodeJS.ErrnoException).code ?? 'cannot be written'))
      else resolve()
    })
  })
}

export const driver: AlertDriver = { schemes: ['console'], form: 'console:', open }
