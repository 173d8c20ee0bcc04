import type { DriverContext } from '../drivers/driver-context'
import { type Drivers, openTarget } from '../drivers/open-target'
import { driver as memory } from './memory'
import type { Store } from './store'

export const STORES: Drivers<Store> = {
  memory,
  file: () => import('./file'),
  redis: () => import('./redis'),
  cos: () => import('./cos'),
}

export function openStore(url: string, context: DriverContext): Promise<Store> {
  return openTarget('store', url, context, STORES)
}
