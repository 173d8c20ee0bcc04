import { listAll } from '../../support/list-all'
import { openMemoryStore } from '../../support/open-drivers'
import type { ParkedItem, Store } from '../../../src/stores/store'
import { sweep } from '../../../src/sweep/sweep'
import {
  alertItem,
  CONTEXT,
  type FakeChannel,
  fakeChannel,
  type FakeQueue,
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
  throttledAlert,
} from '../../support/sweep-scene'

const LIMITS = { ms: 5_000 }
const BODY = Buffer.from(
  '<Response><WorkflowExecution><RunId>i1</RunId><State>Success</State></WorkflowExecution></Response>',
).toString('base64')

let clock: StoppedClock
let store: Store
let channel: FakeChannel
let queue: FakeQueue

beforeEach(() => {
  clock = stoppedClock()
  store = openMemoryStore('memory:', CONTEXT)
  channel = fakeChannel('wecom-1')
  queue = fakeQueue()
})
afterEach(() => jest.restoreAllMocks())

/** A callback without a bucket, as `verify` parks it: nobody can be asked about it. */
function uncheckable(id: string, changes: Partial<ParkedItem> = {}): ParkedItem {
  return {
    id,
    group: `unchecked-${id}`,
    status: 'waiting',
    parkedAt: clock.now,
    tries: 1,
    dueAt: clock.now + 30 * MINUTE,
    lastError: 'the callback names no bucket to ask CI about',
    payload: { kind: 'unverified', bodyBase64: BODY, bucket: null },
    ...changes,
  }
}

describe('what cannot be checked', () => {
  test('is told of once, together, and at most once an hour', async () => {
    const readBack = { execution: async () => null, job: async () => null }
    const parts = scene(store, { channels: [channel.named], verify: 'read-back', readBack })
    await store.park(uncheckable('a'))
    await store.park(uncheckable('b', { lastError: null }))
    await sweep(parts, null, LIMITS)
    expect(channel.alerts.map(({ title, severity }) => [title, severity])).toEqual([
      ['2 callbacks cannot be checked with CI', 'warning'],
    ])
    expect(channel.alerts[0]?.items.map(({ title, facts }) => [title, facts.at(-1)?.value])).toEqual([
      ['a', 'the callback names no bucket to ask CI about'],
      ['b', ''],
    ])

    await store.park(uncheckable('c'))
    clock.pass(10 * MINUTE)
    await sweep(parts, null, LIMITS)
    expect(channel.alerts).toHaveLength(1)
    clock.pass(HOUR)
    await sweep(parts, null, LIMITS)
    expect(channel.alerts[1]?.items.map(({ title }) => title)).toEqual(['c'])
    clock.pass(2 * HOUR)
    await sweep(parts, null, LIMITS)
    expect(channel.alerts).toHaveLength(2)
  })

  test('is told of by a channel that was down, later', async () => {
    channel.manner = refuses
    const parts = scene(store, { channels: [channel.named], verify: 'read-back', language: 'zh' })
    await store.park(uncheckable('a'))
    await sweep(parts, null, LIMITS)
    channel.manner = takes
    clock.pass(MINUTE)
    await sweep(parts, null, LIMITS)
    expect(channel.alerts.map(({ title }) => title)).toEqual(['1 条回调无法向数据万象核实'])
  })

  test('that another sweep has just taken is told of all the same', async () => {
    const parts = scene(store, { channels: [channel.named] })
    await store.park(uncheckable('a'))
    await store.take('a', HOUR)
    await sweep(parts, null, LIMITS)
    expect(channel.alerts).toHaveLength(1)
    expect((await store.read('a'))?.group).toBe('unchecked-a')
  })

  test('stays where it is when there is nobody to tell', async () => {
    await store.park(uncheckable('a'))
    await sweep(scene(store, { verify: 'read-back' }), null, LIMITS)
    expect((await store.read('a'))?.group).toBe('unchecked-a')
  })
})

test('what cannot be read in the store is named in the log, and stops nothing', async () => {
  const first = message('run-1')
  await store.park(first)
  const strays = async () => Promise.resolve([{ place: 'items/x', problem: 'it is no JSON' }])
  const parts = scene({ ...store, strays }, { queue: queue.queue })
  expect(await sweep(parts, null, LIMITS)).toMatchObject({ delivered: 1, failed: 0 })
  expect(parts.lines).toContainEqual(
    expect.objectContaining({
      level: 'warn',
      msg: 'the store holds what cannot be read: it is passed over',
      count: 1,
      strays: [{ place: 'items/x', problem: 'it is no JSON' }],
    }),
  )
})

describe('what waits for a channel that is no longer configured', () => {
  test('an alert is given up at once, alone or throttled, and told of; a resolve goes', async () => {
    await store.park(alertItem('gone-1', 'run-1'))
    await store.park(throttledAlert('gone-1', 'run-2'))
    await store.park(resolveItem('gone-1', 'workflow/w/b/o'))
    const parts = scene(store, { channels: [channel.named] })
    expect(await sweep(parts, null, LIMITS)).toMatchObject({ dead: 2, waiting: 0 })
    expect((await listAll(store)).map(({ status }) => status)).toEqual(['dead', 'dead'])
    expect(channel.alerts).toHaveLength(1)
    expect(channel.alerts[0]?.items).toHaveLength(2)
    expect(parts.lines.map(({ msg }) => msg)).toEqual(
      expect.arrayContaining(['an alert is given up', 'the end of an incident is dropped']),
    )
  })
})

test('an item that a wrong clock gave up in the future is told of now, and once', async () => {
  const parts = scene(store, { channels: [channel.named] })
  await store.park(message('run-1', 'a.mp4', { status: 'dead', dueAt: clock.now + 24 * HOUR }))
  await sweep(parts, null, LIMITS)
  expect(channel.alerts).toHaveLength(1)
  clock.pass(2 * HOUR)
  await sweep(parts, null, LIMITS)
  expect(channel.alerts).toHaveLength(1)
})

test('a time of telling that is no time, or still to come, keeps nobody from being told', async () => {
  const parts = scene(store, { channels: [channel.named] })
  await store.setNote('dead-told', String(clock.now + 24 * HOUR), null)
  await store.park(message('run-1', 'a.mp4', { status: 'dead', dueAt: clock.now - MINUTE }))
  await sweep(parts, null, LIMITS)
  expect(channel.alerts).toHaveLength(1)
})
