import type { Alert } from '../alerts/alert'
import type { Deadline } from '../net/deadline'
import type { Store } from '../stores/store'
import { bareAlert } from '../alerts/alert-text'
import { wordsOf } from '../alerts/alert-words'
import { DEADLINES } from '../deadlines'
import { fingerprint } from '../outbox/delivery'
import {
  LAST_SWEEP,
  type LastSweep,
  lastSweepIn,
  LATE_SWEEP_INCIDENT,
  LATE_SWEEP_TOLD,
  unsweptSince,
} from './last-sweep'
import { timed } from '../outbox/timed'
import type { Services } from '../services'
import { tellChannels } from '../outbox/tell-channels'
import { LATE_SWEEP_WORDS } from '../alerts/words/late-sweep'

/** So often the team is told of it while it goes on. */
const EVERY_MS = 3_600_000
/** When no channel took it, another callback tries again after so long. */
const AGAIN_MS = 5 * 60_000
const KEPT_MS = 30 * 24 * 3_600_000
/** With less time left no alert is begun: the next callback tells. */
const SHORTEST_TRY_MS = 300

/**
 * Says in the log that no sweep has run for `lateMs`, and once an hour to all channels, whatever the number of instances, until `deadline`. A note that is no
 * time, or one from a clock that is ahead, becomes that of a store in use from now on: it tells nothing, and must not keep anybody from being told for
 * good. Rejects when the store fails.
 */
export async function lookIntoLateSweep(
  services: Services,
  store: Store,
  lateMs: number,
  deadline: Deadline,
): Promise<void> {
  const within = async <T>(step: () => Promise<T>): Promise<T> =>
    timed(step, deadline.within(DEADLINES.store).left)
  // Read again: what came with the claim may be older than it should be, where an instance was frozen.
  const note = await within(async () => store.note(LAST_SWEEP))
  const now = Date.now()
  const last = lastSweepIn(note)
  if (last === null || last.at > now + lateMs) {
    await within(async () => store.swapNote(LAST_SWEEP, note, unsweptSince(now), null))
    return
  }
  if (now - last.at <= lateMs) return
  services.log('warn', 'the sweep does not run: what waits is not delivered', {
    lastSweep: last.kind === 'swept' ? timeOf(last) : null,
    ...(last.kind === 'unswept' && { inUseSince: timeOf(last) }),
  })
  if (services.channels.length === 0 || deadline.left < SHORTEST_TRY_MS) return

  // A claim that only its time ends, unless the alert is told: by one of those who find the same, and again while nobody could be.
  if ((await within(async () => store.claim(LATE_SWEEP_INCIDENT, AGAIN_MS))).kind !== 'claimed') return
  const fates = await tellChannels(
    { ...services, store: notParking(store) },
    await alertOf(last, now, services),
    {
      deadline,
      patienceMs: DEADLINES.attempt,
      arrivedAt: now,
    },
  )
  if (!fates.some(([, fate]) => fate === 'delivered')) return
  await Promise.all([
    timed(async () => store.settle(LATE_SWEEP_INCIDENT, EVERY_MS)),
    timed(async () => store.setNote(LATE_SWEEP_TOLD, String(last.at), KEPT_MS)),
  ])
}

/** An alert that waited for the sweep would come when it is no longer true. */
function notParking(store: Store): Store {
  return {
    ...store,
    park: async () => Promise.reject(new Error('the sweep that would deliver it does not run')),
  }
}

async function alertOf(last: LastSweep, now: number, { language }: Services): Promise<Alert> {
  const words = LATE_SWEEP_WORDS[language]
  const common = await wordsOf(language)
  const duration = common.duration(now - last.at)
  const isUnswept = last.kind === 'unswept'
  return {
    ...bareAlert(common),
    id: `late-sweep:${fingerprint(String(last.at), String(now))}`,
    incident: LATE_SWEEP_INCIDENT,
    severity: 'error',
    title: isUnswept ? words.neverTitle(duration) : words.title(duration),
    facts: [
      { label: isUnswept ? words.inUseSince : words.last, value: timeOf(last) },
      { label: words.meaning, value: words.whatItMeans },
      { label: common.whatToDo, value: words.advice },
    ],
  }
}

function timeOf({ at }: LastSweep): string {
  return new Date(at).toISOString()
}
