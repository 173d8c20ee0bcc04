import { PeerError } from '../../../src/net/peer-error'
import { openStore } from '../../../src/stores/open-store'
import type { Store } from '../../../src/stores/store'
import { sweep } from '../../../src/sweep/sweep'
import { listAll } from '../../support/list-all'
import {
  CONTEXT,
  fakeChannel,
  fakeQueue,
  type Manner,
  message,
  refuses,
  resolveItem,
  alertItem,
  scene,
  stoppedClock,
  type StoppedClock,
  throttledAlert,
  throttles,
} from '../../support/sweep-scene'

// Where a queue keeps the order of what is published together, a batch goes at once, and each of it is answered by itself.

const LIMITS = { ms: 5_000 }

let store: Store
let clock: StoppedClock
beforeEach(async () => {
  clock = stoppedClock()
  store = await openStore('memory:', CONTEXT)
})
afterEach(() => jest.restoreAllMocks())

function keepingQueue(manner?: Manner) {
  const fake = fakeQueue(manner)
  return { ...fake, queue: { ...fake.queue, keepsOrder: true as const } }
}

async function waiting(): Promise<Readonly<Record<string, { tries: number; status: string }>>> {
  const items = await listAll(store)
  return Object.fromEntries(items.map(({ id, tries, status }) => [id, { tries, status }]))
}

async function parkAll(count: number, object: (index: number) => string): Promise<readonly string[]> {
  const items = Array.from({ length: count }, (_, index) =>
    message(`r${index}`, object(index), { parkedAt: clock.now + index }),
  )
  for (const item of items) await store.park(item)
  return items.map(({ id }) => id)
}

test('a batch is published at once, each object in its order', async () => {
  const queue = keepingQueue()
  await parkAll(600, (index) => `${index % 7}.mp4`)
  expect(await sweep(scene(store, { queue: queue.queue }), null, LIMITS)).toMatchObject({
    delivered: 600,
    waiting: 0,
  })
  for (let object = 0; object < 7; object += 1) {
    const own = queue.taken.map((id) => Number(id.slice(1))).filter((index) => index % 7 === object)
    expect(own).toEqual(own.toSorted((a, b) => a - b))
  }
})

test('what is refused gives up its place, and the others of its object go on', async () => {
  const bad = new PeerError('fake: not like this', { kind: 'refused' })
  const queue = keepingQueue((id) => (id === 'r4' ? bad : null))
  const ids = await parkAll(8, () => 'a.mp4')
  expect(await sweep(scene(store, { queue: queue.queue }), null, LIMITS)).toMatchObject({
    delivered: 7,
    failed: 1,
  })
  expect(Object.keys(await waiting())).toEqual([ids[4]])
  expect((await listAll(store))[0]).toMatchObject({ status: 'waiting', lastError: 'fake: not like this' })
})

test.each([
  ['down', new PeerError('fake: gone')],
  ['busy', new PeerError('fake: too many', { kind: 'throttled', retryAfterMs: 90_000 })],
  ['unsure', new PeerError('fake: no confirm', { kind: 'unsure' })],
])(
  'a queue that is %s in the middle: those behind wait as they stand, and none of them is lost',
  async (_, fault) => {
    const queue = keepingQueue((id) => (Number(id.slice(1)) >= 5 ? fault : null))
    const ids = await parkAll(9, () => 'a.mp4')
    const report = await sweep(scene(store, { queue: queue.queue }), null, LIMITS)
    expect(report).toMatchObject({ delivered: 5, waiting: 4 })
    const left = await waiting()
    expect(Object.keys(left).sort()).toEqual(ids.slice(5).toSorted())
    queue.manner = () => null
    // (The queue of the scene is the one whose manner changed.)
    const again = keepingQueue()
    clock.pass(6 * 3_600_000)
    expect(await sweep(scene(store, { queue: again.queue }), null, LIMITS)).toMatchObject({ waiting: 0 })
    expect(again.taken).toEqual(['r5', 'r6', 'r7', 'r8'])
  },
)

test('what died at once is not waited behind', async () => {
  const dead = new PeerError('fake: far too large', { kind: 'refused', isFinal: true })
  const queue = keepingQueue((id) => (id === 'r3' ? dead : null))
  await parkAll(6, () => 'a.mp4')
  const report = await sweep(scene(store, { queue: queue.queue }), null, LIMITS)
  expect(report).toMatchObject({ delivered: 5 })
})

test('a body of one kind beside messages of a destination that is down: nothing is tried more than it must be', async () => {
  const queue = keepingQueue(refuses)
  await parkAll(500, (index) => `${index}.mp4`)
  const report = await sweep(scene(store, { queue: queue.queue }), null, LIMITS)
  expect(report).toMatchObject({ delivered: 0, waiting: 500 })
  // Three tries tell that a queue is down.
  expect(queue.tried.length).toBeLessThanOrEqual(8)
})

test('a channel that says when: its digest waits for a moment and goes', async () => {
  jest.restoreAllMocks()
  let refusals = 1
  const channel = fakeChannel('wecom-1', {
    manner: () =>
      refusals-- > 0 ? new PeerError('fake: too many', { kind: 'throttled', retryAfterMs: 20 }) : null,
  })
  await store.park(throttledAlert('wecom-1', 'r1'))
  await store.park(throttledAlert('wecom-1', 'r2'))
  const report = await sweep(scene(store, { channels: [channel.named] }), null, { ms: 20_000 })
  expect(report).toMatchObject({ delivered: 2, waiting: 0 })
})

test('a channel that is busy for long is left alone, and its alerts wait for one digest', async () => {
  const channel = fakeChannel('wecom-1', { manner: throttles })
  await store.park(throttledAlert('wecom-1', 'r1'))
  await store.park(throttledAlert('wecom-1', 'r2'))
  expect(await sweep(scene(store, { channels: [channel.named] }), null, LIMITS)).toMatchObject({ waiting: 2 })
  expect(channel.tried).toHaveLength(1)
})

test('what is for a channel that is gone ends: an alert is given up, the end of an incident dropped', async () => {
  const channel = fakeChannel('slack-1')
  const parts = scene(store, { channels: [channel.named] })
  await store.park(alertItem('wecom-gone', 'r1'))
  await store.park(throttledAlert('wecom-gone', 'r2'))
  await store.park(resolveItem('pagerduty-gone', 'workflow/w/b/o'))
  await sweep(parts, null, LIMITS)
  expect((await listAll(store)).map(({ status, lastError }) => [status, lastError])).toEqual([
    ['dead', 'the channel wecom-gone is no longer in ALERT_URLS'],
    ['dead', 'the channel wecom-gone is no longer in ALERT_URLS'],
  ])
  expect(parts.lines).toContainEqual(
    expect.objectContaining({ level: 'warn', msg: 'the end of an incident is dropped' }),
  )
})
