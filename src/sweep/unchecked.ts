import type { Alert } from '../alerts/alert'
import { WORDS, type Words } from '../relay/alert-words'
import { digest, isTold, laneOf, toldGroup } from '../relay/delivery'
import type { RelayParts } from '../relay/parts'
import type { ItemHeader, Store } from '../stores/store'
import { tellTeam } from './tell-team'

const EVERY_NOTE = 'unchecked-told'
/** Whoever has a leaked token may send any number: they are told of together. */
const EVERY_MS = 3_600_000
/** So many in one alert; the rest an hour later. */
const AT_ONCE = 200
const LEASE_MS = 30_000

/**
 * Tells the team of the callbacks that nobody can be asked about: each once, together, at most once an hour. That an item was told of stands
 * in its group; a crash before tells of it again rather than never.
 */
export async function tellOfUnchecked(parts: RelayParts, store: Store): Promise<void> {
  if (parts.channels.length === 0) return
  const untold = (await store.list())
    .filter(({ status, group }) => status === 'waiting' && laneOf(group) === 'unchecked' && !isTold(group))
    .slice(0, AT_ONCE)
  if (untold.length === 0) return
  if ((await store.admit(EVERY_NOTE, 1, EVERY_MS)) > 0) return
  const alert = uncheckedAlert(untold, WORDS[parts.language])
  await tellTeam(parts, alert, (channel) => `unchecked-alert-${channel}-${digest(alert.id)}`)
  for (const { id } of untold) {
    const item = await store.take(id, LEASE_MS)
    if (item === null || item === 'unreadable') continue
    await store.park({ ...item, group: toldGroup(item.group) })
  }
}

function uncheckedAlert(items: readonly ItemHeader[], words: Words): Alert {
  return {
    id: `unchecked/${digest(...items.map(({ id }) => id))}`,
    severity: 'warning',
    title: words.uncheckedTitle(items.length),
    facts: [{ label: words.whatToDo, value: words.uncheckedAdvice }],
    itemsHeading: words.uncheckedItems,
    items: items.map(({ id, lastError }) => ({
      title: id,
      facts: [{ label: words.problem, value: lastError ?? '' }],
    })),
    more: words.moreItems,
    footer: [],
    incident: null,
    event: null,
  }
}
