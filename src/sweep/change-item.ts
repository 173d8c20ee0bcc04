import type { Outbox, ParkedItem } from '../stores/store'

const LEASE_MS = 30_000

/** Changes an item, unless another has it, or it is gone, or cannot be read. */
export async function changeItem(
  outbox: Outbox,
  id: string,
  change: (item: ParkedItem) => ParkedItem,
): Promise<void> {
  const turn = await outbox.take(id, LEASE_MS)
  if (turn === null || turn === 'unreadable') return
  await outbox.park(change(turn.items[0]))
  await outbox.giveBack([turn])
}
