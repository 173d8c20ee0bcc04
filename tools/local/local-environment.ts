import { type Environment, tokensIn } from '../../src/config/read-config'
import { harmlessLine } from './harmless'
import { LOCAL_TOKEN } from './sample-token'

const DEFAULTS = {
  CALLBACK_TOKEN: LOCAL_TOKEN,
  QUEUE_URL: 'file:.relay/queue.jsonl',
  ALERT_URLS: 'console:',
  STORE_URL: 'file:.relay/store',
} as const

/** The environment of a function that runs on this machine: what is unset or empty has a default that needs no service. */
export function localEnvironment(env: Environment): Environment {
  const unset = Object.entries(DEFAULTS).filter(([name]) => !env[name]?.trim())
  // RELAY_LOCAL allows a short token.
  return { ...env, ...Object.fromEntries(unset), RELAY_LOCAL: '1' }
}

/** ALERT_LANG as the terminal speaks (`LANG=zh_CN.UTF-8`), where it is not set: of samples, whose alerts a person at a terminal reads. */
export function alertLanguage(env: Environment): { readonly ALERT_LANG?: string } {
  const locale = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || ''
  return !env['ALERT_LANG']?.trim() && /^zh/i.test(locale) ? { ALERT_LANG: 'zh' } : {}
}

export function tokensOf(env: Environment): readonly string[] {
  return tokensIn(env['CALLBACK_TOKEN'])
}

/** Every URL that deliveries go to, or are kept under, with the variable that names it. */
export function targetsOf(env: Environment): readonly { readonly variable: string; readonly url: string }[] {
  const urls = (variable: string, texts: readonly string[]) =>
    texts.map((text) => ({ variable, url: text.trim() })).filter(({ url }) => url !== '')
  return [
    ...urls('QUEUE_URL', [env['QUEUE_URL'] ?? '']),
    ...urls('ALERT_URLS', (env['ALERT_URLS'] ?? '').split(/\s+/)),
    ...urls('STORE_URL', [env['STORE_URL'] ?? '']),
  ]
}

/** Where deliveries go, fit for the eye. */
export interface Places {
  readonly queue: string
  readonly alerts: readonly string[]
  readonly store: string
}

/** The URLs of an environment without their secrets: the path of a file, else the scheme alone. */
export function placesOf(env: Environment): Places {
  const urlsOf = (name: string): readonly string[] =>
    targetsOf(env).flatMap(({ variable, url }) => (variable === name ? [url] : []))
  const [queue = ''] = urlsOf('QUEUE_URL')
  const [store = ''] = urlsOf('STORE_URL')
  return {
    queue: placeOf(queue),
    alerts: [...new Set(urlsOf('ALERT_URLS'))].map(placeOf),
    store: placeOf(store),
  }
}

function placeOf(url: string): string {
  const [, scheme, rest] = /^\s*([a-z][a-z0-9+.-]*):(.*)$/is.exec(url) ?? []
  if (scheme === undefined || rest === undefined) return 'nowhere'
  return scheme.toLowerCase() === 'file' ? `file:${harmlessLine(rest.trim())}` : `${scheme.toLowerCase()}:`
}
