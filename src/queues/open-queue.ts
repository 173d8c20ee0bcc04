import type { DriverContext } from '../delivery/driver-context'
import { driverOf } from '../delivery/driver-of'
import type { OpenQueue, Queue } from './queue'

/** A driver is loaded when its scheme is used. */
const DRIVERS: Readonly<Record<string, () => Promise<OpenQueue>>> = {
  amqp: async () => (await import('./amqp')).openAmqpQueue,
  amqps: async () => (await import('./amqp')).openAmqpQueue,
  kafka: async () => (await import('./kafka')).openKafkaQueue,
  kafkas: async () => (await import('./kafka')).openKafkaQueue,
  cmq: async () => (await import('./cmq')).openCmqQueue,
  redis: async () => (await import('./redis')).openRedisQueue,
  rediss: async () => (await import('./redis')).openRedisQueue,
  https: async () => (await import('./http')).openHttpQueue,
  http: async () => (await import('./http')).openHttpQueue,
  file: async () => (await import('./file')).openFileQueue,
}

export const QUEUE_SCHEMES: readonly string[] = Object.keys(DRIVERS)

/** Opens the queue of a URL without touching the network. Rejects with an Error that says what is wrong, never the URL itself. */
export async function openQueue(url: string, context: DriverContext): Promise<Queue> {
  const scheme = /^([a-z]+):/.exec(url)?.[1] ?? ''
  return (await driverOf('queue', scheme, DRIVERS)())(url, context)
}
