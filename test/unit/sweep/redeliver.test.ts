import { listAll } from '../../support/list-all'
import { PeerError } from '../../../src/net/peer-error'
import { openStore } from '../../../src/stores/open-store'
import type { Store } from '../../../src/stores/store'
import { sweep } from '../../../src/sweep/sweep'
import { describeService } from '../../support/services'
import {
  alertItem,
  CONTEXT,
  fakeChannel,
  fakeQueue,
  HOUR,
  message,
  MINUTE,
  refuses,
  resolveItem,
  scene,
  stoppedClock,
  type StoppedClock,
  takes,
} from '../../support/sweep-scene'
import { temporaryFolder } from '../../support/temporary-folder'

const LIMITS = { ms: 5_000 }

afterEach(() => jest.restoreAllMocks())

describe.each(['memory', 'file'])('parked deliveries in a %s: store', (kind) => {
  const folder = temporaryFolder()
  let store: Store
  let clock: StoppedClock
  let round = 0

  beforeEach(async () => {
    clock = stoppedClock()
    store = await openStore(kind === 'memory' ? 'memory:' : `file:${folder.path}/${round++}`, CONTEXT)
  })
  afterEach(() => store.close?.())
  afterAll(() => folder.remove())

  test('what is due goes out and leaves the store, of every kind', async () => {
    const queue = fakeQueue()
    const channel = fakeChannel('pagerduty-1', { knowsIncidents: true })
    const parts = scene(store, { queue: queue.queue, channels: [channel.named] })
    await store.park(message('r1'))
    await store.park(alertItem('pagerduty-1', 'r2'))
    await store.park(resolveItem('pagerduty-1', 'workflow/w/b/o'))

    expect(await sweep(parts, null, LIMITS)).toEqual({
      delivered: 3,
      failed: 0,
      dead: 0,
      waiting: 0,
      reconciled: 0,
    })
    expect(queue.taken).toEqual(['r1'])
    expect(channel.taken.sort()).toEqual(['r2:Failed', 'resolve workflow/w/b/o'])
    expect(await listAll(store)).toEqual([])
    expect(parts.lines).toEqual([expect.objectContaining({ level: 'info', msg: 'sweep', delivered: 3 })])
  })

  test('what is not due yet, dead or quarantined stays as it is', async () => {
    const queue = fakeQueue()
    const items = [
      message('later', 'a', { dueAt: clock.now + 1 }),
      message('dead', 'b', { status: 'dead' }),
      {
        ...message('quarantined', 'c', { status: 'quarantined' }),
        payload: { kind: 'unreadable', bodyBase64: '', error: 'malformed', message: 'line 1' } as const,
      },
    ]
    for (const item of items) await store.park(item)
    const parts = scene(store, { queue: queue.queue })

    expect(await sweep(parts, null, LIMITS)).toMatchObject({ delivered: 0, failed: 0, dead: 0, waiting: 1 })
    for (const item of items) expect(await store.read(item.id)).toEqual(item)
    expect(queue.tried).toEqual([])
  })

  test('a failure waits longer each time, from 10 s to an hour, anywhere between now and then', async () => {
    const random = jest.spyOn(Math, 'random')
    const queue = fakeQueue(refuses)
    const parts = scene(store, { queue: queue.queue })
    await store.park(message('r1'))
    const waits: number[] = []
    for (let i = 0; i < 12; i++) {
      random.mockReturnValue(i % 2 === 0 ? 0.999_999 : 0.5)
      await sweep(parts, null, LIMITS)
      const [item] = await listAll(store)
      expect(item).toMatchObject({ tries: i + 2, status: 'waiting', lastError: 'fake: connection refused' })
      waits.push(item!.dueAt - clock.now)
      clock.now = item!.dueAt
    }
    const seconds = waits.map((ms) => Math.round(ms / 1000))
    expect(seconds).toEqual([20, 20, 80, 80, 320, 320, 1280, 1280, 3600, 1800, 3600, 1800])
    expect(queue.tried).toHaveLength(12)
  })

  test('a destination that says when is not asked sooner', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0)
    const queue = fakeQueue(() => new PeerError('fake: busy', { retryAfterMs: 45_000 }))
    await store.park(message('r1'))
    const parts = scene(store, { queue: queue.queue })
    await sweep(parts, null, LIMITS)
    clock.pass(44_999)
    await sweep(parts, null, LIMITS)
    expect(queue.tried).toHaveLength(1)
    clock.pass(1)
    await sweep(parts, null, LIMITS)
    expect(queue.tried).toHaveLength(2)
  })

  test('a failure without a reason of its own is told in whatever words there are', async () => {
    const queue = fakeQueue(() => 'just a string' as unknown as Error)
    await store.park(message('r1'))
    await sweep(scene(store, { queue: queue.queue }), null, LIMITS)
    expect((await listAll(store))[0]?.lastError).toBe('just a string')
  })

  test('of one object, messages go out in order of arrival; none overtakes one that fails', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.5)
    const queue = fakeQueue((id) => (id === 'a2' ? new PeerError('fake: not this one') : null))
    const parts = scene(store, { queue: queue.queue })
    for (const [i, run] of ['a1', 'a2', 'a3', 'a4'].entries())
      await store.park(message(run, 'a.mp4', { parkedAt: clock.now + i }))
    await store.park(message('b1', 'b.mp4', { parkedAt: clock.now + 9 }))

    expect(await sweep(parts, null, LIMITS)).toMatchObject({ delivered: 2, failed: 1, waiting: 3 })
    expect(queue.taken.sort()).toEqual(['a1', 'b1'])
    // a3 is due long since, but waits behind a2.
    await sweep(parts, null, LIMITS)
    expect(queue.tried.filter((id) => id === 'a3')).toEqual([])

    queue.manner = takes
    queue.taken.length = 0
    clock.pass(HOUR)
    await sweep(parts, null, LIMITS)
    expect(queue.taken).toEqual(['a2', 'a3', 'a4'])
  })

  test('a destination that failed three times in a row is left alone for the run, and the others are not', async () => {
    const queue = fakeQueue(refuses)
    const channel = fakeChannel('slack-1')
    const parts = scene(store, { queue: queue.queue, channels: [channel.named] })
    for (let i = 0; i < 60; i++) await store.park(message(`m${i}`, `${i}.mp4`, { parkedAt: clock.now + i }))
    for (let i = 0; i < 20; i++)
      await store.park(alertItem('slack-1', `f${i}`, { parkedAt: clock.now + 100 + i }))

    const report = await sweep(parts, null, LIMITS)
    // Three in a row, and what eight workers had begun by then.
    expect(queue.tried.length).toBeGreaterThanOrEqual(3)
    expect(queue.tried.length).toBeLessThanOrEqual(10)
    expect(channel.taken).toHaveLength(20)
    expect(report).toMatchObject({ delivered: 20, failed: queue.tried.length, waiting: 60 })
    // What was left alone has lost no time: it is due in the next run.
    const untouched = (await listAll(store)).filter(({ tries }) => tries === 1)
    expect(untouched).toHaveLength(60 - queue.tried.length)
    expect(untouched.every(({ dueAt }) => dueAt <= clock.now)).toBe(true)
    queue.manner = takes
    clock.pass(MINUTE)
    await sweep(parts, null, LIMITS)
    expect(new Set(queue.taken).size).toBe(60)
  })

  test('a success in between mends the row', async () => {
    let tries = 0
    const queue = fakeQueue(() => (++tries % 3 === 0 ? null : new PeerError('fake: at times')))
    for (let i = 0; i < 30; i++) await store.park(message(`m${i}`, 'one.mp4', { parkedAt: clock.now + i }))
    await sweep(scene(store, { queue: queue.queue }), null, LIMITS)
    expect(queue.tried).toHaveLength(1)
    for (let i = 0; i < 30; i++) await store.park(message(`o${i}`, `${i}.mp4`, { parkedAt: clock.now + i }))
    await sweep(scene(store, { queue: queue.queue }), null, LIMITS)
    expect(queue.tried.length).toBeGreaterThan(20)
  })

  test('a run goes on until nothing is due', async () => {
    const queue = fakeQueue()
    const parts = scene(store, { queue: queue.queue })
    for (let i = 0; i < 300; i++)
      await store.park(message(`m${i}`, `${i % 70}.mp4`, { parkedAt: clock.now + i }))
    // However slow the disk is.
    const limits = { ms: 100_000 }
    expect(await sweep(parts, null, limits)).toMatchObject({ delivered: 300, waiting: 0 })
    for (let object = 0; object < 70; object++) {
      const own = queue.taken.filter((id) => Number(id.slice(1)) % 70 === object)
      expect(own).toEqual(own.toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1))))
    }
  })

  test('a target that is no longer configured: its items wait and say so', async () => {
    await store.park(message('r1'))
    await store.park(alertItem('slack-gone', 'r2'))
    await sweep(scene(store), null, LIMITS)
    const errors = (await listAll(store)).map(({ lastError }) => lastError).sort()
    expect(errors).toEqual([
      'QUEUE_URL is no longer set',
      'the channel slack-gone is no longer in ALERT_URLS',
    ])
  })
})

