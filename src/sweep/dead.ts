import type { Alert } from '../alerts/alert'
import { WORDS, type Words } from '../relay/alert-words'
import { DEADLINES } from '../relay/deadlines'
import { alertDelivery, digest, firstItem, park, tryDelivery } from '../relay/delivery'
import type { RelayParts } from '../relay/parts'
import type { Parcel, ParkedItem } from '../stores/store'

export interface DeadItem {
  readonly item: ParkedItem
  readonly error: string
}

const PREFIX = 'dead/'

/** Tells the team, once, of the items that a sweep gave up. Of a lost alert about lost items nobody is told again. */
export async function tellOfDead(parts: RelayParts, dead: readonly DeadItem[]): Promise<void> {
  const told = dead.filter(
    ({ item: { parcel } }) => parcel.kind !== 'alert' || !parcel.alert.id.startsWith(PREFIX),
  )
  if (told.length === 0) return
  const alert = deadAlert(told, WORDS[parts.language])
  const now = Date.now()
  await Promise.all(
    parts.channels.map(async ({ id }) => {
      const delivery = alertDelivery(id, alert)
      const failure = await tryDelivery(parts, delivery, DEADLINES.attempt)
      if (failure !== null) await park(parts.store, firstItem(delivery, failure, now, parts.channels))
    }),
  )
}

function deadAlert(dead: readonly DeadItem[], words: Words): Alert {
  return {
    id: `${PREFIX}${digest(...dead.map(({ item }) => item.id))}`,
    severity: 'error',
    title: words.deadTitle(dead.length),
    facts: [{ label: words.whatToDo, value: words.deadAdvice }],
    itemsHeading: words.deadItems,
    items: dead.map(({ item, error }) => ({
      title: item.id,
      facts: [
        { label: words.content, value: nameOf(item.parcel, words) },
        { label: words.problem, value: error },
      ],
    })),
    more: words.moreItems,
    footer: [],
    incident: null,
    event: null,
  }
}

/** What was in it, in a few words. */
function nameOf(parcel: Parcel, words: Words): string {
  switch (parcel.kind) {
    case 'message':
      return [parcel.event.subject, parcel.event.id].filter(Boolean).join(' · ')
    case 'alert':
      return parcel.alert.title
    case 'resolve':
      return parcel.incident
    case 'unverified':
      return words.unverifiedCallback
    case 'unreadable':
      return parcel.message
  }
}
