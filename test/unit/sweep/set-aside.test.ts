import { listAll } from '../../support/list-all'
import { openMemoryStore } from '../../support/open-drivers'
import { PeerError } from '../../../src/net/peer-error'
import type { Store } from '../../../src/stores/store'
import { sweep } from '../../../src/sweep/sweep'
import {
  CONTEXT,
  fakeChannel,
  fakeQueue,
  HOUR,
  type Manner,
  message,
  MINUTE,
  scene,
  stoppedClock,
  type StoppedClock,
  takes,
} from '../../support/sweep-scene'

const LIMITS = { ms: 5_000 }

let clock: StoppedClock
let store: Store

beforeEach(() => {
  clock = stoppedClock()
  store = openMemoryStore('memory:', CONTEXT)
})
afterEach(() => jest.restoreAllMocks())

/** Takes all messages but those of these runs. */
const refusing =
  (...runs: readonly string[]): Manner =>
  (id) =>
    runs.includes(id) ? new PeerError('fake: answered 413', { kind: 'refused' }) : null

test('what is refused stands in nobody’s way: neither its group’s nor another’s', async () => {
  const refused = Array.from({ length: 100 }, (_, i) => `bad-${i}`)
  const queue = fakeQueue(refusing(...refused))
  for (const [i, run] of refused.entries())
    await store.park(message(run, `${i % 50}.mp4`, { parkedAt: clock.now - 1_000 + i }))
  for (let i = 0; i < 20; i++) await store.park(message(`good-${i}`, `${i}.mp4`))
  const report = await sweep(scene(store, { queue: queue.queue }), null, LIMITS)
  expect(report).toMatchObject({ delivered: 20, failed: 100, waiting: 100 })
  expect(queue.tried.filter((id) => id.startsWith('bad'))).toHaveLength(100)
})

test('it is tried again when its destination takes something, though it is not due', async () => {
  const queue = fakeQueue(refusing('bad'))
  const parts = scene(store, { queue: queue.queue })
  await store.park(message('bad'))
  await sweep(parts, null, LIMITS)
  await sweep(parts, null, LIMITS)
  expect(queue.tried).toEqual(['bad'])
  queue.manner = takes
  await store.park(message('good'))
  expect(await sweep(parts, null, LIMITS)).toMatchObject({ delivered: 2, waiting: 0 })
  expect(queue.taken).toEqual(['good', 'bad'])
})

test('the team is told at the third refusal, once, of all together', async () => {
  const queue = fakeQueue(refusing('bad-1', 'bad-2'))
  const channel = fakeChannel('wecom-0123456789ab')
  const parts = scene(store, { queue: queue.queue, channels: [channel.named] })
  await store.park(message('bad-1', 'a.mp4'))
  await store.park(message('bad-2', 'b.mp4', { parkedAt: clock.now + 1 }))
  const told: number[] = []
  for (let times = 0; times < 5; times++) {
    clock.pass(7 * HOUR)
    await sweep(parts, null, LIMITS)
    told.push(channel.alerts.length)
  }
  expect(told).toEqual([0, 0, 1, 1, 1])
  expect(channel.alerts[0]).toMatchObject({
    severity: 'error',
    title: '2 deliveries are refused again and again',
    items: [{ facts: [{ value: 'a.mp4 · bad-1' }, { value: 'queue' }, { value: 'fake: answered 413' }] }, {}],
  })
})

test('of a channel that refuses that very alert, too, nobody is told for ever', async () => {
  const channel = fakeChannel('wecom-0123456789ab', {
    manner: () => new PeerError('fake: keyword', { kind: 'refused' }),
  })
  const queue = fakeQueue(refusing('bad'))
  await store.park(message('bad'))
  const parts = scene(store, { queue: queue.queue, channels: [channel.named], giveUpAfterMs: 1_000 * HOUR })
  for (let times = 0; times < 20; times++) {
    clock.pass(7 * HOUR)
    await sweep(parts, null, LIMITS)
  }
  expect(await listAll(store)).toHaveLength(2)
})

test('a message that may have been taken is sent five times at most', async () => {
  const queue = fakeQueue(() => new PeerError('fake: no answer', { kind: 'unsure' }))
  await store.park(message('slow', 'a.mp4', { copies: 1, tries: 1 }))
  const parts = scene(store, { queue: queue.queue })
  for (let times = 0; times < 100; times++) {
    clock.pass(5 * MINUTE)
    await sweep(parts, null, LIMITS)
  }
  expect(queue.tried).toHaveLength(4)
  expect(await listAll(store)).toMatchObject([{ status: 'dead', copies: 5 }])
})
