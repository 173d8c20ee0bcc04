import { openLog, openParts } from '../../src/app'
import { ConfigError, type Environment, readConfig } from '../../src/config/read-config'
import { DEADLINES } from '../../src/deadlines'
import { Deadline } from '../../src/net/deadline'
import { revived } from '../../src/outbox/after-failure'
import { failedItem } from '../../src/outbox/deliver-or-park'
import type { Services } from '../../src/services'
import { pagesOf } from '../../src/stores/pages'
import { byArrival, type ItemHeader, type ParkedItem, type Store } from '../../src/stores/store'
import { redeliver } from '../../src/sweep/redeliver'
import { UsageError } from '../cli/command'
import { LISTED } from './list-items'

/** Long enough for one delivery. */
const LEASE_MS = 30_000

export interface Result {
  readonly id: string
  readonly done: boolean
  readonly note: string
}

/** The queue and channels of this environment; null when it names none: then the function's own sweep must deliver. */
export async function targetsOf(env: Environment, storeUrl: string, store: Store): Promise<Services | null> {
  if (!env['QUEUE_URL']?.trim() && !env['ALERT_URLS']?.trim()) return null
  const log = openLog({ ...env, LOG_LEVEL: 'silent' })
  // Nobody is let in here, and nothing is reconciled: RECONCILE only tells of buckets, and where there is no region CI cannot be asked.
  const region = env['COS_REGION']?.trim() || env['TENCENTCLOUD_REGION']?.trim()
  const usable = {
    ...env,
    CALLBACK_TOKEN: 'unused',
    RELAY_LOCAL: '1',
    STORE_URL: storeUrl,
    ...(!region && { RECONCILE: '' }),
  }
  try {
    return { ...(await openParts(readConfig(usable), usable, log)), store }
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error
  }
}

export function closeTargets(parts: Services | null): void {
  parts?.queue?.close?.()
  for (const { channel } of parts?.channels ?? []) channel.close?.()
}

/** Every waiting and every dead item, the oldest first; none overtakes one of its group that failed. */
export async function redeliverAll(
  store: Store,
  parts: Services | null,
  due: string,
): Promise<readonly Result[]> {
  const failedAt = new Map<string, string>()
  const results: Result[] = []
  for (const { id, group } of await deliverable(store)) {
    const ahead = failedAt.get(group)
    const result =
      ahead === undefined
        ? await redeliverOne(store, parts, due, id)
        : { id, done: false, note: `waits behind ${ahead}` }
    if (!result.done && ahead === undefined) failedAt.set(group, id)
    results.push(result)
  }
  return results
}

/** Every item that is not quarantined, the oldest first. */
async function deliverable(store: Store): Promise<readonly ItemHeader[]> {
  const all: ItemHeader[] = []
  for (const { line } of await store.lines()) {
    if (line.kind === 'quarantined') continue
    for await (const headers of pagesOf(store, line, LISTED)) all.push(...headers)
  }
  return all.sort(byArrival)
}

/** @param due when the next sweep is, where there are no targets here */
export async function redeliverOne(
  store: Store,
  parts: Services | null,
  due: string,
  id: string,
): Promise<Result> {
  const turn = await store.take(id, LEASE_MS)
  if (turn === null || turn === 'unreadable') return { id, done: false, note: notTaken(turn) }
  try {
    return await redeliverTaken(store, parts, due, turn.items[0])
  } finally {
    await store.giveBack([turn])
  }
}

async function redeliverTaken(
  store: Store,
  parts: Services | null,
  due: string,
  taken: ParkedItem,
): Promise<Result> {
  const { id } = taken
  const now = Date.now()
  const item = revived(taken, now)
  if (parts === null) {
    await store.park({ ...item, status: 'waiting', dueAt: now })
    return { id, done: true, note: `due now: the function's next sweep tries it${due}` }
  }
  const failure = await redeliver(parts, item, Deadline.in(DEADLINES.patient))
  if (failure === null) {
    await store.remove([id])
    return { id, done: true, note: 'delivered' }
  }
  const { status, lastError, ...failed } = failedItem(parts, item, failure, now)
  // What could not be read is never due: a person decides again.
  await store.park({ ...failed, lastError, status: item.status === 'quarantined' ? item.status : status })
  return { id, done: false, note: failure.message }
}

export async function drop(store: Store, id: string): Promise<Result> {
  const turn = await store.take(id, LEASE_MS)
  if (turn === null) return { id, done: false, note: notTaken(turn) }
  await store.remove([id])
  if (turn !== 'unreadable') await store.giveBack([turn])
  return { id, done: true, note: 'dropped' }
}

function notTaken(what: 'unreadable' | null): string {
  return what === null ? 'not there, or a sweep is just at it' : 'it cannot be read'
}
