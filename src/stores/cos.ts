import type { OpenStore } from './store'

export const openCosStore: OpenStore = () => {
  throw new Error('the cos store is not built yet')
}
