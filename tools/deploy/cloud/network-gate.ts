import http from 'node:http'
import https from 'node:https'
import { urlToHttpOptions } from 'node:url'
import { agentFor } from './proxy'

/** Tencent Cloud's API and COS (CI is under its domain): all that a deploy has to talk to. */
const ALLOWED = /(^|\.)(tencentcloudapi\.com|myqcloud\.com|tencentcos\.cn)$/

/** Hosts beside those: of the deployed function, and of its own domain. */
const known = new Set<string>()

/** From here on a request to this very host is let through, too. */
export function letThrough(host: string): void {
  known.add(host)
}

type Callback = (response: http.IncomingMessage) => void
type Arguments = readonly [string | URL | http.RequestOptions, (http.RequestOptions | Callback)?, Callback?]

/**
 * Lets this process's `http` and `https` requests through to Tencent Cloud only, by way of the proxy where there is one: serverless-tencent-scf's
 * libraries know none.
 *
 * serverless-tencent-scf reports each command to a host of its own and serverless reports usage statistics; neither asks. The two
 * calls of the former are taken out where they are made (tencent-plugin.ts); this holds for whatever else their libraries do.
 */
export function closeNetworkGate(): void {
  for (const module of [http, https]) {
    const request = module.request.bind(module)
    const gated = (...args: Arguments): http.ClientRequest => {
      const { options, callback } = asOptions(args)
      const host = hostOf(options)
      // One object: a library of the SDK (agent-base 5) has put a request of its own before Node's, which takes no URL with options.
      if (ALLOWED.test(host) || known.has(host))
        return request(throughProxy(options, module === https), callback)
      throw Object.assign(new Error(`${host} is none of Tencent Cloud's hosts: not contacted`), {
        code: 'ENOTALLOWED',
      })
    }
    module.request = gated
    // Node's own `get` would go round it.
    module.get = (...args: Arguments) => gated(...args).end()
  }
}

/** Whoever brings an agent of his own has seen to the proxy. */
function throughProxy(options: http.RequestOptions, isSecure: boolean): http.RequestOptions {
  const { agent, method, hostname, host, port } = options
  if (!isSecure || method === 'CONNECT' || (agent && agent !== https.globalAgent)) return options
  const proxied = agentFor(`https://${hostname ?? host ?? ''}:${String(port ?? 443)}/`)
  return proxied === undefined ? options : { ...options, agent: proxied }
}

function asOptions([target, second, third]: Arguments): {
  readonly options: http.RequestOptions
  readonly callback: Callback | undefined
} {
  const url = typeof target === 'string' || target instanceof URL ? urlToHttpOptions(new URL(target)) : target
  const [options, callback] = typeof second === 'function' ? [{}, second] : [second ?? {}, third]
  return { options: { ...url, ...options }, callback }
}

/** Where a request ends up: behind a proxy that is the tunnel's or the absolute URL's host, not the proxy. */
function hostOf({ method, path, hostname, host }: http.RequestOptions): string {
  if (method === 'CONNECT') return (path ?? '').replace(/:\d+$/, '')
  if (path?.startsWith('http://')) return new URL(path).hostname
  return (hostname ?? host ?? 'localhost').replace(/:\d+$/, '')
}