describe('time', () => {
  test('a run ends in time, also when every delivery hangs', async () => {
    const store = await openStore('memory:', CONTEXT)
    const hangs = () => 'hangs' as const
    const queue = fakeQueue(hangs)
    const channels = Array.from({ length: 4 }, (_, i) => fakeChannel(`slack-${i}`, { manner: hangs }))
    const parts = scene(store, { queue: queue.queue, channels: channels.map(({ named }) => named) })
    for (let i = 0; i < 100; i++) {
      await store.park(message(`m${i}`))
      await store.park(alertItem(`slack-${i % 4}`, `f${i}`))
    }
    const start = performance.now()
    const report = await sweep(parts, null, { ms: 300, lastMs: 2_000 })
    // What has begun may take what is left; nothing begins after.
    expect(performance.now() - start).toBeLessThan(3_000)
    expect(report).toMatchObject({ delivered: 0, failed: 3 + channels.length, waiting: 200 })
  })
})

async function sweepsAtOnce(open: () => Promise<Store>): Promise<void> {
  const stores = await Promise.all(Array.from({ length: 4 }, open))
  const taken: string[] = []
  const queue = fakeQueue()
  const slow = {
    ...queue.queue,
    async publish(events: readonly { id: string }[]) {
      await new Promise((done) => setTimeout(done, 1))
      taken.push(...events.map(({ id }) => id))
      return events.map(() => null)
    },
  }
  const runs = Array.from({ length: 100 }, (_, i) => `m${String(i).padStart(3, '0')}`)
  for (const [i, run] of runs.entries())
    await stores[0]!.park(message(run, `${i % 20}.mp4`, { parkedAt: 1_000_000 + i }))

  const reports = await Promise.all(
    stores.map(async (store) => sweep(scene(store, { queue: slow }), null, LIMITS)),
  )
  // A sweep passes by a group that another is at; the rest of it is for the next run.
  for (let i = 0; i < 20 && (await listAll(stores[0]!)).length > 0; i++)
    reports.push(await sweep(scene(stores[1]!, { queue: slow }), null, LIMITS))

  expect([...taken].sort()).toEqual(runs)
  expect(reports.reduce((sum, { delivered }) => sum + delivered, 0)).toBe(100)
  for (let object = 0; object < 20; object++) {
    const ofObject = taken.filter((run) => Number(run.slice(1)) % 20 === object)
    expect(ofObject).toEqual([...ofObject].sort())
  }
  for (const store of stores) store.close?.()
}

describe('sweeps at once', () => {
  test('deliver no item twice, each object in order: file store', async () => {
    const folder = temporaryFolder()
    await sweepsAtOnce(async () => openStore(`file:${folder.path}/store`, CONTEXT))
    folder.remove()
  })

  describeService('redis', (address) => {
    test('deliver no item twice, each object in order: redis store', async () => {
      const prefix = `sweep-test-${process.pid}-${Date.now()}:`
      await sweepsAtOnce(async () => openStore(`redis://${address}/0?prefix=${prefix}`, CONTEXT))
    })
  })
})
