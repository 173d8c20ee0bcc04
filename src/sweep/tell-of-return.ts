import type { Alert } from '../alerts/alert'
import { Deadline } from '../net/deadline'
import { bareAlert } from '../alerts/alert-text'
import { wordsOf } from '../alerts/alert-words'
import { DEADLINES } from '../deadlines'
import { fingerprint } from '../outbox/delivery'
import { LATE_SWEEP_INCIDENT, LATE_SWEEP_TOLD } from '../relay/last-sweep'
import type { Services } from '../services'
import { LATE_SWEEP_WORDS } from '../alerts/words/late-sweep'
import type { Store } from '../stores/store'
import { tellOfEnd } from './tell-of-end'

/**
 * Tells the team, which was told that the sweep does not run, that it does again; where a channel knows incidents, that one ends. `told`: since when it did
 * not, as the note says. Waits for the channels for `leftMs` at most.
 */
export async function tellOfReturn(
  services: Services,
  store: Store,
  told: string,
  leftMs: number,
): Promise<void> {
  // Of two sweeps at once, by one.
  if (!(await store.swapNote(LATE_SWEEP_TOLD, told, null, null))) return
  const now = Date.now()
  // Nothing can be said of a note that is no time, or is still to come.
  const lasted = now - Number(told)
  const words = LATE_SWEEP_WORDS[services.language]
  const common = await wordsOf(services.language)
  const alert: Alert = {
    ...bareAlert(common),
    id: `sweep-returned:${fingerprint(told)}`,
    severity: 'info',
    title: words.over,
    facts: lasted >= 0 ? [{ label: words.lasted, value: common.duration(lasted) }] : [],
  }
  services.log('info', 'the sweep runs again', { forMs: lasted })
  const deadline = Deadline.in(Math.min(DEADLINES.patient, leftMs))
  await tellOfEnd(services, alert, LATE_SWEEP_INCIDENT, { deadline, arrivedAt: now })
}
