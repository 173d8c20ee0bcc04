import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Credentials } from '../../src/tencent/credentials'

/**
 * Checks a request's signature as COS and CI do (436/7778), from what came over the wire; gives the error code of a refusal, or null.
 * Stricter than the service in one thing: host, every x-cos- header and every query parameter must be signed.
 */
export function signatureFault(
  request: IncomingMessage,
  account: Credentials,
  nowMs: number = Date.now(),
): string | null {
  const url = new URL(request.url ?? '/', `http://${String(request.headers.host)}`)
  const fields = new Map(
    (request.headers.authorization ?? '').split('&').map((pair) => pair.split(/=(.*)/s) as [string, string]),
  )
  const field = (name: string): string => fields.get(name) ?? ''
  if (request.headers.authorization === undefined) return 'AccessDenied'
  if (field('q-sign-algorithm') !== 'sha1' || fields.size !== 7) return 'InvalidArgument'
  if (field('q-ak') !== account.secretId) return 'InvalidAccessKeyId'
  if ((request.headers['x-cos-security-token'] ?? null) !== account.sessionToken) return 'InvalidToken'

  const time = field('q-sign-time')
  const [start = NaN, end = NaN] = time.split(';').map(Number)
  const now = nowMs / 1000
  if (!/^\d{10};\d{10}$/.test(time) || field('q-key-time') !== time) return 'InvalidArgument'
  if (!(start - 1 <= now && now < end)) return 'RequestTimeTooSkewed'

  const headers = new Map(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
  const listed = new Set(field('q-header-list').split(';'))
  const owed = [...headers.keys()].filter((name) => name === 'host' || name.startsWith('x-cos-'))
  if (owed.some((name) => !listed.has(name))) return 'SignatureDoesNotMatch'
  const signedHeaders = canonical([...headers].filter(([name]) => listed.has(name)))
  const query = canonical([...url.searchParams])
  if (signedHeaders.names !== field('q-header-list')) return 'SignatureDoesNotMatch'
  if (query.names !== field('q-url-param-list')) return 'SignatureDoesNotMatch'

  const path = decodeURIComponent(url.pathname)
  const text = `${String(request.method).toLowerCase()}\n${path}\n${query.pairs}\n${signedHeaders.pairs}\n`
  const digest = createHash('sha1').update(text).digest('hex')
  const key = createHmac('sha1', account.secretKey).update(time).digest('hex')
  const signature = createHmac('sha1', key).update(`sha1\n${time}\n${digest}\n`).digest()
  const given = Buffer.from(field('q-signature'), 'hex')
  return given.length === 20 && timingSafeEqual(given, signature) ? null : 'SignatureDoesNotMatch'
}

function canonical(entries: readonly (readonly [string, string])[]): { names: string; pairs: string } {
  const encode = (text: string): string =>
    [...Buffer.from(text)]
      .map((byte) => {
        const char = String.fromCharCode(byte)
        return /[\w.~-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
      })
      .join('')
  const sorted = entries
    .map(([name, value]) => [encode(name).toLowerCase(), encode(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    names: sorted.map(([name]) => name).join(';'),
    pairs: sorted.map((pair) => pair.join('=')).join('&'),
  }
}
