import type { Deadline } from '../delivery/deadline'
import { failure, type Failure, failureOf } from '../delivery/failure'
import { bodyText } from '../callback/body-text'
import type { Subject } from '../callback/model'
import { readCallback } from '../callback/read-callback'
import { DEADLINES, startDeadline } from '../relay/deadlines'
import { tryDelivery } from '../relay/try-delivery'
import { idOf, type Outcome } from '../relay/outcome'
import type { RelayParts } from '../relay/parts'
import { process } from '../relay/process'
import type { Run } from '../relay/run'
import { startStopwatch } from '../relay/stopwatch'
import { isToldMeanwhile } from '../relay/tell-channels'
import { askCi, isUnverifiable } from '../relay/verify'
import type { Parcel, ParkedItem } from '../stores/store'

/** One more try at a parked item, of whatever kind; null when it is settled and can go. Never throws. */
export async function redeliver(
  parts: RelayParts,
  item: ParkedItem,
  deadline: Deadline,
): Promise<Failure | null> {
  const { parcel } = item
  switch (parcel.kind) {
    case 'alert':
      if (await isToldMeanwhile(parts.store, parcel.unless)) return null
      return tryDelivery(parts, { parcel }, deadline)
    case 'message':
    case 'resolve':
      return tryDelivery(parts, { parcel }, deadline)
    case 'unverified':
    case 'unreadable':
      return relayAgain(parts, item, parcel)
  }
}

/** Puts a kept body through the pipeline once more. */
async function relayAgain(
  parts: RelayParts,
  item: ParkedItem,
  parcel: Extract<Parcel, { kind: 'unverified' | 'unreadable' }>,
): Promise<Failure | null> {
  const run = startRun(item.parkedAt)
  try {
    const subjects = readCallback(bodyText(parcel.bodyBase64, true))
    const outcomes = await Promise.all(
      subjects.map(async (subject): Promise<Outcome['outcome']> => {
        const verified = parts.verify === 'off' ? subject : await askCi(parts, subject, run)
        return verified === null ? unknown(parts, subject) : (await process(parts, verified, run)).outcome
      }),
    )
    const open = outcomes.find((outcome) => outcome === 'held' || outcome === 'undelivered')
    return open === undefined ? null : failure(`relayed again, but ${open}`)
  } catch (error) {
    return { ...failureOf(error), unverifiable: isUnverifiable(error) }
  }
}

/** CI has been asked and knows no such execution: forged, and dropped. */
function unknown(parts: RelayParts, subject: Subject): Outcome['outcome'] {
  parts.log('warn', 'CI knows no such execution: the parked callback is dropped', { id: idOf(subject) })
  return 'unknown'
}

/** The conditions of a callback, for a body that no sender waits for. */
export function startRun(arrivedAt: number): Run {
  return {
    deadline: startDeadline(),
    leaseMs: DEADLINES.callback + 1_000,
    arrivedAt,
    stopwatch: startStopwatch(),
  }
}
