import { lookup } from 'node:dns/promises'
import { BlockList, isIPv6 } from 'node:net'
import type { Environment } from '../../src/config/read-config'

export interface ListenAddress {
  /** As it was given: `127.0.0.1`, `localhost`. */
  readonly host: string
  /** What it stands for on this machine. */
  readonly address: string
  readonly port: number
  /** Whether nobody but this machine's users can reach it. */
  readonly isLoopback: boolean
}

/** Where to listen. Rejects with an Error that names the variable. */
export async function listenAddress(env: Environment): Promise<ListenAddress> {
  const text = env['PORT']?.trim() || '9000'
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN
  if (!(port <= 65_535)) throw new Error('PORT: not a port number; use 0 (any free port) to 65535')
  const host = env['HOST']?.trim() || '127.0.0.1'
  // Looked up once: what is judged here is what is listened on.
  const { address } = await lookup(host).catch(() => {
    throw new Error(NO_SUCH_ADDRESS)
  })
  return { host, address, port, isLoopback: isLoopback(address) }
}

export const NO_SUCH_ADDRESS =
  'HOST: this machine has no such address; use 127.0.0.1, or 0.0.0.0 for all of them'

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

function isLoopback(address: string): boolean {
  return LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}
