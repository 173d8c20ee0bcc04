import { createHmac } from 'node:crypto'
import { sha256 } from '../sha256'
import type { Credentials } from './credentials'

/** One call of an API 3.0 action: always a POST of JSON to `/`. */
export interface ApiCall {
  /** `scf`, `tdmq`, …: the first label of the public host. */
  readonly service: string
  /** The Host header that will be sent, with its port when it is not the scheme's own. */
  readonly host: string
  readonly action: string
  readonly version: string
  /** null for actions that take none. */
  readonly region: string | null
  /** The JSON as it will be sent. */
  readonly body: string
}

const CONTENT_TYPE = 'application/json'
const SIGNED_HEADERS = 'content-type;host'

/**
 * The headers of a call, signed by TC3-HMAC-SHA256 (cloud.tencent.com/document/api/213/30654). `now` in ms since the epoch; the
 * service refuses a time more than five minutes from its own.
 */
export function signTc3(
  call: ApiCall,
  credentials: Credentials,
  now: number = Date.now(),
): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000))
  const date = new Date(now).toISOString().slice(0, 10)
  const scope = `${date}/${call.service}/tc3_request`
  const headers = `content-type:${CONTENT_TYPE}\nhost:${call.host}\n`
  const request = ['POST', '/', '', headers, SIGNED_HEADERS, sha256(call.body, 'hex')].join('\n')
  const text = ['TC3-HMAC-SHA256', timestamp, scope, sha256(request, 'hex')].join('\n')
  const key = [date, call.service, 'tc3_request'].reduce<Buffer | string>(hmac, `TC3${credentials.secretKey}`)
  return {
    'content-type': CONTENT_TYPE,
    'x-tc-action': call.action,
    'x-tc-version': call.version,
    'x-tc-timestamp': timestamp,
    ...(call.region === null ? {} : { 'x-tc-region': call.region }),
    ...(credentials.sessionToken === null ? {} : { 'x-tc-token': credentials.sessionToken }),
    authorization:
      `TC3-HMAC-SHA256 Credential=${credentials.secretId}/${scope}, SignedHeaders=${SIGNED_HEADERS}, ` +
      `Signature=${hmac(key, text).toString('hex')}`,
  }
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
