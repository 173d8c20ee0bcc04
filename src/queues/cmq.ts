import { randomInt } from 'node:crypto'
import { decoded, driverUrl } from '../net/driver-url'
import { endpointAt } from '../net/endpoint'
import { endpointOf } from '../net/endpoint'
import { failureOfStatus } from '../net/failure'
import { failed, type Peer } from '../net/peer'
import { post, retryAfterMs } from '../net/http'
import { hmacSha256 } from '../sha256'
import { type Credentials, secretsOf } from '../tencent/credentials'
import { each } from './each'
import type { QueueDriver } from './queue'

const EXAMPLE = 'cmq://QUEUE?region=gz'
const PATH = '/v2/index.php'

/** CMQ's short names of the regions that CI works in. */
const SHORT_REGIONS: Readonly<Record<string, string>> = {
  'ap-guangzhou': 'gz',
  'ap-shanghai': 'sh',
  'ap-beijing': 'bj',
  'ap-nanjing': 'nj',
  'ap-chengdu': 'cd',
  'ap-chongqing': 'cq',
  'ap-hongkong': 'hk',
  'ap-singapore': 'sg',
  'ap-mumbai': 'in',
  'ap-jakarta': 'jkt',
  'ap-seoul': 'kr',
  'ap-bangkok': 'th',
  'ap-tokyo': 'jp',
  'na-siliconvalley': 'usw',
  'na-ashburn': 'use',
  'na-toronto': 'ca',
  'eu-frankfurt': 'de',
  'sa-saopaulo': 'sao',
}

/** The longest message that the service takes, in bytes of UTF-8. */
const LONGEST_MESSAGE = 1_048_576

/**
 * TDMQ for CMQ: `cmq://QUEUE?region=gz` (or `ap-guangzhou`; the function's own region when left out), by the SendMessage action of
 * its HTTP interface (cloud.tencent.com/document/product/406/5906 and 1496/70952; hosts: 1496/122722), signed with the credentials
 * of the function's role.
 */
const open: QueueDriver['open'] = (text, context) => {
  const { queue, region, url } = placeInUrl(text, context.region)
  const endpoint = new URL(PATH, endpointOf(url.searchParams, `https://cmq-${region}.public.tencenttdmq.com`))

  return {
    scheme: 'cmq',
    secrets: [],
    endpoints: [endpointAt(endpoint)],
    needs: ['cmq:SendMessage'],
    largest: LONGEST_MESSAGE,
    publish: (events, deadline) =>
      each(events, async (event) => {
        const credentials = context.credentials()
        if (credentials === null) {
          throw failed(
            { name: 'cmq', secrets: [] },
            'no credentials: give the function a role, or set TENCENT_SECRET_ID and TENCENT_SECRET_KEY',
          )
        }
        const msgBody = JSON.stringify(event)
        const form = signed(
          endpoint,
          { Action: 'SendMessage', queueName: queue, msgBody, delaySeconds: '0' },
          credentials,
        )
        const peer: Peer = {
          name: 'cmq',
          secrets: [...secretsOf(credentials), form.get('Signature') ?? ''],
        }
        if (Buffer.byteLength(msgBody) > LONGEST_MESSAGE) throw failed(peer, 'the message is over 1 MB')
        const headers = { 'content-type': 'application/x-www-form-urlencoded' }
        const {
          status,
          headers: answer,
          body,
        } = await post(peer, endpoint, form.toString(), headers, deadline)
        const { code, message } = parsed(body)
        if (status === 200 && code === 0) return
        const words = code === null ? `answered ${String(status)}` : `code ${String(code)}: ${message}`
        throw failed(peer, `${endpoint.host}: queue "${queue}": ${words}`, {
          retryAfterMs: retryAfterMs(answer),
          ...failureOfStatus(status),
        })
      }),
  }
}

/**
 * What a `cmq:` URL names; the region by CMQ's short name. Throws an Error when it names no queue.
 * @param ownRegion the function's, where the URL names none
 */
export function placeInUrl(
  text: string,
  ownRegion: string | null,
): { readonly queue: string; readonly region: string; readonly url: URL } {
  const url = driverUrl(text, EXAMPLE, ['region', 'endpoint'])
  const queue = decoded(url.hostname, 'name of the queue')
  if (!/^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(queue)) {
    throw new Error('the name of the queue must be a letter and up to 63 letters, digits or hyphens')
  }
  const named = url.searchParams.get('region') ?? ownRegion
  if (named === null) throw new Error(`the region is not known: add it, ${EXAMPLE}`)
  const region = SHORT_REGIONS[named] ?? named
  if (!/^[a-z]+$/.test(region))
    throw new Error(`CMQ's short name of this region is not known: give it, ${EXAMPLE}`)
  return { queue, region, url }
}

/** Adds the parameters that all actions share and the signature, which covers the values before form encoding. */
function signed(
  endpoint: URL,
  action: Readonly<Record<string, string>>,
  credentials: Credentials,
): URLSearchParams {
  const parameters: Record<string, string> = {
    ...action,
    Nonce: String(randomInt(1, 2 ** 31)),
    SecretId: credentials.secretId,
    ...(credentials.sessionToken === null ? {} : { Token: credentials.sessionToken }),
    Timestamp: String(Math.floor(Date.now() / 1000)),
    SignatureMethod: 'HmacSHA256',
  }
  const names = Object.keys(parameters).sort()
  const text = names.map((name) => `${name}=${parameters[name] ?? ''}`).join('&')
  const Signature = hmacSha256(credentials.secretKey, `POST${endpoint.host}${endpoint.pathname}?${text}`)
  return new URLSearchParams({ ...parameters, Signature })
}

function parsed(body: string): { code: number | null; message: string } {
  try {
    const { code, message } = JSON.parse(body) as { code?: unknown; message?: unknown }
    return { code: typeof code === 'number' ? code : null, message: String(message) }
  } catch {
    return { code: null, message: '' }
  }
}

export const driver: QueueDriver = { schemes: ['cmq'], form: EXAMPLE, open }
