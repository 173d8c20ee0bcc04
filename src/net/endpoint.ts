/** Where a connection leads. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost'])

export function isLoopback(url: URL): boolean {
  return LOOPBACK.has(url.hostname)
}

/** A name or an address, without the brackets that a URL puts around one of IPv6. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1')
}

/**
 * The public address of a service, or the loopback address that `?endpoint=` puts in its place for tests.
 * Throws an Error when the endpoint is not on loopback: an alert's key must not go astray through a typing error.
 */
export function endpointOf(parameters: URLSearchParams, publicAddress: string): URL {
  const endpoint = parameters.get('endpoint')
  if (endpoint === null) return new URL(publicAddress)
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null
  if (url === null || !isLoopback(url))
    throw new Error('endpoint must be a loopback address such as http://127.0.0.1:8080')
  return url
}

/** Where an HTTP address leads. */
export function endpointAt(url: URL): Endpoint {
  const usual = url.protocol === 'https:' ? 443 : 80
  return { host: hostOf(url), port: url.port === '' ? usual : Number(url.port) }
}
