import type { CloudEvent, Extensions } from '../callback/cloud-event'
import { decoded, PERCENT_ENCODE } from './driver-url'
import { isLoopback } from './endpoint'
import type { Deadline } from './deadline'
import { extensionHeaders } from './event-headers'
import { failureOfStatus } from './failure'
import { failed, type Peer, peerAt } from './peer'
import { hmacSha256 } from '../sha256'
import { ask, isSuccess, retryAfterMs } from './http'

/** Where events are POSTed, and how they are signed. */
export interface Webhook {
  /** `https` or `http`. */
  readonly scheme: string
  readonly peer: Peer
  /** Without credentials and without the fragment that holds the secret. */
  readonly url: URL
  /** Null: not signed. */
  readonly key: Buffer | null
  /** The Authorization header for credentials in the URL; null when there are none. */
  readonly authorization: string | null
}

/** Answers after which the sender should wait; https://github.com/standard-webhooks, "Response codes". */
const WAIT = new Set([429, 502, 503, 504])

/**
 * Reads `https://host/path#secret=whsec_…`. Plain `http` is for loopback only: an event must not cross a network in the clear.
 * Throws an Error that says what is wrong, never the URL itself.
 */
export function webhookOf(text: string): Webhook {
  if (!URL.canParse(text))
    throw new Error(`not a URL of the form https://host/path#secret=whsec_…; ${PERCENT_ENCODE}`)
  const url = new URL(text)
  if (url.protocol !== 'https:' && !isLoopback(url))
    throw new Error('plain http is for loopback only: use https')
  const key = keyOf(url.hash.slice(1))
  const authorization =
    url.username === '' && url.password === ''
      ? null
      : `Basic ${Buffer.from(`${decoded(url.username, 'user name')}:${decoded(url.password, 'password')}`).toString('base64')}`
  url.hash = url.username = url.password = ''
  const scheme = url.protocol.slice(0, -1)
  return { scheme, peer: peerAt(scheme, text), url, key, authorization }
}

function keyOf(fragment: string): Buffer | null {
  if (fragment === '') return null
  // Not URLSearchParams, to which the `+` of base64 is a blank.
  const match = /^secret=(.*)$/.exec(fragment)
  const secret = decoded(match?.[1] ?? '', 'secret')
  const key = /^whsec_[A-Za-z0-9+/]+={0,2}$/.test(secret) ? Buffer.from(secret.slice(6), 'base64') : null
  if (match === null) throw new Error('after # only secret=whsec_… may follow')
  if (key === null || key.length < 24 || key.length > 64) {
    throw new Error('the secret must be whsec_ and the base64 of 24 to 64 bytes')
  }
  return key
}

/** What to do, where a status tells. */
const HINTS: Readonly<Partial<Record<number, string>>> = {
  401: ': check the login, or the secret, in the URL',
  403: ': check the login, or the secret, in the URL',
  404: ': check the path in the URL',
  405: ': it takes no POST there, check the path in the URL',
  410: ': it is gone for good, take the URL out',
  413: ': raise the largest body that the receiver takes',
  415: ': the receiver must take application/cloudevents+json',
}

/**
 * POSTs the event in the structured mode of CloudEvents (HTTP binding 1.0.2, 3.2), signed by Standard Webhooks when there is a key.
 * Only a 2xx counts; redirects are not followed. Throws a PeerError that names the host and the status, never the path.
 */
export async function postEvent(
  webhook: Webhook,
  event: Pick<CloudEvent, 'id'> & Extensions,
  deadline: Deadline,
): Promise<void> {
  const { peer, url, authorization } = webhook
  const body = JSON.stringify(event)
  const headers = {
    'content-type': 'application/cloudevents+json; charset=utf-8',
    ...(authorization === null ? {} : { authorization }),
    ...signature(webhook.key, event.id, body),
    ...Object.fromEntries(extensionHeaders(event, 'ce-')),
  }
  // Its status line is all that counts: a receiver that says 2xx has taken it, whatever becomes of the rest.
  const { status, headers: answer } = await ask(peer, { method: 'POST', url, headers, body }, 0, deadline)
  if (isSuccess(status)) return
  const isRedirect = status >= 300 && status < 400
  const hint = isRedirect
    ? ': redirects are not followed, give the address it leads to'
    : (HINTS[status] ?? '')
  throw failed(peer, `${url.host}: answered ${String(status)}${hint}`, {
    retryAfterMs: WAIT.has(status) ? retryAfterMs(answer) : null,
    ...failureOfStatus(status),
  })
}

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, "Webhook headers". An id that no header can carry is percent-encoded. */
function signature(key: Buffer | null, id: string, body: string): Record<string, string> {
  if (key === null) return {}
  const headerId = /^[\x21-\x7e]+$/.test(id) ? id : encodeURIComponent(Buffer.from(id).toString())
  const timestamp = String(Math.floor(Date.now() / 1000))
  const mac = hmacSha256(key, `${headerId}.${timestamp}.${body}`)
  return { 'webhook-id': headerId, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${mac}` }
}
