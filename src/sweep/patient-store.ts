import { Deadline } from '../delivery/deadline'
import type { Store } from '../stores/store'

/** Generous: a sweep has time, and a large outbox in a bucket takes some to list. */
const CALL_MS = 20_000
/** What a call is given when the time is up: enough for a store that is not hung. */
const SHORTEST_CALL_MS = 200

/** The store, with a deadline for every call: `left` is what remains of the whole, in ms. What hangs is given up, and rejects. */
export function patientStore(store: Store, left: () => number): Store {
  const timed = <T>(call: Promise<T>): Promise<T> =>
    Deadline.in(Math.max(SHORTEST_CALL_MS, Math.min(CALL_MS, left()))).hold(
      call,
      () => new Error(`${store.scheme}: the store gave no answer within the time allowed`),
    )
  return {
    scheme: store.scheme,
    secrets: store.secrets,
    endpoints: store.endpoints,
    needs: store.needs,
    claim: (key, leaseMs) => timed(store.claim(key, leaseMs)),
    settle: (key, keepMs) => timed(store.settle(key, keepMs)),
    release: (key, holder) => timed(store.release(key, holder)),
    park: (item) => timed(store.park(item)),
    list: () => timed(store.list()),
    read: (id) => timed(store.read(id)),
    take: (id, leaseMs) => timed(store.take(id, leaseMs)),
    remove: (id) => timed(store.remove(id)),
    note: (name) => timed(store.note(name)),
    setNote: (name, value, keepMs) => timed(store.setNote(name, value, keepMs)),
    admit: (name, messages, perMs) => timed(store.admit(name, messages, perMs)),
    tidy: (timeIsUp) => timed(store.tidy(timeIsUp)),
    strays: () => timed(store.strays()),
  }
}
