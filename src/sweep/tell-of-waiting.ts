import { digest, isTold, type Lane, laneOf, toldGroup } from '../relay/delivery'
import type { RelayParts } from '../relay/parts'
import type { ItemHeader, Store } from '../stores/store'
import { changeItem } from './change-item'
import { type Occasion, outboxAlert } from './outbox-alert'
import { tellTeam } from './tell-team'

/** Whoever has a leaked token may send any number, and a consumer may refuse any: they are told of together. */
const EVERY_MS = 3_600_000
/** So many in one alert; the rest an hour later. */
const AT_ONCE = 200
/** What was refused less often may still be taken without anybody's help. */
const REFUSALS = 3

interface Telling {
  readonly lane: Lane
  readonly occasion: Occasion
  readonly isDue: (header: ItemHeader) => boolean
}

const UNCHECKED: Telling = {
  lane: 'unchecked',
  occasion: {
    name: 'unchecked',
    severity: 'warning',
    title: (words, count) => words.uncheckedTitle(count),
    advice: (words) => words.uncheckedAdvice,
    heading: (words) => words.outboxItems,
  },
  isDue: () => true,
}

const REFUSED: Telling = {
  lane: 'aside',
  occasion: {
    name: 'refused',
    severity: 'error',
    title: (words, count) => words.refusedTitle(count),
    advice: (words) => words.refusedAdvice,
    heading: (words) => words.outboxItems,
  },
  // Of this very alert, where a channel refuses it, nobody is told again.
  isDue: ({ id, refusals = 0 }) => refusals >= REFUSALS && !id.startsWith('refused-alert-'),
}

/**
 * Tells the team of what waits and will not go out by itself: callbacks that nobody can be asked about, and what its destination refused again and
 * again. Each once, together, at most once an hour. That an item was told of stands in its group; a crash before tells of it again rather than never.
 */
export async function tellOfWaiting(
  parts: RelayParts,
  store: Store,
  items: readonly ItemHeader[],
): Promise<void> {
  if (parts.channels.length === 0) return
  const waiting = items.filter(({ status, group }) => status === 'waiting' && !isTold(group))
  for (const telling of [UNCHECKED, REFUSED]) await tell(telling)

  async function tell({ lane, occasion, isDue }: Telling): Promise<void> {
    const untold = waiting
      .filter((header) => laneOf(header.group) === lane && isDue(header))
      .slice(0, AT_ONCE)
    if (untold.length === 0) return
    if ((await store.admit(`${occasion.name}-told`, 1, EVERY_MS)) > 0) return
    const alert = await outboxAlert(occasion, untold, store, parts)
    await tellTeam(parts, alert, (channel) => `${occasion.name}-alert-${channel}-${digest(alert.id)}`)
    for (const { id } of untold)
      await changeItem(store, id, (item) => ({ ...item, group: toldGroup(item.group) }))
  }
}
