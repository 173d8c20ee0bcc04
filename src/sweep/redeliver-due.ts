import { setTimeout as sleep } from 'node:timers/promises'
import type { Failure } from '../relay/attempt'
import { backoff, bounded } from '../relay/backoff'
import { DEADLINES } from '../relay/deadlines'
import { groupAfter, isDigestGroup, isForNobody, isUnchecked, tryDelivery } from '../relay/delivery'
import type { RelayParts } from '../relay/parts'
import type { ItemHeader, ParkedItem, Store } from '../stores/store'
import { nextDigest } from './digest'
import { dueGroups } from './due'
import { redeliver } from './redeliver'
import type { RunClock } from './run-clock'

export interface Redelivered {
  delivered: number
  failed: number
  /** Given up in this run. */
  dead: number
}

/** After so long an item is dead: kept, listed, told of. */
export const DEAD_AFTER_MS = 24 * 3_600_000
/**
 * A day of failures holds some fifty tries. What was tried less often has not been failing for a day, whatever a clock says: one that is a day
 * wrong must kill nothing.
 */
const DEAD_AFTER_TRIES = 12
/** A channel that is busy has refused nothing: what waits for it may wait longer. */
const DEAD_THROTTLED_AFTER_MS = 3 * DEAD_AFTER_MS
/** How long a channel that throttled is left alone when it names no time. */
const THROTTLED_MS = 60_000
/** A channel that may go on so soon is waited for within the run. */
const SHORT_WAIT_MS = 2_000
const AT_ONCE = 8
/** A destination that failed so often in a row is left alone for the rest of the run. */
const PATIENCE = 3
/** Tries a run at callbacks that nobody can be asked about: few of them cost a request, and they wait behind all others. */
const PATIENCE_UNCHECKED = 50
/** Alerts taken at once for digests of one channel: more than any channel shows in one message. */
const DIGEST_ITEMS = 100

/**
 * Delivers what is due until the clock says stop; `result` is kept up to date, also when the store fails on the way, which throws.
 *
 * An item is removed right after its delivery: a crash between the two repeats that one, with the same id.
 */
