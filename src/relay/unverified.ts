import { keyOf, type Notice } from '../callback/notice'
import type { Notices } from '../callback/notices'
import type { ParkedItem } from '../stores/store'
import { fingerprint } from '../outbox/delivery'

/** The id of what waits until CI can be asked: the same for every repeat. */
export function unverifiedId(notices: readonly Notice[]): string {
  return `unverified-${fingerprint(...notices.flatMap((notice) => [notice.kind, notice.id, notice.state]))}`
}

/** Which of a parked body's notices an item is about. v0.1 parked the whole body once for each of them. */
export function ownNotices(
  { id, payload }: Pick<ParkedItem, 'id' | 'payload'>,
  body: Notices,
): (notice: Notice) => boolean {
  if (payload.kind !== 'unverified') return () => true
  if (payload.only !== undefined) {
    const only = new Set(payload.only)
    return (notice) => only.has(keyOf(notice))
  }
  const isOwn = (notice: Notice | undefined): boolean => notice !== undefined && unverifiedId([notice]) === id
  for (let index = 0; index < body.length; index += 1) if (isOwn(body.at(index))) return isOwn
  return () => true
}
