import { pagesOf } from '../../src/stores/pages'
import { byArrival, type ItemHeader, type Outbox } from '../../src/stores/store'

/** Every item of an outbox, the oldest first. */
export async function listAll(outbox: Outbox): Promise<readonly ItemHeader[]> {
  const all: ItemHeader[] = []
  for (const { line } of await outbox.lines()) {
    for await (const headers of pagesOf(outbox, line, 100)) all.push(...headers)
  }
  return all.sort(byArrival)
}
