import { Deadline } from '../net/deadline'
import type { Failure } from '../net/failure'
import { DEADLINES } from '../deadlines'
import { failedItem } from '../outbox/deliver-or-park'
import { isForNobody, noLongerThere, tryDelivery, tryMessages } from '../outbox/try-delivery'
import { BODIES, type Line, NOBODY, QUEUE } from '../stores/line'
import type { LineCount, ParkedItem, TakeLimits, Turn } from '../stores/store'
import type { Drain } from './drain-run'
import { redeliver } from './redeliver'

/** A channel that may go on so soon is waited for within the run. */
const SHORT_WAIT_MS = 2_000
/** A destination that failed so often in a row is left alone for the rest of the run. */
const PATIENCE = 3
/** Few of the callbacks that nobody can be asked about cost a request. */
const PATIENCE_NOBODY = 50
/** Of what a destination refused before, so many are tried again in the run in which it takes something. */
const WOKEN = 100

/** Nothing of a turn is begun later: then one more try and what it needs of the store fit in before its lease ends. */
const TURN_MS = 45_000
const LEASE_MS = 120_000
const BYTES = 4 * 1024 * 1024

/** Until a destination has answered in this run. */
const PROBE: TakeLimits = { groups: 1, items: 1, bytes: BYTES, leaseMs: LEASE_MS }
/** One group after the other, by several at once. */
const ONE_BY_ONE = { workers: 8, limits: { groups: 1, items: 16, bytes: BYTES, leaseMs: LEASE_MS } }
/** Alerts for digests of one channel: more than any channel shows in one message. */
const DIGESTS = { workers: 1, limits: { groups: 1, items: 300, bytes: BYTES, leaseMs: LEASE_MS } }
/** Published together, while the next are fetched. */
const TOGETHER = { workers: 2, limits: { groups: 96, items: 192, bytes: BYTES, leaseMs: LEASE_MS } }

/**
 * Delivers what is due for one destination, line by line. What is taken together, and a crash finds delivered and not yet removed, comes once more, with the
 * same ids.
 */
