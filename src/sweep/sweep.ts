import type { Failure } from '../relay/attempt'
import { backoff } from '../relay/backoff'
import { isDigestGroup } from '../relay/delivery'
import { messageOf } from '../relay/ledger'
import type { RelayParts } from '../relay/parts'
import type { ItemHeader, ParkedItem, Store } from '../stores/store'
import { type DeadItem, tellOfDead } from './dead'
import { sendDigests } from './digest'
import { dueGroups } from './due'
import { reconcile, type ReconcileParts } from './reconcile'
import { redeliver } from './redeliver'

/** What a sweep did; the answer of `sweep_handler`. */
export interface SweepReport {
  readonly delivered: number
  readonly failed: number
  /** Given up in this sweep. */
  readonly dead: number
  /** Still waiting when the sweep ended. */
  readonly waiting: number
  /** Executions that no callback had told of, found by asking CI and relayed. */
  readonly reconciled: number
}

/** A run ends before its function does: it stops taking items at `ms`, or after `items`; the rest waits for the next one. */
export interface SweepLimits {
  readonly ms: number
  readonly items: number
}

/** After so long an item is dead: kept, listed, alerted once. */
export const DEAD_AFTER_MS = 24 * 3_600_000
/** An item is leased until its sweep is over, so that two sweeps never try it at once. */
const LEASE_MARGIN_MS = 10_000
/** How long a channel that throttled is left alone when it names no time. */
const THROTTLED_MS = 60_000
const AT_ONCE = 8
/** A destination that failed so often in a row is left alone for the rest of the run. */
const PATIENCE = 3

/** What the timer does: redeliver what is due, send digests, reconcile with CI, tidy the store. Never throws. */
export async function sweep(
  parts: RelayParts,
  reconcileParts: ReconcileParts | null,
  limits: SweepLimits,
): Promise<SweepReport> {
  const { store, log } = parts
  const report = { delivered: 0, failed: 0, dead: 0, waiting: 0, reconciled: 0 }
  if (store === null) {
    log('warn', 'STORE_URL is not set: there is nothing to sweep', {})
    return report
  }
  const clock = startClock(limits)
  await step('redeliver', async () => {
    const outcome = await redeliverDue(parts, store, clock)
    report.delivered = outcome.delivered
    report.failed = outcome.failed
    report.dead = outcome.dead.length
    await tellOfDead(parts, outcome.dead)
  })
  await step('reconcile', async () => {
    if (reconcileParts !== null)
      report.reconciled = await reconcile(parts, store, reconcileParts, clock.timeIsUp)
  })
  await step('tidy', () => store.tidy())
  await step('count', async () => {
    report.waiting = (await store.list()).filter(({ status }) => status === 'waiting').length
  })
  log(report.failed + report.dead > 0 ? 'warn' : 'info', 'sweep', report)
  return report

  /** A step that fails stops none of the others. */
  async function step(name: string, run: () => Promise<void>): Promise<void> {
    try {
      await run()
    } catch (error) {
      log('error', `the sweep could not ${name}`, { error: messageOf(error) })
    }
  }
}

export interface Clock {
  /** Whether there is no time, or no item, left in this run. */
  readonly timeIsUp: () => boolean
  /** Counts an item that was taken. */
  readonly count: () => void
  readonly leaseMs: number
}

function startClock({ ms, items }: SweepLimits): Clock {
  const end = performance.now() + ms
  let taken = 0
  return {
    timeIsUp: () => performance.now() >= end || taken >= items,
    count: () => (taken += 1),
    leaseMs: ms + LEASE_MARGIN_MS,
  }
}

interface Redelivered {
  delivered: number
  failed: number
  readonly dead: DeadItem[]
}

async function redeliverDue(parts: RelayParts, store: Store, clock: Clock): Promise<Redelivered> {
  const result: Redelivered = { delivered: 0, failed: 0, dead: [] }
  const groups = [...dueGroups(await store.list(), Date.now())]
  const failuresInARow = new Map<string, number>()
  const worker = async (): Promise<void> => {
    for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
      const [first] = group
      if (first === undefined || clock.timeIsUp()) return
      if (isDigestGroup(first.group)) await sendDigest(group)
      else await redeliverGroup(group)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return result

  async function redeliverGroup(group: readonly ItemHeader[]): Promise<void> {
    for (const { id } of group) {
      if (clock.timeIsUp()) return
      const item = await store.take(id, clock.leaseMs)
      // Another sweep has it, or had it: that sweep goes on with the group.
      if (item === null) return
      const destination = destinationOf(item)
      if ((failuresInARow.get(destination) ?? 0) >= PATIENCE) return store.park(item)
      clock.count()
      const failure = await redeliver(parts, item)
      failuresInARow.set(destination, failure === null ? 0 : (failuresInARow.get(destination) ?? 0) + 1)
      if (failure !== null) return fail(item, failure)
      await store.remove(item.id)
      result.delivered += 1
    }
  }

  async function sendDigest(group: readonly ItemHeader[]): Promise<void> {
    const items: ParkedItem[] = []
    for (const { id } of group) {
      if (clock.timeIsUp()) break
      const item = await store.take(id, clock.leaseMs)
      if (item === null) continue
      clock.count()
      items.push(item)
    }
    const { sent, left, failure } = await sendDigests(parts, items)
    await Promise.all(sent.map(({ id }) => store.remove(id)))
    result.delivered += sent.length
    for (const item of left) await fail(item, failure)
  }

  async function fail(item: ParkedItem, failure: Failure): Promise<void> {
    result.failed += 1
    const now = Date.now()
    // A channel that is busy has refused nothing: its own wait is enough.
    const tries = failure.throttled ? item.tries : item.tries + 1
    const dead = now - item.parkedAt >= DEAD_AFTER_MS
    await store.park({
      ...item,
      status: dead ? 'dead' : 'waiting',
      tries,
      dueAt:
        now +
        (failure.throttled ? (failure.retryAfterMs ?? THROTTLED_MS) : backoff(tries, failure.retryAfterMs)),
      lastError: failure.message,
    })
    parts.log('warn', dead ? 'an item is given up' : 'a redelivery failed', {
      item: item.id,
      tries,
      error: failure.message,
    })
    if (dead) result.dead.push({ item, error: failure.message })
  }
}

function destinationOf({ parcel }: ParkedItem): string {
  return parcel.kind === 'alert' || parcel.kind === 'resolve' ? parcel.channel : parcel.kind
}
