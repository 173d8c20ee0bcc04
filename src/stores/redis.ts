import type { OpenStore } from './store'

export const openRedisStore: OpenStore = () => {
  throw new Error('the redis store is not built yet')
}
