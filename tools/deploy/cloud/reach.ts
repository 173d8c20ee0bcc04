import { Deadline } from '../../../src/net/deadline'
import { ask, type HttpAnswer } from '../../../src/net/http'
import { CloudError } from './cloud-api'
import { letThrough } from './network-gate'
import { agentFor } from './proxy'

/** Bytes of an answer that is to be shown or read. */
const LONGEST = 1024 * 1024

/**
 * One request to the deployed function, through a proxy where one is on the way. Redirects are not followed. A failure names the host, never the path: it
 * may hold the token.
 */
export async function reach(
  url: string,
  {
    method = 'GET',
    body,
    headers = {},
  }: { method?: 'GET' | 'POST'; body?: Buffer; headers?: Record<string, string> } = {},
): Promise<HttpAnswer> {
  const target = new URL(url)
  letThrough(target.hostname)
  const agent = agentFor(target)
  const request = { method, url: target, headers, ...(body && { body }), ...(agent && { agent }) }
  try {
    return await ask({ name: 'url', secrets: [] }, request, LONGEST, Deadline.in(30_000))
  } catch (error) {
    const words = (error as Error).message
    const [code] = /\bE[A-Z_]{3,}\b|CERT_[A-Z_]+|no answer|no connection within/.exec(words) ?? []
    throw new CloudError(code ?? 'the connection failed', `${target.host}: ${code ?? words}`)
  }
}
