import { Deadline } from '../delivery/deadline'
import type { Store } from './store'

/** The store, with a deadline for every call, in ms from its beginning. What hangs is given up, and rejects. */
export function timedStore(store: Store, patienceMs: () => number): Store {
  const timed = <T>(call: Promise<T>): Promise<T> =>
    Deadline.in(patienceMs()).hold(
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
