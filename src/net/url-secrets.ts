import { isCondition } from './condition-names'

/** Schemes whose host and path people may see: only who logs in, and parameters that are named like a key, are secret. */
const OPEN = new Set('amqp amqps kafka kafkas redis rediss cmq cos alertmanager alertmanagers'.split(' '))
/** Schemes that take no secret at all: a path on this machine. */
const LOCAL = new Set(['file', 'console', 'memory'])

const KEY_PARAMETER = /[?&#](?:secret|token|key|password|access_token|sig|sign|signature|code)=([^&#]*)/gi

/** Parts of a path that are no key, and that other words of ours hold. */
const PLAIN = new Set(
  'alert alerts api callback callbacks events hook hooks http https message messages queue relay robot send services webhook webhooks'.split(
    ' ',
  ),
)

/**
 * Whatever in a driver's URL must not be shown, both as it stands there and decoded. Of `http` and `https` all but scheme and host is secret, of a
 * scheme that is not known here everything after it.
 *
 * Reads the text, not a parsed URL: to the parser a list of hosts is none, nor is a password that should have been encoded, and it turns the
 * `+` of a parameter into a blank.
 */
export function secretsInUrl(text: string): string[] {
  const [, scheme = '', rest = text] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(text.trim()) ?? []
  const kind = scheme.toLowerCase()
  // A key has no blanks: that is a sentence.
  if (LOCAL.has(kind) || (kind === '' && /\s/.test(text.trim()))) return []
  const address = rest.replace(/^\/\//, '')
  const login = /^([^?]*)@/.exec(address)?.[1] ?? /^([^/]*)@/.exec(address)?.[1] ?? ''
  const place = address.slice(login === '' ? 0 : login.length + 1)
  const found = OPEN.has(kind)
    ? [passwordIn(login), ...valuesOf(text, KEY_PARAMETER), ...basicOf(login)]
    : [login, ...login.split(':'), ...basicOf(login), ...closedParts(place, /^https?$/.test(kind))]
  return [...new Set(found.flatMap((secret) => [secret, decodedText(secret)]))].filter(
    (secret) => secret !== '',
  )
}

/** A user without a password is one. */
function passwordIn(login: string): string {
  return login.slice(login.indexOf(':') + 1)
}

/** As the Authorization header says it. */
function basicOf(login: string): string[] {
  return login === '' ? [] : [Buffer.from(login.split(':').map(decodedText).join(':')).toString('base64')]
}

/** All of a place, or all but its host; whole and in parts. */
function closedParts(place: string, isHostOpen: boolean): string[] {
  const [, host = '', path = '', query = ''] = /^([^/?#]*)([^?#]*)(.*)$/s.exec(place) ?? []
  const parts = path.split('/').filter((part) => !PLAIN.has(part))
  const items = query
    .split(/[?&#]/)
    .filter((item) => !isCondition(item))
    .flatMap((item) => [item, item.slice(item.indexOf('=') + 1)])
  return [
    ...(isHostOpen ? [] : [place, `${host}${path}`, host]),
    `${path}${query}`,
    path,
    path.slice(1),
    ...parts,
    ...items,
    query.slice(1),
  ]
}

function valuesOf(text: string, parameter: RegExp): string[] {
  return Array.from(text.matchAll(parameter), ([, value]) => value ?? '')
}

function decodedText(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
