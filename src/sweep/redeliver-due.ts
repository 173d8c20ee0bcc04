import { setTimeout as sleep } from 'node:timers/promises'
import type { Failure } from '../relay/attempt'
import { backoff } from '../relay/backoff'
import { DEADLINES } from '../relay/deadlines'
import { groupAfter, isDigestGroup, tryDelivery } from '../relay/delivery'
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
/** A channel that is busy has refused nothing: what waits for it may wait longer. */
const DEAD_THROTTLED_AFTER_MS = 3 * DEAD_AFTER_MS
/** How long a channel that throttled is left alone when it names no time. */
const THROTTLED_MS = 60_000
/** A channel that may go on so soon is waited for within the run. */
const SHORT_WAIT_MS = 2_000
const AT_ONCE = 8
/** A destination that failed so often in a row is left alone for the rest of the run. */
const PATIENCE = 3
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
  const worker = async (): Promise<void> => {
    for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
      if (clock.timeIsUp()) return
      if (group.some((header) => isDigestGroup(header.group))) await sendDigests(group)
      else await redeliverGroup(group)
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker))
  for (const end of ends) if (end.status === 'rejected') throw end.reason

  async function redeliverGroup(group: readonly ItemHeader[]): Promise<void> {
    for (const header of group) {
      const item = await take(header)
      // Another sweep has it, or had it: that sweep goes on with the group.
      if (item === null) return
      const destination = destinationOf(item)
      const refusal = busy.get(destination)
      if (refusal !== undefined) {
        await putOff(item, refusal)
        return
      }
      if (failuresAt(destination) >= PATIENCE) return store.park(item)
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
      taken = [...taken, ...(await takeSome(rest, DIGEST_ITEMS - taken.length))]
      const next = nextDigest(parts, taken)
      if (next === null) return
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
    return items.filter((item) => item !== null)
  }

  /** Null, too, for an item that has been tried since it was listed. */
  async function take({ id, dueAt }: ItemHeader): Promise<ParkedItem | null> {
    if (!clock.mayTake()) return null
    const item = await store.take(id, clock.leaseMs)
    if (item === null || (item.status === 'waiting' && item.dueAt === dueAt)) return item
    await store.park(item)
    return null
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
    const isDead = now - item.parkedAt >= (throttled ? DEAD_THROTTLED_AFTER_MS : DEAD_AFTER_MS)
    const wait = throttled ? (retryAfterMs ?? THROTTLED_MS) : backoff(tries, retryAfterMs)
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

function destinationOf({ parcel }: ParkedItem): string {
  return parcel.kind === 'alert' || parcel.kind === 'resolve' ? parcel.channel : parcel.kind
}
