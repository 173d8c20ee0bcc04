import { LONGEST_WAIT_MS } from '../relay/backoff'
import { isUnchecked } from '../relay/delivery'
import type { ItemHeader } from '../stores/store'

/**
 * The waiting items to deliver now, group by group, each in order of arrival; the groups by the arrival of their first, but what must be asked
 * about behind what is only to be delivered, and what nobody can be asked about behind all. A group is due when its first item is: the others
 * wait behind it, so that nothing overtakes.
 */
export function dueGroups(items: readonly ItemHeader[], now: number): readonly (readonly ItemHeader[])[] {
  const groups = new Map<string, ItemHeader[]>()
  for (const item of items) {
    if (item.status !== 'waiting') continue
    const group = groups.get(item.group)
    if (group === undefined) groups.set(item.group, [item])
    else group.push(item)
  }
  const due = [...groups.values()].filter(([first]) => first !== undefined && isDue(first, now))
  return RANKS.flatMap((isOfRank) => due.filter(([first]) => first !== undefined && isOfRank(first)))
}

/** No wait is so long that it ends later: such a time was given by a clock that is ahead of ours. */
function isDue({ dueAt }: ItemHeader, now: number): boolean {
  return dueAt <= now || dueAt > now + LONGEST_WAIT_MS
}

const RANKS: readonly ((header: ItemHeader) => boolean)[] = [
  ({ id, group }) => !isUnchecked(group) && !id.startsWith('unverified-'),
  ({ id, group }) => !isUnchecked(group) && id.startsWith('unverified-'),
  ({ group }) => isUnchecked(group),
]
