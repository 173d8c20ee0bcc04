import { LAST_SWEEP, LATE_SWEEP_TOLD, sweptAt } from '../relay/last-sweep'
import type { Services } from '../services'
import type { Store } from '../stores/store'
import type { RunClock } from './run-clock'

/** Notes that a sweep has come to its end, for the callbacks to see; when they have told the team of a late one, that is over. */
export async function recordSweep(services: Services, store: Store, clock: RunClock): Promise<void> {
  await store.setNote(LAST_SWEEP, sweptAt(Date.now()), null)
  const told = await store.note(LATE_SWEEP_TOLD)
  if (told !== null)
    await (await import('./tell-of-return')).tellOfReturn(services, store, told, clock.left())
}
