import { Deadline } from '../net/deadline'
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
    claim: (key, leaseMs, noteName) => timed(store.claim(key, leaseMs, noteName)),
    settle: (key, keepMs) => timed(store.settle(key, keepMs)),
    release: (key, holder) => timed(store.release(key, holder)),
    areSettled: (keys) => timed(store.areSettled(keys)),
    park: (item) => timed(store.park(item)),
    read: (id) => timed(store.read(id)),
    remove: (ids) => timed(store.remove(ids)),
    lines: () => timed(store.lines()),
    page: (line, from, most) => timed(store.page(line, from, most)),
    takeDue: (line, now, limits) => timed(store.takeDue(line, now, limits)),
    take: (id, leaseMs) => timed(store.take(id, leaseMs)),
    giveBack: (turns, gone) => timed(store.giveBack(turns, gone)),
    note: (name) => timed(store.note(name)),
    setNote: (name, value, keepMs) => timed(store.setNote(name, value, keepMs)),
    swapNote: (name, before, value, keepMs) => timed(store.swapNote(name, before, value, keepMs)),
    admit: (name, messages, perMs) => timed(store.admit(name, messages, perMs)),
    tidy: (timeIsUp) => timed(store.tidy(timeIsUp)),
    strays: () => timed(store.strays()),
  }
}
