import { keyOf, type Notice } from '../callback/notice'
import type { ParkedItem } from '../stores/store'
import { digest } from './delivery'

/** The id of what waits until CI can be asked: the same for every repeat. */
export function unverifiedId(notices: readonly Notice[]): string {
  return `unverified-${digest(...notices.flatMap((notice) => [notice.kind, notice.id, notice.state]))}`
}

/** Which of a parked body's executions and jobs an item is about, each once. v0.1 parked the whole body once for each of them. */
export function noticesOf(
  { id, parcel }: Pick<ParkedItem, 'id' | 'parcel'>,
  body: readonly Notice[],
): readonly Notice[] {
  const all = [...new Map(body.map((notice) => [keyOf(notice), notice])).values()]
  if (parcel.kind !== 'unverified') return all
  if (parcel.only !== undefined) {
    const only = new Set(parcel.only)
    return all.filter((notice) => only.has(keyOf(notice)))
  }
  const own = all.filter((notice) => unverifiedId([notice]) === id)
  return own.length > 0 ? own : all
}
