import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { tlsOptions } from './tls-options'

export interface Address {
  readonly host: string
  readonly port: number
  readonly isTls: boolean
}

/**
 * Where a host has several addresses, one is given up for the next after so long: with Node's own 250 ms none that is on another continent would
 * ever be reached. Two that are dead still leave time for the third.
 */
export const ADDRESS_RACE = { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 700 } as const

/** Opens a connection, as every driver does: `node:tls` is loaded only where it is asked for. Throws an Error where `tlsOptions` does. */
export function openSocket({ host, port, isTls }: Address, tls: ConnectionOptions = {}): Socket {
  const target = { host, port, noDelay: true, ...ADDRESS_RACE }
  return isTls
    ? process.getBuiltinModule('node:tls').connect({ ...target, ...tlsOptions(host), ...tls })
    : process.getBuiltinModule('node:net').connect(target)
}
