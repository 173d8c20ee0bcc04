import { openRelay, type Relay } from '../artifact/open-relay'

export type Worker = Relay

/** A relay of which the tests wait for leases to end: as long as a callback that is not told how long it may last. */
export function startWorker(env: Readonly<Record<string, string>>, instances = 1): Worker {
  return openRelay(env, { instances, remainingMs: { callback: null, sweep: null } })
}
