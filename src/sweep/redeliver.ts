import type { Deadline } from '../delivery/deadline'
import { failure, type Failure, failureOf } from '../delivery/failure'
import { bodyText } from '../callback/body-text'
import { keyOf, type Notice } from '../callback/notice'
import { readCallback } from '../callback/read-callback'
import { fewAtOnce } from '../relay/few-at-once'
import { isSettled } from '../relay/ledger'
import { tryDelivery } from '../relay/try-delivery'
import type { RelayParts } from '../relay/parts'
import { type Run, startRun } from '../relay/run'
import { settleNotice } from '../relay/settle-notice'
import { isToldMeanwhile } from '../relay/tell-channels'
import { noticesOf } from '../relay/unverified'
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
      return relayAgain(parts, item, parcel, deadline)
  }
}

/** Of one body so many are relayed at once: several bodies are on their way at a time. */
const AT_ONCE = 4
/** When CI could not be asked so often in a row, it is not asked about the rest of the body. */
const PATIENCE = 2 * AT_ONCE

/** Puts a kept body through the pipeline once more. What of it was settled by an earlier try is passed over. */
async function relayAgain(
  parts: RelayParts,
  item: ParkedItem,
  parcel: Extract<Parcel, { kind: 'unverified' | 'unreadable' }>,
  deadline: Deadline,
): Promise<Failure | null> {
  let failuresInARow = 0
  try {
    const read = readCallback(bodyText(parcel.bodyBase64, true), parts.messageRaw)
    const notices = read === 'test' ? [] : noticesOf(item, read)
    const mayBeSettled = notices.length > 1 && item.tries > 1
    const failures = await fewAtOnce(
      notices,
      async (notice) => {
        if (deadline.isOver || failuresInARow >= PATIENCE) return failure('no time was left for all of it')
        try {
          if (mayBeSettled && parts.store !== null && (await isSettled(parts.store, keyOf(notice))))
            return null
          const run = startRun(item.parkedAt, deadline)
          const verified = await verifiedNow(parts, notice, item, run)
          failuresInARow = 0
          if (verified === null) return unknown(parts, notice)
          const { outcome } = await settleNotice(parts, verified, run)
          return outcome === 'held' || outcome === 'undelivered'
            ? failure(`relayed again, but ${outcome}`)
            : null
        } catch (error) {
          const why = failureOf(error)
          if (why.kind === 'throttled') failuresInARow = PATIENCE
          else if (why.tooEarly !== true && why.unverifiable !== true) failuresInARow += 1
          return why
        }
      },
      AT_ONCE,
    )
    return worstOf(failures.filter((one) => one !== null))
  } catch (error) {
    return failureOf(error)
  }
}

/** So often CI is asked about what is over while a part of it goes on; then its own words count. */
const OPEN_TRIES = 3

/** What CI says now, where it has to be asked. */
async function verifiedNow(
  parts: RelayParts,
  notice: Notice,
  { tries }: ParkedItem,
  run: Run,
): Promise<Notice | null> {
  const isAsked = parts.verify !== 'off' || (notice.isOpen && parts.readBack !== null && tries <= OPEN_TRIES)
  if (!isAsked) return notice
  const { askCi } = await import('../relay/verify')
  if (parts.verify !== 'off') return askCi(parts, notice, run)
  return (await askCi(parts, notice, run)) ?? notice
}

/** What the item waits for: for as long as somebody can be asked about a part of it, that. */
function worstOf(failures: readonly Failure[]): Failure | null {
  return (
    failures.find(({ kind }) => kind === 'throttled') ??
    failures.find(({ unverifiable }) => unverifiable !== true) ??
    failures[0] ??
    null
  )
}

/** CI has been asked and knows no such execution: forged, and dropped. */
function unknown(parts: RelayParts, notice: Notice): null {
  parts.log('warn', 'CI knows no such execution: the parked callback is dropped', { id: notice.id })
  return null
}
