import { createHash, createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** Whose signatures the fake takes. Written from the documents, apart from the signing in src/: an error in one shows. */
export interface Account {
  readonly secretId: string
  readonly secretKey: string
  /** Set: only temporary keys with this token are taken. */
  readonly token: string | null
}

export interface SignedRequest {
  readonly method: string
  readonly host: string
  /** Path and query as sent. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Throws an Error whose message is the service's error code. */
export type Verify = (request: SignedRequest, account: Account) => void

const hex = (algorithm: string, text: string | Buffer): string =>
  createHash(algorithm).update(text).digest('hex')
const hmac = (algorithm: string, key: string | Buffer, text: string): Buffer =>
  createHmac(algorithm, key).update(text).digest()

function refuse(code: string): never {
  throw new Error(code)
}

/** API 1.0, HmacSHA256 (cloud.tencent.com/document/api/213/31575): what serverless-tencent-scf sends. */
export function verifyV1(request: SignedRequest, account: Account): void {
  const form = new URLSearchParams(request.body.toString())
  const signature = form.get('Signature')
  form.delete('Signature')
  const pairs = [...form].map(([name, value]) => `${name}=${value}`)
  const text = `${request.method}${request.host}/?${pairs.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)).join('&')}`
  if (form.get('SecretId') !== account.secretId) refuse('AuthFailure.SecretIdNotFound')
  if (Math.abs(Date.now() / 1000 - Number(form.get('Timestamp'))) > 300) refuse('AuthFailure.SignatureExpire')
  if ((form.get('Token') ?? null) !== account.token) refuse('AuthFailure.TokenFailure')
  if (hmac('sha256', account.secretKey, text).toString('base64') !== signature)
    refuse('AuthFailure.SignatureFailure')
}

function nameOf(pair: string): string {
  return pair.slice(0, pair.indexOf('='))
}

/** TC3-HMAC-SHA256 (cloud.tencent.com/document/api/213/30654). */
export function verifyTc3(request: SignedRequest, account: Account): void {
  const parts =
    /^TC3-HMAC-SHA256 Credential=([^/]+)\/([\d-]+)\/(\w+)\/tc3_request, SignedHeaders=([\w;-]+), Signature=([0-9a-f]{64})$/
  const match = parts.exec(request.headers.authorization ?? '') ?? refuse('AuthFailure.InvalidAuthorization')
  const [, id, date = '', service = '', signed = '', signature] = match
  const timestamp = String(request.headers['x-tc-timestamp'])
  if (id !== account.secretId) refuse('AuthFailure.SecretIdNotFound')
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) refuse('AuthFailure.SignatureExpire')
  if (new Date(Number(timestamp) * 1000).toISOString().slice(0, 10) !== date)
    refuse('AuthFailure.SignatureExpire')
  if (service !== request.host.split('.')[0]) refuse('AuthFailure.SignatureFailure')
  if (!['content-type', 'host'].every((name) => signed.split(';').includes(name)))
    refuse('AuthFailure.SignatureFailure')
  if (((request.headers['x-tc-token'] as string | undefined) ?? null) !== account.token)
    refuse('AuthFailure.TokenFailure')
  const headers = signed
    .split(';')
    .map((name) => `${name}:${String(request.headers[name]).trim().toLowerCase()}\n`)
  const canonical = [request.method, '/', '', headers.join(''), signed, hex('sha256', request.body)].join(
    '\n',
  )
  const text = [
    'TC3-HMAC-SHA256',
    timestamp,
    `${date}/${service}/tc3_request`,
    hex('sha256', canonical),
  ].join('\n')
  const key = hmac(
    'sha256',
    hmac('sha256', hmac('sha256', `TC3${account.secretKey}`, date), service),
    'tc3_request',
  )
  if (hmac('sha256', key, text).toString('hex') !== signature) refuse('AuthFailure.SignatureFailure')
}

/** COS and CI, q-sign (cloud.tencent.com/document/product/436/7778). Every query parameter and the host have to be signed. */
export function verifyCos(request: SignedRequest, account: Account): void {
  const url = new URL(request.url, `https://${request.host}`)
  const fields = new Map(
    (request.headers.authorization ?? '')
      .split('&')
      .map((pair) => [nameOf(pair), pair.slice(pair.indexOf('=') + 1)]),
  )
  const field = (name: string): string => fields.get(name) ?? refuse('AccessDenied')
  if (field('q-sign-algorithm') !== 'sha1') refuse('AccessDenied')
  if (field('q-ak') !== account.secretId) refuse('InvalidAccessKeyId')
  if (((request.headers['x-cos-security-token'] as string | undefined) ?? null) !== account.token)
    refuse('InvalidAccessKeyId')
  const [start, end] = field('q-sign-time').split(';').map(Number)
  const now = Date.now() / 1000
  if (!(Number(start) <= now + 300 && now < Number(end))) refuse('RequestTimeTooSkewed')

  const query = new Map(
    [...url.searchParams].map(([name, value]) => [encode(name).toLowerCase(), encode(value)]),
  )
  const headers = new Map(
    Object.entries(request.headers).map(([name, value]) => [
      encode(name).toLowerCase(),
      encode(String(value)),
    ]),
  )
  const parameterList = list(field('q-url-param-list'))
  const headerList = list(field('q-header-list'))
  if (parameterList.join() !== [...query.keys()].sort().join()) refuse('SignatureDoesNotMatch')
  if (!headerList.includes('host')) refuse('SignatureDoesNotMatch')
  const pairs = (names: readonly string[], from: ReadonlyMap<string, string>): string =>
    names.map((name) => `${name}=${from.get(name) ?? refuse('SignatureDoesNotMatch')}`).join('&')
  const http = [
    request.method.toLowerCase(),
    decodeURIComponent(url.pathname),
    pairs(parameterList, query),
    pairs(headerList, headers),
    '',
  ].join('\n')
  const text = ['sha1', field('q-sign-time'), hex('sha1', http), ''].join('\n')
  const key = hmac('sha1', account.secretKey, field('q-key-time')).toString('hex')
  if (hmac('sha1', key, text).toString('hex') !== field('q-signature')) refuse('SignatureDoesNotMatch')
}

function list(text: string): readonly string[] {
  const names = text === '' ? [] : text.split(';')
  if (names.join() !== [...names].sort().join()) refuse('SignatureDoesNotMatch')
  return names
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}
