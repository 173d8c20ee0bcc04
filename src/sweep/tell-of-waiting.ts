import { fingerprint } from '../outbox/delivery'
import type { Services } from '../services'
import { toldGroup } from '../stores/line'
import { pagesOf } from '../stores/pages'
import { byArrival, type ItemHeader, type LineCount, type Store } from '../stores/store'
import { changeItem } from './change-item'
import { type Occasion, outboxAlert } from './outbox-alert'
import { tellTeam } from './tell-team'

/** Whoever has a leaked token may send any number, and a consumer may refuse any: they are told of together. */
const EVERY_MS = 3_600_000
/** So many in one alert; the rest an hour later. */
const AT_ONCE = 200
/** So many of a line are looked at: what was refused less often than is told of may stand before the others. */
const LOOKED_AT = 2_000
/** What was refused less often may still be taken without anybody's help. */
const REFUSALS = 3

interface Telling {
  readonly lane: 'unchecked' | 'aside'
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
  services: Services,
  store: Store,
  lines: readonly LineCount[],
): Promise<void> {
  if (services.channels.length === 0) return
  for (const telling of [UNCHECKED, REFUSED]) await tell(telling)

  async function tell({ lane, occasion, isDue }: Telling): Promise<void> {
    const untold = await untoldOf(lane, isDue)
    if (untold.length === 0) return
    if ((await store.admit(`${occasion.name}-told`, 1, EVERY_MS)) > 0) return
    const alert = await outboxAlert(occasion, untold, untold.length, store, services)
    await tellTeam(services, alert, (channel) => `${occasion.name}-alert-${channel}-${fingerprint(alert.id)}`)
    for (const { id } of untold)
      await changeItem(store, id, (item) => ({ ...item, group: toldGroup(item.group) }))
  }

  async function untoldOf(lane: Telling['lane'], isDue: Telling['isDue']): Promise<readonly ItemHeader[]> {
    const untold: ItemHeader[] = []
    for (const { line } of lines.filter(({ line: { kind } }) => kind === lane)) {
      if (untold.length >= AT_ONCE) break
      let looked = 0
      for await (const headers of pagesOf(store, line, AT_ONCE)) {
        untold.push(...headers.filter(isDue))
        looked += AT_ONCE
        if (looked >= LOOKED_AT || untold.length >= AT_ONCE) break
      }
    }
    return untold.sort(byArrival).slice(0, AT_ONCE)
  }
}
