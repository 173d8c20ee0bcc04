import type { DriverContext } from '../delivery/driver-context'
import { driverOf } from '../delivery/driver-of'
import type { OpenStore, Store } from './store'

/** A driver loads when its scheme is used: one that is not configured costs nothing at start. */
const DRIVERS: Readonly<Record<string, () => Promise<OpenStore>>> = {
  memory: async () => (await import('./memory')).openMemoryStore,
  file: async () => (await import('./file')).openFileStore,
  redis: async () => (await import('./redis')).openRedisStore,
  rediss: async () => (await import('./redis')).openRedisStore,
  cos: async () => (await import('./cos')).openCosStore,
}

export const STORE_SCHEMES: readonly string[] = Object.keys(DRIVERS)

/** Opens the store that `url` names. Throws an Error that says what is wrong with the URL, never the URL itself. */
export async function openStore(url: string, context: DriverContext): Promise<Store> {
  const scheme = /^([a-z]+):/.exec(url)?.[1] ?? ''
  return (await driverOf('store', scheme, DRIVERS)())(url, context)
}
