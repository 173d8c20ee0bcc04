import { createHash, createHmac } from 'node:crypto'
import type { Credentials } from './credentials'

/** What the signature covers. */
export interface SignedParts {
  readonly method: string
  /** Before percent-encoding, with its leading `/`. */
  readonly path: string
  /** Before percent-encoding. */
  readonly query: Readonly<Record<string, string>>
  /** All of these are signed; the request may carry others. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * The Authorization header of a request to COS or CI (cloud.tencent.com/document/product/436/7778), good for `validMs` from `now` (ms
 * since the epoch). A session token travels beside it, in the header `x-cos-security-token`.
 */
export function signCos(
  parts: SignedParts,
  credentials: Credentials,
  now: number = Date.now(),
  validMs = 900_000,
): string {
  const start = Math.floor(now / 1000)
  const time = `${start};${start + Math.floor(validMs / 1000)}`
  const query = canonical(parts.query)
  const headers = canonical(parts.headers)
  const request = [parts.method.toLowerCase(), parts.path, query.pairs, headers.pairs, ''].join('\n')
  const text = ['sha1', time, createHash('sha1').update(request).digest('hex'), ''].join('\n')
  const signature = hmac(hmac(credentials.secretKey, time), text)
  return (
    `q-sign-algorithm=sha1&q-ak=${credentials.secretId}&q-sign-time=${time}&q-key-time=${time}` +
    `&q-header-list=${headers.names}&q-url-param-list=${query.names}&q-signature=${signature}`
  )
}

/** Percent-encodes all but letters, digits and `-_.~`. */
export function cosEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function canonical(record: Readonly<Record<string, string>>): { names: string; pairs: string } {
  const entries = Object.entries(record)
    .map(([name, value]) => [cosEncode(name).toLowerCase(), cosEncode(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    names: entries.map(([name]) => name).join(';'),
    pairs: entries.map(([name, value]) => `${name}=${value}`).join('&'),
  }
}

function hmac(key: string, text: string): string {
  return createHmac('sha1', key).update(text).digest('hex')
}