export async function drainDestination(
  run: Drain,
  destination: string,
  lines: readonly LineCount[],
): Promise<void> {
  const { parts: services, store, clock, result, manners } = run
  const patience = destination === NOBODY ? PATIENCE_NOBODY : PATIENCE
  const isTogether = destination === QUEUE && services.queue?.keepsOrder === true
  const isSummarised = services.channels.some(({ id, channel }) => id === destination && !channel.resolve)
  let failuresInARow = 0
  /** It asked to be left alone. */
  let busy: Failure | null = null
  let hasAnswered = false
  let isWoken = false

  await Promise.all(lines.map(({ line }) => drainLine(line)))

  function mayGoOn(): boolean {
    // What a channel does not take now goes out as one summary; anything else waits where it is.
    return run.mayGoOn() && failuresInARow < patience && (busy === null || isSummarised)
  }

  async function drainLine(line: Line): Promise<void> {
    const { workers, limits } = howFor(line)
    const by = async (count: number, how: TakeLimits, isWanted: () => boolean): Promise<void> => {
      await Promise.all(Array.from({ length: count }, () => work(line, how, isWanted)))
    }
    if (line.kind !== 'digest' && destination !== BODIES) await by(PATIENCE, PROBE, () => !hasAnswered)
    await by(workers, limits, () => true)
  }

  function howFor(line: Line): typeof ONE_BY_ONE {
    if (line.kind === 'digest') return DIGESTS
    if (destination !== BODIES) return isTogether ? TOGETHER : ONE_BY_ONE
    // Each body that is taken is held as a whole, and takes what time there is.
    return { workers: 1, limits: { ...PROBE, leaseMs: clock.untilUp() + LEASE_MS } }
  }

  async function work(line: Line, limits: TakeLimits, isWanted: () => boolean): Promise<void> {
    while (mayGoOn() && isWanted()) {
      try {
        const turns = await store.takeDue(line, Date.now(), limits)
        if (turns.length === 0) return
        await goThrough(line, turns)
        run.storeWorks()
      } catch (error) {
        run.storeFailed(error)
      }
    }
  }

  async function goThrough(line: Line, turns: readonly Turn[]): Promise<void> {
    if (isTogether && turns.every(({ items }) => items.every(({ payload }) => payload.kind === 'message')))
      return publishTogether(turns)
    await Promise.all(turns.map(line.kind === 'digest' ? sendDigests : goThroughOne))
  }

  /** Where the store fails, the turn ends by itself: what was delivered and could not be removed must not come again at once. */
  async function goThroughOne(turn: Turn): Promise<void> {
    const end = Deadline.in(TURN_MS)
    for (const item of turn.items) {
      if (!mayGoOn() || end.isOver) break
      if (isForNobody(item, services.channels)) {
        await letGo(item)
        continue
      }
      const deadline = item.payload.kind === 'rest' ? Deadline.in(clock.untilUp()) : patient()
      const failure = busy ?? (await redeliver(services, item, deadline))
      if (failure === null) {
        noteTaken([item])
        await store.remove([item.id])
        await wake()
      } else {
        noteFailure(failure)
        if ((await parkFailed(item, failure)) === item.group) break
      }
    }
    await store.giveBack([turn])
  }

  /** What is refused gives up its place, and the others of its group have gone. What nobody has seen, behind one that waits, has not been tried. */
  async function publishTogether(turns: readonly Turn[]): Promise<void> {
    const items = turns.flatMap((turn) => turn.items)
    const events = items.flatMap(({ payload }) => (payload.kind === 'message' ? [payload.event] : []))
    const answers = await tryMessages(services, events, patient())
    const gone: ParkedItem[] = []
    const failed: (readonly [ParkedItem, Failure])[] = []
    const waiting = new Set<string>()
    for (const [index, item] of items.entries()) {
      const answer = answers[index]
      if (answer === null) gone.push(item)
      if (answer == null) continue
      const wasTried = answer.kind === 'refused' || answer.kind === 'unsure' || !waiting.has(item.group)
      if (wasTried) failed.push([item, answer])
      if (answer.kind !== 'refused') waiting.add(item.group)
    }
    const [, worst] = failed.find(([, { kind }]) => kind !== 'refused') ?? failed[0] ?? []
    if (worst !== undefined) noteFailure(worst)
    if (gone.length > 0) noteTaken(gone)
    await Promise.all(failed.map(([item, answer]) => parkFailed(item, answer)))
    await store.giveBack(
      turns,
      gone.map(({ id }) => id),
    )
    if (gone.length > 0) await wake()
  }

  async function sendDigests(turn: Turn): Promise<void> {
    const { nextDigest } = await import('./digest')
    let waiting: readonly ParkedItem[] = []
    for (const item of turn.items)
      if (isForNobody(item, services.channels)) await letGo(item)
      else waiting = [...waiting, item]
    for (;;) {
      const digest = await nextDigest(services, waiting)
      if (digest === null || clock.timeIsUp()) break
      const failure = await tryDelivery(services, digest.delivery, patient())
      if (failure === null) {
        noteTaken(digest.told)
        await store.remove(digest.told.map(({ id }) => id))
        waiting = waiting.slice(digest.told.length)
      } else if (failure.kind === 'throttled' && (failure.retryAfterMs ?? Infinity) <= SHORT_WAIT_MS) {
        await sleep(failure.retryAfterMs ?? 0)
      } else {
        noteFailure(failure)
        for (const item of waiting) await parkFailed(item, failure)
        break
      }
    }
    await store.giveBack([turn])
  }

  /** Since it takes something now, it may take what it refused before, though that is not due by itself; but not what was tried in this run. */
  async function wake(): Promise<void> {
    if (isWoken) return
    isWoken = true
    for (const { line } of lines) {
      if (line.kind !== 'aside' && line.kind !== 'aside-told') continue
      const limits = { groups: WOKEN, items: WOKEN, bytes: BYTES, leaseMs: LEASE_MS }
      const turns = await store.takeDue(line, Infinity, limits)
      const isTried = ({ items: [{ dueAt, waitMs = 0 }] }: Turn): boolean => dueAt - waitMs > run.startedAt
      await store.giveBack(turns.filter(isTried))
      for (const turn of turns) if (!isTried(turn)) await goThroughOne(turn)
    }
  }

  function noteTaken(those: readonly ParkedItem[]): void {
    manners.took.add(destination)
    hasAnswered = true
    failuresInARow = 0
    result.delivered += those.length
  }

  function noteFailure(failure: Failure): void {
    if (failure.goesOn === true) failuresInARow = 0
    else if (failure.kind === 'throttled') busy = failure
    else if (failure.kind === 'refused') failuresInARow = 0
    else failuresInARow += 1
    hasAnswered ||= isAnswer(failure)
    manners[isAnswer(failure) ? 'took' : 'failed'].add(destination)
  }

  /** The group in which the item waits now; null: it is given up. */
  async function parkFailed(item: ParkedItem, failure: Failure): Promise<string | null> {
    result.failed += 1
    const failed = failedItem(services, item, failure, Date.now())
    await store.park(failed)
    const { id, tries, status, lastError } = failed
    const isDead = status === 'dead'
    if (isDead) result.dead += 1
    const what = isDead ? 'an item is given up' : 'a redelivery failed'
    services.log(isDead ? 'error' : failure.kind === 'throttled' ? 'debug' : 'warn', what, {
      item: id,
      tries,
      error: lastError,
    })
    return isDead ? null : failed.group
  }

  function patient(): Deadline {
    return Deadline.in(Math.min(DEADLINES.patient, clock.left()))
  }

  /** An item for a channel that is no longer there: what it would end is ended by hand; what it would tell is told as given up. */
  async function letGo(item: ParkedItem): Promise<void> {
    const { payload } = item
    if (payload.kind !== 'alert' && payload.kind !== 'resolve') return
    const lastError = noLongerThere(payload.channel)
    const what = payload.kind === 'alert' ? 'an alert is given up' : 'the end of an incident is dropped'
    services.log(payload.kind === 'alert' ? 'error' : 'warn', what, { item: item.id, error: lastError })
    if (payload.kind === 'resolve') return store.remove([item.id])
    await store.park({ ...item, status: 'dead', dueAt: Date.now(), lastError })
    result.dead += 1
  }
}

/** Whether it shows that the destination works, though not for this. */
function isAnswer({ kind, tooEarly, unverifiable, goesOn }: Failure): boolean {
  return kind === 'refused' || tooEarly === true || unverifiable === true || goesOn === true
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
