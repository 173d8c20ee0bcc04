import type { Agent } from 'node:http'
import { HttpsProxyAgent } from 'https-proxy-agent'
import { getProxyForUrl } from 'proxy-from-env'

const agents = new Map<string, Agent>()

/**
 * The way out of a network that lets its machines out by a proxy only: HTTPS_PROXY, https_proxy or ALL_PROXY, but for what NO_PROXY names. Undefined:
 * straight. Throws when the proxy's URL is none; says no user name or password that stands in it.
 */
export function agentFor(url: string | URL): Agent | undefined {
  const proxy = proxyFor(url)
  if (proxy === '') return undefined
  if (!URL.canParse(proxy) || !/^https?:$/.test(new URL(proxy).protocol))
    throw new Error('HTTPS_PROXY is no URL of an HTTP proxy: it looks like http://proxy.example.com:8080')
  const known = agents.get(proxy)
  if (known !== undefined) return known
  const agent = new HttpsProxyAgent(proxy)
  agents.set(proxy, agent)
  return agent
}

/** A proxy without a scheme speaks HTTP, as curl has it, whatever is fetched through it. */
function proxyFor(url: string | URL): string {
  const proxy = getProxyForUrl(String(url))
  if (!proxy.startsWith('https://')) return proxy
  const bare = proxy.slice('https://'.length)
  return Object.entries(process.env).some(([name, value]) => /_proxy$/i.test(name) && value === bare)
    ? `http://${bare}`
    : proxy
}
