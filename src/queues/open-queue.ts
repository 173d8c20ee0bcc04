import type { OpenQueue, Queue } from './queue'
import type { DriverContext } from '../delivery/driver-context'

const drivers: Record<string, () => Promise<OpenQueue>> = {
  file: async () => (await import('./file')).openFileQueue,
}

export const QUEUE_SCHEMES = Object.keys(drivers)

export async function openQueue(url: string, context: DriverContext): Promise<Queue> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase()
  const load = scheme === undefined ? undefined : drivers[scheme]
  if (load === undefined) throw new Error(`unknown scheme; use one of: ${QUEUE_SCHEMES.join(', ')}`)
  return (await load())(url, context)
}
