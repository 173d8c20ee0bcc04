/** A body may hold thousands of jobs: so many are under way at a time, each with its requests and what it will say. */
const AT_ONCE = 16

/** Does every item in the order in which they come, a few at once; the results are in that order, too. `work` must not throw. */
export async function fewAtOnce<Item, Result>(
  items: Iterable<Item>,
  work: (item: Item, index: number) => Promise<Result>,
  atOnce = AT_ONCE,
): Promise<readonly Result[]> {
  const results: Result[] = []
  const waiting = items[Symbol.iterator]()
  let begun = 0
  const worker = async (): Promise<void> => {
    for (let next = waiting.next(); next.done !== true; next = waiting.next()) {
      const index = begun
      begun += 1
      results[index] = await work(next.value, index)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return results
}
