import type { Store } from '../stores/store'
import { timedStore } from '../stores/timed-store'

/** Generous: a sweep has time, and a large outbox in a bucket takes some to list. */
const CALL_MS = 20_000
/** What a call is given when the time is up: enough for a store that is not hung. */
const SHORTEST_CALL_MS = 200

/** The store, with a deadline for every call: `left` is what remains of the whole, in ms. */
export function patientStore(store: Store, left: () => number): Store {
  return timedStore(store, () => Math.max(SHORTEST_CALL_MS, Math.min(CALL_MS, left())))
}
