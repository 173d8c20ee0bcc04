/**
 * Begins every item in order of the list, a few at once, for as long as more may be begun. `work` is given what became of the item before it in its
 * group: it can prepare at once, and await that before it does what must stay in order. It must not reject.
 */
export async function fewInOrder<Item>(
  items: readonly Item[],
  atOnce: number,
  { mayBegin, groupOf }: { readonly mayBegin: () => boolean; readonly groupOf: (item: Item) => string },
  work: (item: Item, before: Promise<boolean>) => Promise<boolean>,
): Promise<void> {
  const last = new Map<string, Promise<boolean>>()
  const waiting = items.values()
  const worker = async (): Promise<void> => {
    for (const item of waiting) {
      if (!mayBegin()) return
      const group = groupOf(item)
      const mine = work(item, last.get(group) ?? Promise.resolve(true))
      last.set(group, mine)
      await mine
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
}
