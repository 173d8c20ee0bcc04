import http from 'node:http'
import https from 'node:https'
import { urlToHttpOptions } from 'node:url'

/** Tencent Cloud's API and COS (CI is under its domain): all that a deploy has to talk to. */
const ALLOWED = /(^|\.)(tencentcloudapi\.com|myqcloud\.com|tencentcos\.cn)$/

type Callback = (response: http.IncomingMessage) => void
type Arguments = readonly [string | URL | http.RequestOptions, (http.RequestOptions | Callback)?, Callback?]

/**
 * Lets this process's `http` and `https` requests through to Tencent Cloud only.
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
      if (ALLOWED.test(host)) return request(options, callback)
      throw Object.assign(new Error(`${host} is none of Tencent Cloud's hosts: not contacted`), {
        code: 'ENOTALLOWED',
      })
    }
    module.request = gated
    // Node's own `get` would go round it.
    module.get = (...args: Arguments) => gated(...args).end()
  }
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