export async function redeliverDue(
  parts: RelayParts,
  store: Store,
  clock: RunClock,
  result: Redelivered,
): Promise<void> {
  const groups = [...dueGroups(await store.list(), Date.now())]
  const failedInARow = new Map<string, number>()
  const failuresAt = (destination: string): number => failedInARow.get(destination) ?? 0
  const busy = new Map<string, Failure>()
  const storeFailures: unknown[] = []
  let storeFailuresInARow = 0
  const worker = async (): Promise<void> => {
    for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
      // A store that takes no note of one item, as on a full disk, may well let go of the next.
      if (clock.timeIsUp() || storeFailuresInARow >= AT_ONCE) return
      try {
        if (group.some((header) => isDigestGroup(header.group))) await sendDigests(group)
        else await redeliverGroup(group)
        storeFailuresInARow = 0
      } catch (error) {
        storeFailures.push(error)
        storeFailuresInARow += 1
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  if (storeFailures.length > 0) throw storeFailures[0]

  async function redeliverGroup(group: readonly ItemHeader[]): Promise<void> {
    for (const header of group) {
      if (isUnchecked(header.group) && failuresAt(NOBODY) >= PATIENCE_UNCHECKED) return
      const item = await take(header)
      // Another sweep has it, or had it: that sweep goes on with the group.
      if (item === null) return
      if (item === 'unreadable') continue
      if (isForNobody(item, parts.channels)) {
        await letGo(item)
        continue
      }
      const destination = destinationOf(item)
      const refusal = busy.get(destination)
      if (refusal !== undefined) {
        await putOff(item, refusal)
        return
      }
      const patience = destination === NOBODY ? PATIENCE_UNCHECKED : PATIENCE
      if (failuresAt(destination) >= patience) return store.park(item)
      const failure = await redeliver(parts, item)
      failedInARow.set(destination, failure === null ? 0 : failuresAt(destination) + 1)
      if (failure === null) await done([item])
      else if ((await fail(item, failure)) === 'waiting') return
    }
  }

  async function sendDigests(group: readonly ItemHeader[]): Promise<void> {
    const rest = [...group]
    let taken: readonly ParkedItem[] = []
    for (;;) {
      const more = await takeSome(rest, DIGEST_ITEMS - taken.length)
      for (const item of more) if (isForNobody(item, parts.channels)) await letGo(item)
      taken = [...taken, ...more.filter((item) => !isForNobody(item, parts.channels))]
      const next = nextDigest(parts, taken)
      if (next === null) {
        if (rest.length === 0) return
        continue
      }
      if (clock.timeIsUp()) return giveBack(taken)
      const failure = await tryDelivery(parts, next.delivery, DEADLINES.attempt)
      if (failure === null) {
        await done(next.told)
        taken = taken.slice(next.told.length)
      } else if (failure.throttled && (failure.retryAfterMs ?? Infinity) <= SHORT_WAIT_MS) {
        await sleep(failure.retryAfterMs ?? 0)
      } else {
        for (const item of taken) await fail(item, failure)
        return
      }
    }
  }

  async function takeSome(headers: ItemHeader[], count: number): Promise<readonly ParkedItem[]> {
    const items = await Promise.all(headers.splice(0, count).map(take))
    return items.filter((item) => item !== null && item !== 'unreadable')
  }

  /** Null, too, for an item that has been tried since it was listed. */
  async function take({ id, dueAt }: ItemHeader): Promise<ParkedItem | 'unreadable' | null> {
    if (!clock.mayTake()) return null
    const item = await store.take(id, clock.leaseMs)
    if (item === null || item === 'unreadable' || (item.status === 'waiting' && item.dueAt === dueAt))
      return item
    await store.park(item)
    return null
  }

  /** An item for a channel that is no longer there: what it would end is ended by hand; what it would tell is told as given up. */
  async function letGo(item: ParkedItem): Promise<void> {
    const { parcel } = item
    if (parcel.kind !== 'alert' && parcel.kind !== 'resolve') return
    const lastError = `the channel ${parcel.channel} is no longer in ALERT_URLS`
    const what = parcel.kind === 'alert' ? 'an alert is given up' : 'the end of an incident is dropped'
    parts.log(parcel.kind === 'alert' ? 'error' : 'warn', what, { item: item.id, error: lastError })
    if (parcel.kind === 'resolve') return store.remove(item.id)
    await store.park({ ...item, status: 'dead', dueAt: Date.now(), lastError })
    result.dead += 1
  }

  async function giveBack(items: readonly ParkedItem[]): Promise<void> {
    await Promise.all(items.map((item) => store.park(item)))
  }

  async function done(items: readonly ParkedItem[]): Promise<void> {
    result.delivered += items.length
    await Promise.all(items.map(({ id }) => store.remove(id)))
  }

  async function fail(item: ParkedItem, failure: Failure): Promise<'waiting' | 'dead'> {
    result.failed += 1
    if (failure.throttled) busy.set(destinationOf(item), failure)
    return putOff(item, failure)
  }

  async function putOff(item: ParkedItem, failure: Failure): Promise<'waiting' | 'dead'> {
    const { throttled, retryAfterMs, message } = failure
    const now = Date.now()
    const tries = throttled ? item.tries : item.tries + 1
    const age = now - item.parkedAt
    const isDead = throttled
      ? age >= DEAD_THROTTLED_AFTER_MS
      : age >= DEAD_AFTER_MS && tries >= DEAD_AFTER_TRIES
    const wait = throttled ? bounded(retryAfterMs ?? THROTTLED_MS) : backoff(tries, retryAfterMs)
    await store.park({
      ...item,
      group: groupAfter(item, failure, parts.channels),
      status: isDead ? 'dead' : 'waiting',
      tries,
      dueAt: isDead ? now : now + wait,
      lastError: message,
    })
    if (isDead) result.dead += 1
    const what = isDead ? 'an item is given up' : 'a redelivery failed'
    parts.log(isDead ? 'error' : throttled ? 'debug' : 'warn', what, { item: item.id, tries, error: message })
    return isDead ? 'dead' : 'waiting'
  }
}

/** Where callbacks go that cannot be checked. */
const NOBODY = 'nobody'

function destinationOf({ group, parcel }: ParkedItem): string {
  if (isUnchecked(group)) return NOBODY
  if (parcel.kind === 'unverified') return `CI about ${parcel.bucket ?? 'a bucket'}`
  return parcel.kind === 'alert' || parcel.kind === 'resolve' ? parcel.channel : parcel.kind
}
