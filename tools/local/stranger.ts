import type { IncomingMessage } from 'node:http'

export interface Refused {
  readonly statusCode: number
  readonly message: string
}

/**
 * Why a request is none for this server, told by its headers alone; null when nothing speaks against it. A page of another site, open in a
 * browser of this machine, can send requests here: under its own name it is told by `Origin` and `Sec-Fetch-Site`, under a name that it has made
 * to point here by `Host`.
 *
 * @param host the name that the server was told to listen on
 */
export function strangerAt(request: IncomingMessage, host: string): Refused | null {
  const { localAddress = '', localPort = 0 } = request.socket
  const names = ['localhost', '127.0.0.1', '::1', host, localAddress]
  const ours = names.flatMap((name) => authoritiesOf(name.toLowerCase(), localPort))
  const [named, ...more] = valuesOf(request, 'host')
  if (named === undefined || more.length > 0 || !ours.includes(named.toLowerCase()))
    return { statusCode: 421, message: 'The Host header must name this server as npm start shows it.' }
  const isFromElsewhere =
    valuesOf(request, 'origin').some((from) => !ours.some((own) => from.toLowerCase() === `http://${own}`)) ||
    valuesOf(request, 'sec-fetch-site').some((site) => site !== 'none' && site !== 'same-origin')
  if (isFromElsewhere)
    return { statusCode: 403, message: 'Requests that another web page sends are not taken.' }
  // A proxy's form, or `*`: it would name a server a second time.
  if (request.url?.startsWith('/') !== true)
    return { statusCode: 400, message: 'The target of a request must be a path.' }
  return null
}

/** How a URL writes a name or an address with the port, which may be left out when it is 80. */
function authoritiesOf(name: string, port: number): readonly string[] {
  const plain = name.replace(/^::ffff:(?=\d+\.)/, '').replace(/^\[|\]$/g, '')
  const written = plain.includes(':') ? `[${plain}]` : plain
  return [`${written}:${port}`, ...(port === 80 ? [written] : [])]
}

/** Every value of a header: node:http shows the first of several hosts alone. */
function valuesOf({ rawHeaders }: IncomingMessage, name: string): readonly string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name)
}
