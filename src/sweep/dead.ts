import { digest } from '../relay/delivery'
import type { RelayParts } from '../relay/parts'
import type { ItemHeader, Store } from '../stores/store'
import { changeItem } from './change-item'
import { type Occasion, outboxAlert } from './outbox-alert'
import { OUTAGE_PREFIX } from './tell-of-outages'
import { tellTeam } from './tell-team'

/** Up to when the dead have been told of: ms since the epoch. */
const TOLD_NOTE = 'dead-told'
/** Of a queue that is down for days, more items die each minute: they are told of together. */
const EVERY_MS = 3_600_000
const GIVEN_UP: Occasion = {
  name: 'dead',
  severity: 'error',
  title: (words, count, hours) => words.deadTitle(count, hours),
  advice: (words) => words.deadAdvice,
  heading: (words) => words.deadItems,
}

const ITEM_PREFIX = 'dead-alert-'
/** Of items that tell of those: here it ends, and with those that told of an outage, which is told of every six hours. */
const LAST_PREFIX = 'lost-alert-'

function isOfOutageOrLast(id: string): boolean {
  return id.startsWith(LAST_PREFIX) || id.startsWith(OUTAGE_PREFIX)
}

/**
 * Tells the team of the items that were given up and that nobody was told of yet: once each, in one alert, at most once an hour. A crash
 * before the end tells of them again rather than never. Of such an alert that was itself given up, the other channels are told.
 */
export async function tellOfDead(
  parts: RelayParts,
  store: Store,
  listed: readonly ItemHeader[],
): Promise<void> {
  if (parts.channels.length === 0) return
  const now = Date.now()
  const noted = Number((await store.note(TOLD_NOTE)) ?? 0)
  // A time that is no time, or is still to come, was noted by a clock that is wrong: rather told twice than never.
  const toldUpTo = noted <= now ? noted : 0
  const dead = listed.filter(
    ({ id, status, dueAt }) => status === 'dead' && dueAt > toldUpTo && !isOfOutageOrLast(id),
  )
  if (dead.length === 0 || (await store.admit(TOLD_NOTE, 1, EVERY_MS)) > 0) return
  const items = dead.filter(({ id }) => !id.startsWith(ITEM_PREFIX))
  if (items.length > 0) await tellOf(items, parts, ITEM_PREFIX)
  const lost = dead.filter(({ id }) => id.startsWith(ITEM_PREFIX))
  for (const named of parts.channels) {
    const others = lost.filter(({ id }) => !id.startsWith(`${ITEM_PREFIX}${named.id}-`))
    if (others.length > 0) await tellOf(others, { ...parts, channels: [named] }, LAST_PREFIX)
  }
  // One that was given up in the future would be told of until it came.
  for (const { id, dueAt } of dead)
    if (dueAt > now) await changeItem(store, id, (item) => ({ ...item, dueAt: Math.min(item.dueAt, now) }))
  await store.setNote(TOLD_NOTE, String(Math.min(now, Math.max(...dead.map(({ dueAt }) => dueAt)))), null)

  async function tellOf(some: readonly ItemHeader[], those: RelayParts, prefix: string): Promise<void> {
    const alert = await outboxAlert(GIVEN_UP, some, store, parts)
    await tellTeam(those, alert, (channel) => `${prefix}${channel}-${digest(alert.id)}`)
  }
}
