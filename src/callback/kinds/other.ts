import { type Node, placeAt, restOf, textOf } from '../fields'
import { fingerprintOf } from '../fingerprint'
import type { Notice } from '../notice'
import { type Event, LONGEST_EVENT } from './event-name'

/** What says that it is an event, of a kind that nobody here knows; of Media Processing (862/37046) `EventType`. Null: it says nothing such. */
export function otherNotice(document: Node, unknown: Event): Notice | null {
  const at = placeAt('The document')
  const event =
    unknown?.unknown ?? textOf(document, 'EventType', at)?.slice(0, LONGEST_EVENT).toWellFormed() ?? null
  if (event === null) return null
  const details = restOf(document, new Set())
  const data = { event, bucket: null, object: null, state: 'Unknown', createdAt: null, details }
  return {
    kind: 'event',
    id: fingerprintOf([JSON.stringify(details)]),
    state: data.state,
    verdict: 'unknown',
    troubles: [],
    bucket: null,
    object: null,
    workflow: null,
    tag: event,
    endedAt: null,
    createdAt: null,
    work: null,
    askedAt: 'none',
    isOpen: false,
    unknownEvent: event,
    raw: document,
    odd: at.odd,
    data,
  }
}
