import type { Alert, Severity } from '../alerts/alert'
import { bareAlert } from '../relay/alert-text'
import { wordsOf } from '../relay/alert-words'
import type { Words } from '../relay/words/words'
import { digest } from '../relay/delivery'
import type { RelayParts } from '../relay/parts'
import type { ItemHeader, Parcel, Store } from '../stores/store'

/** What befell items of the outbox, as the team is told of it. */
export interface Occasion {
  /** Begins the alert's id, which is the same for the same items. */
  readonly name: string
  readonly severity: Severity
  readonly title: (words: Words, count: number, hours: number) => string
  readonly advice: (words: Words) => string
  readonly heading: (words: Words) => string
}

/** Of so many the alert says what was in them; the others it names. */
const LOOKED_INTO = 50

/** An alert about items of the outbox itself: what to do, and each item with what was in it and why it is there. */
export async function outboxAlert(
  { name, severity, title, advice, heading }: Occasion,
  items: readonly ItemHeader[],
  store: Store,
  { language, giveUpAfterMs }: Pick<RelayParts, 'language' | 'giveUpAfterMs'>,
): Promise<Alert> {
  const words = await wordsOf(language)
  const looks = await Promise.all(items.slice(0, LOOKED_INTO).map(async ({ id }) => store.read(id)))
  return {
    ...bareAlert(words),
    id: `${name}:${digest(...items.map(({ id }) => id))}`,
    severity,
    title: title(words, items.length, giveUpAfterMs / 3_600_000),
    facts: [{ label: words.whatToDo, value: advice(words) }],
    itemsHeading: heading(words),
    items: items.map(({ id, lastError }, index) => {
      const parcel = looks[index]?.parcel
      return {
        title: id,
        facts: [
          ...(parcel === undefined ? [] : [{ label: words.content, value: contentOf(parcel, words) }]),
          { label: words.problem, value: lastError ?? '' },
        ],
      }
    }),
  }
}

/** What was in it, in a few words. */
function contentOf(parcel: Parcel, words: Words): string {
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
