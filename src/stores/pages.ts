import type { Line } from './line'
import type { ItemHeader, Outbox } from './store'

/** A line from its beginning to its end, up to `most` items at a time. */
export async function* pagesOf(
  outbox: Outbox,
  line: Line,
  most: number,
): AsyncGenerator<readonly ItemHeader[]> {
  let from: string | null = null
  do {
    const { headers, next } = await outbox.page(line, from, most)
    yield headers
    from = next
  } while (from !== null)
}
