import { destinationOf } from '../relay/delivery'
import type { ItemHeader } from '../stores/store'

export type Group = readonly [ItemHeader, ...ItemHeader[]]

/**
 * The waiting items to deliver now, by destination, group by group, each in order of arrival; the groups by the arrival of their first. A group is due
 * when its first item is: the others wait behind it, so that nothing overtakes.
 */
export function dueGroups(items: readonly ItemHeader[], now: number): ReadonlyMap<string, Group[]> {
  const groups = new Map<string, [ItemHeader, ...ItemHeader[]]>()
  for (const item of items) {
    if (item.status !== 'waiting') continue
    const group = groups.get(item.group)
    if (group === undefined) groups.set(item.group, [item])
    else group.push(item)
  }
  const due = [...groups.values()].filter(([first]) => isDue(first, now))
  const byDestination = new Map<string, Group[]>()
  for (const group of due) {
    const destination = destinationOf(group[0].group)
    const others = byDestination.get(destination)
    if (others === undefined) byDestination.set(destination, [group])
    else others.push(group)
  }
  return byDestination
}

/** v0.1 gave no longer one. */
const USUAL_WAIT_MS = 3_600_000

/** No wait ends later than it lasts: such a time was given by a clock that is ahead of ours. */
export function isDue({ dueAt, waitMs = USUAL_WAIT_MS }: ItemHeader, now: number): boolean {
  return dueAt <= now || dueAt > now + waitMs
}
