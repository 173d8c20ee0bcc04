import { LOCAL_TOKEN } from './sample-token'
import { type Environment, tokensIn } from '../config'

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

/** Where to listen. Throws an Error that names the variable. */
export function listenAddress(env: Environment): { readonly port: number; readonly host: string } {
  const text = env['PORT']?.trim() || '9000'
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN
  if (!(port <= 65_535)) throw new Error('PORT: not a port number; use 0 (any free port) to 65535')
  return { port, host: env['HOST']?.trim() || '127.0.0.1' }
}

export function tokensOf(env: Environment): readonly string[] {
  return tokensIn(env['CALLBACK_TOKEN'])
}

/** Where deliveries go, fit for the eye. */
export interface Places {
  readonly queue: string
  readonly alerts: readonly string[]
  readonly store: string
}

/** The URLs of an environment without their secrets: the path of a file, else the scheme alone. */
export function placesOf(env: Environment): Places {
  const alerts = (env['ALERT_URLS'] ?? '').split(/\s+/).filter((url) => url !== '')
  return {
    queue: placeOf(env['QUEUE_URL'] ?? ''),
    alerts: [...new Set(alerts)].map(placeOf),
    store: placeOf(env['STORE_URL'] ?? ''),
  }
}

function placeOf(url: string): string {
  const [, scheme, rest] = /^\s*([a-z][a-z0-9+.-]*):(.*)$/is.exec(url) ?? []
  if (scheme === undefined || rest === undefined) return 'nowhere'
  return scheme.toLowerCase() === 'file' ? `file:${rest.trim()}` : `${scheme.toLowerCase()}:`
}
