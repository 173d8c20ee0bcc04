import type { ItemHeader } from '../stores/store'

/**
 * The waiting items to deliver now, group by group, each in order of arrival; the groups by the arrival of their first. A group is due when its
 * first item is: the others wait behind it, so that nothing overtakes.
 */
export function dueGroups(items: readonly ItemHeader[], now: number): readonly (readonly ItemHeader[])[] {
  const groups = new Map<string, ItemHeader[]>()
  for (const item of items) {
    if (item.status !== 'waiting') continue
    const group = groups.get(item.group)
    if (group === undefined) groups.set(item.group, [item])
    else group.push(item)
  }
  return [...groups.values()].filter(([first]) => first !== undefined && first.dueAt <= now)
}
