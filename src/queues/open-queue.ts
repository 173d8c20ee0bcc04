import type { DriverContext } from '../drivers/driver-context'
import { type Drivers, openTarget } from '../drivers/open-target'
import { driver as file } from './file'
import type { Queue } from './queue'

export const QUEUES: Drivers<Queue> = {
  amqp: () => import('./amqp'),
  kafka: () => import('./kafka'),
  cmq: () => import('./cmq'),
  redis: () => import('./redis'),
  http: () => import('./http'),
  file,
}

export function openQueue(url: string, context: DriverContext): Promise<Queue> {
  return openTarget('queue', url, context, QUEUES)
}
