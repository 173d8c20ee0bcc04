import { connect, isIP } from 'node:net'
import type { Endpoint } from '../../../../src/net/endpoint'

/** Addresses that only somebody in the same network can reach: for a function, in the same VPC. */
export function isPrivate(host: string): boolean {
  if (isIP(host) === 4)
    return /^(10\.|127\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(
      host,
    )
  if (isIP(host) === 6) return /^(::1$|f[cd]|fe80)/i.test(host)
  return !host.includes('.') || /\.(local|internal)$/i.test(host)
}

/** Null when a connection can be made from here, else why not. */
export function whyUnreachable({ host, port }: Endpoint, patienceMs = 3000): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const end = (why: string | null): void => {
      socket.destroy()
      resolve(why)
    }
    socket.setTimeout(patienceMs, () => end(`no answer within ${patienceMs / 1000} s`))
    socket.once('connect', () => end(null))
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
  })
}
