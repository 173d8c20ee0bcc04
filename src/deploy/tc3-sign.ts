import { createHash, createHmac } from 'node:crypto'
import type { Credentials } from '../tencent/credentials'

export interface ApiCall {
  /** `scf.tencentcloudapi.com` */
  readonly host: string
  readonly action: string
  readonly version: string
  readonly region: string | null
  readonly body: string
}

/**
 * The headers of a signed call of the API 3.0 (`Content-Type: application/json`), `now` in ms since the epoch.
 *
 * Source: TC3-HMAC-SHA256, cloud.tencent.com/document/api/213/30654.
 */
export function tc3Headers(call: ApiCall, credentials: Credentials, now: number = Date.now()): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000))
  const date = new Date(now).toISOString().slice(0, 10)
  const service = call.host.slice(0, call.host.indexOf('.'))
  const scope = `${date}/${service}/tc3_request`
  const signed = 'content-type;host'
  const canonical = `POST\n/\n\ncontent-type:application/json\nhost:${call.host}\n\n${signed}\n${sha256(call.body)}`
  const text = `TC3-HMAC-SHA256\n${timestamp}\n${scope}\n${sha256(canonical)}`
  const key = hmac(hmac(hmac(`TC3${credentials.secretKey}`, date), service), 'tc3_request')
  const signature = hmac(key, text).toString('hex')
  return {
    'content-type': 'application/json',
    'x-tc-action': call.action,
    'x-tc-version': call.version,
    'x-tc-timestamp': timestamp,
    ...(call.region === null ? {} : { 'x-tc-region': call.region }),
    ...(credentials.sessionToken === null ? {} : { 'x-tc-token': credentials.sessionToken }),
    authorization: `TC3-HMAC-SHA256 Credential=${credentials.secretId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`,
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
