import { Deadline } from '../net/deadline'
import type { Services } from '../services'
import type { LineCount, Store } from '../stores/store'
import { drainDestination } from './drain-destination'
import type { Drain, Drained, Manners } from './drain-run'
import { fallbacksLast } from './fallbacks-last'
import type { RunClock } from './run-clock'

/** So many steps of the store may fail in a row. One that takes no note of one item, as on a full disk, may well let go of the next. */
const STORE_PATIENCE = 8

/**
 * Delivers what is due of `waiting` until the clock says stop, or nothing is due any more. Throws when the store failed on the way. Each destination is drained by itself: none
 * waits for another.
 */
export async function drain(
  services: Services,
  store: Store,
  waiting: readonly LineCount[],
  clock: RunClock,
  result: Drained,
  manners: Manners,
): Promise<void> {
  const failures: unknown[] = []
  let failuresInARow = 0
  const run: Drain = {
    ...{ parts: services, store, clock, result, manners },
    startedAt: Date.now(),
    storeFailed(error) {
      failures.push(error)
      failuresInARow += 1
    },
    storeWorks: () => (failuresInARow = 0),
    mayGoOn: () => !clock.timeIsUp() && failuresInARow < STORE_PATIENCE,
  }
  await fallbacksLast(
    byDestination(waiting),
    services.channels,
    Deadline.in(clock.untilUp() / 2),
    (destination, lines) => drainDestination(run, destination, lines),
  )
  if (failures.length > 0) throw failures[0]
}

function byDestination(counts: readonly LineCount[]): ReadonlyMap<string, readonly LineCount[]> {
  const all = new Map<string, LineCount[]>()
  for (const count of counts) {
    const { destination } = count.line
    const others = all.get(destination)
    if (others === undefined) all.set(destination, [count])
    else others.push(count)
  }
  return all
}
