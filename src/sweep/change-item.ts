import type { ParkedItem, Store } from '../stores/store'

const LEASE_MS = 30_000

/** Changes an item, unless another has it, or it is gone, or cannot be read. */
export async function changeItem(
  store: Store,
  id: string,
  change: (item: ParkedItem) => ParkedItem,
): Promise<void> {
  const item = await store.take(id, LEASE_MS)
  if (item !== null && item !== 'unreadable') await store.park(change(item))
}
