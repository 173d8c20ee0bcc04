import http from 'node:http'
import https from 'node:https'

/** Tencent Cloud's API and COS (CI is under its domain): all that a deploy has to talk to. */
const ALLOWED = /(^|\.)(tencentcloudapi\.com|myqcloud\.com|tencentcos\.cn)$/

type Target = string | URL | http.RequestOptions

/**
 * Lets this process's `http` and `https` requests through to Tencent Cloud only.
 *
 * serverless-tencent-scf reports each command to a host of its own and serverless reports usage statistics; neither asks. The two
 * calls of the former are taken out where they are made (tencent-plugin.ts); this holds for whatever else their libraries do.
 */
export function closeNetworkGate(): void {
  for (const module of [http, https]) {
    const request = module.request.bind(module)
    const gated = (...args: [Target, ...unknown[]]): http.ClientRequest => {
      const host = hostOf(args)
      if (ALLOWED.test(host)) return request(...(args as Parameters<typeof http.request>))
      throw Object.assign(new Error(`${host} is none of Tencent Cloud's hosts: not contacted`), {
        code: 'ENOTALLOWED',
      })
    }
    module.request = gated
    // Node's own `get` would go round it.
    module.get = (...args: [Target, ...unknown[]]): http.ClientRequest => gated(...args).end()
  }
}

/** Where a request ends up: behind a proxy that is the tunnel's or the absolute URL's host, not the proxy. */
function hostOf([target, second]: readonly unknown[]): string {
  const url = typeof target === 'string' ? new URL(target) : target instanceof URL ? target : null
  const options = (
    url === null ? target : typeof second === 'object' ? second : null
  ) as http.RequestOptions | null
  const path = options?.path ?? ''
  if (options?.method === 'CONNECT') return path.replace(/:\d+$/, '')
  if (path.startsWith('http://')) return new URL(path).hostname
  return (options?.hostname ?? options?.host ?? url?.hostname ?? 'localhost').replace(/:\d+$/, '')
}
