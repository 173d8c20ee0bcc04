import type { Alert, Severity } from '../alerts/alert'
import { bareAlert } from '../alerts/alert-text'
import { wordsOf } from '../alerts/alert-words'
import type { Words } from '../alerts/words/words'
import { fingerprint } from '../outbox/delivery'
import { destinationOf } from '../stores/line'
import type { Services } from '../services'
import type { ItemHeader, Payload, Store } from '../stores/store'

/** What befell items of the outbox, as the team is told of it. */
export interface Occasion {
  /** Begins the alert's id, which is the same for the same items. */
  readonly name: string
  readonly severity: Severity
  readonly title: (words: Words, count: number) => string
  readonly advice: (words: Words) => string
  readonly heading: (words: Words) => string
}

/** Of so many the alert says what was in them; of others no more than their ids and why. */
const LOOKED_INTO = 50
/** So many are named: more than any channel shows. */
export const NAMED = 200

/** An alert about `count` items of the outbox itself: what to do, and each of `items`, the first of them, with what was in it and why it is there. */
export async function outboxAlert(
  { name, severity, title, advice, heading }: Occasion,
  items: readonly ItemHeader[],
  count: number,
  store: Store,
  { language }: Pick<Services, 'language'>,
): Promise<Alert> {
  const words = await wordsOf(language)
  const looks = await Promise.all(items.slice(0, LOOKED_INTO).map(async ({ id }) => store.read(id)))
  return {
    ...bareAlert(words),
    id: `${name}:${fingerprint(...items.map(({ id }) => id))}`,
    severity,
    title: title(words, count),
    facts: [
      { label: words.whatToDo, value: advice(words) },
      ...(count > items.length
        ? [{ label: words.namedHere, value: words.firstOf(items.length, count) }]
        : []),
    ],
    itemsHeading: heading(words),
    items: items.map(({ id, group, lastError }, index) => {
      const payload = looks[index]?.payload
      return {
        title: id,
        facts: [
          ...(payload === undefined ? [] : [{ label: words.content, value: contentOf(payload, words) }]),
          { label: words.sentTo, value: destinationOf(group) },
          { label: words.problem, value: lastError ?? '' },
        ],
      }
    }),
  }
}

/** What was in it, in a few words. */
function contentOf(payload: Payload, words: Words): string {
  switch (payload.kind) {
    case 'message':
      return [payload.event.subject, payload.event.id].filter(Boolean).join(' · ')
    case 'alert':
      return payload.alert.title
    case 'resolve':
      return payload.incident
    case 'unverified':
      return words.unverifiedCallback
    case 'rest':
      return words.restOfBody
    case 'unreadable':
      return payload.message
  }
}
