import { Deadline } from '../delivery/deadline'
import type { Failure } from '../delivery/failure'
import { DEADLINES } from '../relay/deadlines'
import { failedItem } from '../relay/deliver-or-park'
import { destinationOf, laneOf, NOBODY } from '../relay/delivery'
import type { RelayParts } from '../relay/parts'
import { isForNobody, noLongerThere, tryDelivery } from '../relay/try-delivery'
import type { ItemHeader, ParkedItem, Store } from '../stores/store'
import { dueGroups, type Group, isDue } from './due'
import { fallbacksLast } from './fallbacks-last'
import { redeliver } from './redeliver'
import type { RunClock } from './run-clock'

export interface Redelivered {
  delivered: number
  failed: number
  /** Given up in this run. */
  dead: number
}

/** What the destinations did in one run, those that were tried. */
export interface Manners {
  /** They took something, or, where CI was asked, answered. */
  readonly took: Set<string>
  readonly failed: Set<string>
}

/** A channel that may go on so soon is waited for within the run. */
const SHORT_WAIT_MS = 2_000
/** Tries at one destination at once. */
const AT_ONCE = 8
/** A destination that failed so often in a row is left alone for the rest of the run. */
const PATIENCE = 3
/** Few of the callbacks that nobody can be asked about cost a request. */
const PATIENCE_NOBODY = 50
/** Of what a destination refused before, so many are tried again in the run in which it takes something. */
const WOKEN = 100
/** Alerts taken at once for digests of one channel: more than any channel shows in one message. */
const DIGEST_ITEMS = 100

/**
 * Delivers what is due until the clock says stop; `result` is kept up to date, also when the store fails on the way, which throws. Each
 * destination has workers of its own: none waits for another.
 *
 * An item is removed right after its delivery: a crash between the two repeats that one, with the same id.
 */
export async function redeliverDue(
  parts: RelayParts,
  store: Store,
  clock: RunClock,
  result: Redelivered,
  manners: Manners,
): Promise<void> {
  const items = await store.list()
  const now = Date.now()
  const storeFailures: unknown[] = []
  let storeFailuresInARow = 0
  await fallbacksLast(dueGroups(items, now), parts.channels, Deadline.in(clock.untilUp() / 2), drain)
  if (storeFailures.length > 0) throw storeFailures[0]

  async function drain(destination: string, groups: Group[]): Promise<void> {
    let failuresInARow = 0
    let busy: Failure | null = null
    let hasTaken = false
    const isGivenUp = (): boolean => failuresInARow >= (destination === NOBODY ? PATIENCE_NOBODY : PATIENCE)
    let next = 0
    await Promise.all(Array.from({ length: AT_ONCE }, worker))

    async function worker(): Promise<void> {
      while (next < groups.length) {
        const group = groups[next++]
        if (group === undefined) return
        // A store that takes no note of one item, as on a full disk, may well let go of the next.
        if (clock.timeIsUp() || isGivenUp() || storeFailuresInARow >= AT_ONCE) return
        try {
          await (laneOf(group[0].group) === 'digest' ? sendDigests(group) : redeliverGroup(group))
          storeFailuresInARow = 0
        } catch (error) {
          storeFailures.push(error)
          storeFailuresInARow += 1
        }
      }
    }

    async function redeliverGroup(group: Group): Promise<void> {
      for (const header of group) {
        const item = isGivenUp() ? null : await take(header)
        // Another sweep has it, or had it: that sweep goes on with the group.
        if (item === null) return
        if (item === 'unreadable') continue
        if (isForNobody(item, parts.channels)) {
          await letGo(item)
          continue
        }
        const failure = busy ?? (await redeliver(parts, item, patient()))
        if (failure === null) await taken([item])
        else if ((await fail(item, failure)) === item.group) return
      }
    }

    async function sendDigests(group: Group): Promise<void> {
      const { nextDigest } = await import('./digest')
      const rest = [...group]
      let waiting: readonly ParkedItem[] = []
      for (;;) {
        const more = await takeSome(rest, DIGEST_ITEMS - waiting.length)
        for (const item of more) if (isForNobody(item, parts.channels)) await letGo(item)
        waiting = [...waiting, ...more.filter((item) => !isForNobody(item, parts.channels))]
        const digest = await nextDigest(parts, waiting)
        if (digest === null) {
          if (rest.length === 0) return
          continue
        }
        if (clock.timeIsUp()) return giveBack(waiting)
        const failure = await tryDelivery(parts, digest.delivery, patient())
        if (failure === null) {
          await taken(digest.told)
          waiting = waiting.slice(digest.told.length)
        } else if (failure.kind === 'throttled' && (failure.retryAfterMs ?? Infinity) <= SHORT_WAIT_MS) {
          await sleep(failure.retryAfterMs ?? 0)
        } else {
          for (const item of waiting) await fail(item, failure)
          return
        }
      }
    }

    async function taken(those: readonly ParkedItem[]): Promise<void> {
      manners.took.add(destination)
      failuresInARow = 0
      result.delivered += those.length
      await Promise.all(those.map(({ id }) => store.remove(id)))
      if (hasTaken) return
      hasTaken = true
      groups.push(...setAside(destination).map((header): Group => [header]))
    }

    /** The group in which the item waits now; null: it is given up. */
    async function fail(item: ParkedItem, failure: Failure): Promise<string | null> {
      if (failure.kind === 'throttled') busy = failure
      else if (failure.kind === 'refused') failuresInARow = 0
      else failuresInARow += 1
      manners[isAnswer(failure) ? 'took' : 'failed'].add(destination)
      result.failed += 1
      const failed = failedItem(parts, item, failure, Date.now())
      await store.park(failed)
      const { id, tries, status, lastError } = failed
      const isDead = status === 'dead'
      if (isDead) result.dead += 1
      const what = isDead ? 'an item is given up' : 'a redelivery failed'
      parts.log(isDead ? 'error' : failure.kind === 'throttled' ? 'debug' : 'warn', what, {
        item: id,
        tries,
        error: lastError,
      })
      return isDead ? null : failed.group
    }
  }

  /** What this destination refused, and is not due by itself: since it takes something now, it may take these. */
  function setAside(destination: string): readonly ItemHeader[] {
    return items
      .filter(
        (header) =>
          header.status === 'waiting' &&
          laneOf(header.group) === 'aside' &&
          !isDue(header, now) &&
          destinationOf(header.group) === destination,
      )
      .slice(0, WOKEN)
  }

  function patient(): Deadline {
    return Deadline.in(Math.min(DEADLINES.patient, clock.left()))
  }

  async function takeSome(headers: ItemHeader[], count: number): Promise<readonly ParkedItem[]> {
    const those = await Promise.all(headers.splice(0, count).map(take))
    return those.filter((item) => item !== null && item !== 'unreadable')
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
    const lastError = noLongerThere(parcel.channel)
    const what = parcel.kind === 'alert' ? 'an alert is given up' : 'the end of an incident is dropped'
    parts.log(parcel.kind === 'alert' ? 'error' : 'warn', what, { item: item.id, error: lastError })
    if (parcel.kind === 'resolve') return store.remove(item.id)
    await store.park({ ...item, status: 'dead', dueAt: Date.now(), lastError })
    result.dead += 1
  }

  async function giveBack(those: readonly ParkedItem[]): Promise<void> {
    await Promise.all(those.map((item) => store.park(item)))
  }
}

/** Whether it shows that the destination works, though not for this. */
function isAnswer({ kind, tooEarly, unverifiable }: Failure): boolean {
  return kind === 'refused' || tooEarly === true || unverifiable === true
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
