import { fingerprint } from '../outbox/delivery'
import type { Services } from '../services'
import { byArrival, type ItemHeader, type LineCount, type Page, type Store } from '../stores/store'
import { changeItem } from './change-item'
import { NAMED, type Occasion, outboxAlert } from './outbox-alert'
import { OUTAGE_PREFIX } from './tell-of-outages'
import { tellTeam } from './tell-team'

/** Up to when the dead have been told of: ms since the epoch. */
const TOLD_NOTE = 'dead-told'
/** Of a queue that is down for days, more items die each minute: they are told of together. */
const EVERY_MS = 3_600_000
const GIVEN_UP: Occasion = {
  name: 'dead',
  severity: 'error',
  title: (words, count) => words.deadTitle(count),
  advice: (words) => words.deadAdvice,
  heading: (words) => words.deadItems,
}

const ITEM_PREFIX = 'dead-alert-'
/** Of items that tell of those: here it ends, and with those that told of an outage, which is told of every six hours. */
const LAST_PREFIX = 'lost-alert-'

function isOfOutageOrLast(id: string): boolean {
  return id.startsWith(LAST_PREFIX) || id.startsWith(OUTAGE_PREFIX)
}

/** So many are looked at; of more the team is told an hour later. */
const MOST = 10_000
const PAGE = 1_000

/**
 * Tells the team of the items that were given up and that nobody was told of yet: once each, in one alert, at most once an hour. A crash
 * before the end tells of them again rather than never. Of such an alert that was itself given up, the other channels are told.
 */
export async function tellOfDead(
  services: Services,
  store: Store,
  lines: readonly LineCount[],
): Promise<void> {
  if (services.channels.length === 0) return
  const now = Date.now()
  const noted = Number((await store.note(TOLD_NOTE)) ?? 0)
  // A time that is no time, or is still to come, was noted by a clock that is wrong: rather told twice than never.
  const toldUpTo = noted <= now ? noted : 0
  const { dead, upTo } = await deadSince(toldUpTo)
  if (dead.length === 0 || (await store.admit(TOLD_NOTE, 1, EVERY_MS)) > 0) return
  const items = dead.filter(({ id }) => !id.startsWith(ITEM_PREFIX))
  if (items.length > 0) await tellOf(items, services, ITEM_PREFIX)
  const lost = dead.filter(({ id }) => id.startsWith(ITEM_PREFIX))
  for (const named of services.channels) {
    const others = lost.filter(({ id }) => !id.startsWith(`${ITEM_PREFIX}${named.id}-`))
    if (others.length > 0) await tellOf(others, { ...services, channels: [named] }, LAST_PREFIX)
  }
  // One that was given up in the future would be told of until it came.
  for (const { id, dueAt } of dead)
    if (dueAt > now) await changeItem(store, id, (item) => ({ ...item, dueAt: Math.min(item.dueAt, now) }))
  await store.setNote(TOLD_NOTE, String(Math.min(now, upTo)), null)

  /** Those that were given up after `since`, and up to when they are all that were. */
  async function deadSince(since: number): Promise<{ dead: readonly ItemHeader[]; upTo: number }> {
    const found: ItemHeader[] = []
    const cuts: number[] = []
    const those = lines.filter(({ line }) => line.kind === 'dead')
    for (const { line } of those) {
      const most = Math.floor(MOST / those.length)
      const here: ItemHeader[] = []
      let from: string | number | null = since
      while (from !== null && here.length < most) {
        const page: Page = await store.page(line, from, Math.min(PAGE, most - here.length))
        here.push(...page.headers)
        from = page.next
      }
      found.push(...here)
      if (from !== null) cuts.push(lastWhole(here))
    }
    const cut = Math.min(...cuts)
    const dead = found.filter(({ id, dueAt }) => dueAt <= cut && !isOfOutageOrLast(id)).sort(byArrival)
    return { dead, upTo: Math.min(cut, Math.max(...found.map(({ dueAt }) => dueAt))) }
  }

  async function tellOf(some: readonly ItemHeader[], those: Services, prefix: string): Promise<void> {
    const alert = await outboxAlert(GIVEN_UP, some.slice(0, NAMED), some.length, store, services)
    await tellTeam(those, alert, (channel) => `${prefix}${channel}-${fingerprint(alert.id)}`)
  }
}

/** Of a line that was cut off: the last moment of which all that was given up is among `here`, unless they are all of one moment. */
function lastWhole(here: readonly ItemHeader[]): number {
  const last = here.at(-1)?.dueAt ?? 0
  return here.findLast(({ dueAt }) => dueAt < last)?.dueAt ?? last
}
