import { failure, type FailureOptions } from '../../../src/net/failure'
import { afterFailure, revived } from '../../../src/outbox/after-failure'
import { destinationOf, laneOf } from '../../../src/stores/line'
import type { ParkedItem } from '../../../src/stores/store'
import { alertItem, HOUR, message, MINUTE } from '../../support/sweep-scene'

const START = Date.UTC(2026, 0, 5)
const DAY = 24 * HOUR

const fresh = (): ParkedItem => message('r1', 'a.mp4', { parkedAt: START, tries: 0, dueAt: START })

/** The item after a failure, `random` being 1: the longest wait. */
const after = (
  item: ParkedItem,
  options: FailureOptions,
  now = START,
  more: { giveUpAfterMs?: number; isSummarised?: boolean; random?: () => number } = {},
): ParkedItem =>
  afterFailure(item, failure('why', options), now, {
    giveUpAfterMs: 3 * DAY,
    isSummarised: false,
    random: () => 1,
    ...more,
  })

/** Fails in the same way, each time when it is due, until it is dead or `times` are over. */
function failing(
  item: ParkedItem,
  options: FailureOptions,
  times = 1_000,
  giveUpAfterMs = 3 * DAY,
): ParkedItem[] {
  const items: ParkedItem[] = []
  for (let now = item.dueAt; items.length < times; now = items.at(-1)!.dueAt) {
    items.push(after(items.at(-1) ?? item, options, now, { giveUpAfterMs }))
    if (items.at(-1)!.status === 'dead') break
  }
  return items
}

test('down: from 10 s to 1 h with full jitter, in its place, until GIVE_UP_AFTER is over', () => {
  const items = failing(fresh(), { kind: 'down' })
  const waits = items.map(({ dueAt }, index) => dueAt - (items[index - 1]?.dueAt ?? START))
  expect(waits.slice(0, 4)).toEqual([10_000, 20_000, 40_000, 80_000])
  expect(Math.max(...waits)).toBe(HOUR)
  expect(after(fresh(), { kind: 'down' }, START, { random: () => 0 }).dueAt).toBe(START)
  const last = items.at(-1)!
  expect(last).toMatchObject({ status: 'dead', lastError: 'why', group: fresh().group })
  expect(last.dueAt - START).toBeGreaterThanOrEqual(3 * DAY)
  expect(last.dueAt - START).toBeLessThan(3 * DAY + 2 * HOUR)
})

test('a clock that is days ahead kills nothing: what is dead has been tried often', () => {
  expect(after(fresh(), { kind: 'down' }, START + 30 * DAY)).toMatchObject({ status: 'waiting', tries: 1 })
})

test.each([1, 2, 6, 24, 72])('GIVE_UP_AFTER of %i hours is kept', (hours) => {
  const last = failing(fresh(), { kind: 'down' }, 1_000, hours * HOUR).at(-1)!
  expect(last.status).toBe('dead')
  expect(last.dueAt - START).toBeGreaterThanOrEqual(hours * HOUR)
  expect(last.dueAt - START).toBeLessThan(hours * HOUR + 2 * HOUR)
})

test('refused: set aside by itself, with growing waits, for the same destination', () => {
  const [first, second, third] = failing(fresh(), { kind: 'refused' }, 3)
  expect(laneOf(first!.group)).toBe('aside')
  expect(first!.group).not.toBe(after(message('r2', 'a.mp4'), { kind: 'refused' }).group)
  expect([first, second, third].map((item) => destinationOf(item!.group))).toEqual([
    'queue',
    'queue',
    'queue',
  ])
  expect([second!.group, third!.group]).toEqual([first!.group, first!.group])
  expect(third).toMatchObject({ refusals: 3, tries: 3 })
  const [a, b, c] = [first!.dueAt - START, second!.dueAt - first!.dueAt, third!.dueAt - second!.dueAt]
  expect(a).toBeGreaterThanOrEqual(MINUTE)
  expect([b > a, c > b]).toEqual([true, true])
})

test('what can never pass is dead at once', () => {
  expect(after(fresh(), { kind: 'refused', isFinal: true })).toMatchObject({ status: 'dead', dueAt: START })
})

test('throttled: as long as asked, a day at most, in whole ms, and it is no try', () => {
  const due = (retryAfterMs: number | null): number =>
    after(fresh(), { kind: 'throttled', retryAfterMs }).dueAt - START
  expect([due(null), due(5_000), due(1.5), due(365 * DAY)]).toEqual([MINUTE, 5_000, 2, DAY])
  expect(after(fresh(), { kind: 'throttled' }).tries).toBe(0)
})

test('throttled alerts of a channel wait together, but for one that knows incidents', () => {
  const item = alertItem('wecom-0123456789ab', 'r1')
  const together = after(item, { kind: 'throttled' }, START, { isSummarised: true }).group
  expect(together).toBe('digest-wecom-0123456789ab')
  expect(after(item, { kind: 'throttled' }).group).toBe(item.group)
  expect(after(item, { kind: 'down' }, START, { isSummarised: true }).group).toBe(item.group)
  for (const group of [item.group, together]) expect(destinationOf(group)).toBe('wecom-0123456789ab')
  const aside = after({ ...item, group: together }, { kind: 'refused' }).group
  expect(destinationOf(aside)).toBe('wecom-0123456789ab')
})

test('unsure: longer than a try lasts, and five times at most', () => {
  const items = failing(fresh(), { kind: 'unsure' })
  expect(items.map(({ copies }) => copies)).toEqual([1, 2, 3, 4, 5])
  expect(items.map(({ status }) => status)).toEqual([...Array<string>(4).fill('waiting'), 'dead'])
  expect(items[0]!.dueAt - START).toBeGreaterThan(20_000)
  expect(items[0]!.group).toBe(fresh().group)
  expect(items[4]!.lastError).toBe('why (sent 5 times without an answer: it may have arrived)')
})

test('a peer that names a wait gets it, however it failed', () => {
  for (const kind of ['down', 'refused', 'unsure'] as const)
    expect(after(fresh(), { kind, retryAfterMs: 2 * HOUR }).dueAt - START).toBe(2 * HOUR)
})

test('what was dead begins a new life, as long as the first', () => {
  const dead = failing(fresh(), { kind: 'unsure' }).at(-1)!
  const again = revived(dead, START + 10 * DAY)
  expect(again).toMatchObject({ status: 'waiting', tries: 0, parkedAt: START })
  expect(failing({ ...again, dueAt: START + 10 * DAY }, { kind: 'unsure' })).toHaveLength(5)
  const last = failing({ ...again, dueAt: START + 10 * DAY }, { kind: 'down' }).at(-1)!
  expect(last.dueAt).toBeGreaterThanOrEqual(START + 13 * DAY)
  expect(revived(fresh(), START + DAY)).toEqual(fresh())
})
