import { listAll } from '../../support/list-all'
import type { ParkedItem, Store } from '../../../src/stores/store'
import { sweep } from '../../../src/sweep/sweep'
import { openMemoryStore } from '../../support/open-drivers'
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
  type Scene,
  scene,
  type StoppedClock,
  stoppedClock,
  takes,
} from '../../support/sweep-scene'

const LIMITS = { ms: 400 }

let clock: StoppedClock
let store: Store
let queue: FakeQueue
let chat: FakeChannel
let pager: FakeChannel
let parts: Scene

beforeEach(() => {
  clock = stoppedClock()
  store = openMemoryStore('memory:', CONTEXT)
  queue = fakeQueue(refuses)
  chat = fakeChannel('wecom-1')
  pager = fakeChannel('pagerduty-2', { knowsIncidents: true })
  parts = scene(store, { queue: queue.queue, channels: [chat.named, pager.named], giveUpAfterMs: 24 * HOUR })
})
afterEach(() => jest.restoreAllMocks())

const run = async (): Promise<unknown> => sweep(parts, null, LIMITS)
const factsOf = (index: number): Record<string, string> =>
  Object.fromEntries(chat.alerts[index]?.facts.map(({ label, value }) => [label, value]) ?? [])
const titles = (): readonly string[] => chat.alerts.map(({ title }) => title)

test('a queue that is down is told of after ten minutes, every six hours, and once when all has been delivered', async () => {
  const began = clock.now
  for (const id of ['r1', 'r2', 'r3']) await store.park(message(id))
  for (let minutes = 0; minutes < 10; minutes += 5) {
    await run()
    expect(titles()).toEqual([])
    clock.pass(5 * MINUTE)
  }
  await run()
  expect(titles()).toEqual(['Deliveries to the queue (fake) have been failing for 10 minutes'])
  expect(chat.alerts[0]).toMatchObject({ severity: 'error', incident: 'outage/queue' })
  expect(factsOf(0)).toMatchObject({
    Since: new Date(began).toISOString(),
    Waiting: '3',
    Problem: 'fake: connection refused',
  })
  for (let minutes = 10; minutes < 6 * 60 + 10; minutes += 5) {
    expect(chat.alerts).toHaveLength(1)
    clock.pass(5 * MINUTE)
    await run()
  }
  expect(titles()[1]).toBe('Deliveries to the queue (fake) have been failing for 6 hours')
  expect(pager.alerts.map(({ incident }) => incident)).toEqual(['outage/queue', 'outage/queue'])

  queue.manner = takes
  for (let i = 0; i < 30 && queue.taken.length < 3; i++) {
    expect(chat.alerts).toHaveLength(2)
    clock.pass(5 * MINUTE)
    await run()
  }
  expect(titles()[2]).toBe('Deliveries to the queue (fake) arrive again: all that waited has been delivered')
  expect(chat.alerts[2]).toMatchObject({ severity: 'info', incident: null })
  expect(pager.taken.slice(2)).toEqual(['resolve outage/queue'])
  clock.pass(5 * MINUTE)
  await run()
  expect(chat.alerts).toHaveLength(3)
  expect(await store.note('outages')).toBeNull()
})

test('the next outage is told of, however soon it comes', async () => {
  for (const id of ['r1', 'r2']) {
    queue.manner = refuses
    await store.park(message(id))
    clock.pass(11 * MINUTE)
    await run()
    queue.manner = takes
    for (let i = 0; i < 30 && !queue.taken.includes(id); i++) {
      clock.pass(5 * MINUTE)
      await run()
    }
  }
  expect(titles().map((title) => title.slice(0, 47))).toEqual([
    'Deliveries to the queue (fake) have been failin',
    'Deliveries to the queue (fake) arrive again: al',
    'Deliveries to the queue (fake) have been failin',
    'Deliveries to the queue (fake) arrive again: al',
  ])
})

test('what was given up has not been delivered: of a queue that took something once, no recovery is told', async () => {
  queue.manner = (id) => (id === 'r1' ? null : new Error('fake: connection refused'))
  await store.park(message('r2'))
  clock.pass(11 * MINUTE)
  await run()
  await store.park(message('r1'))
  for (let hours = 0; hours < 30; hours++) {
    clock.pass(HOUR)
    await run()
  }
  expect(queue.taken).toEqual(['r1'])
  expect((await listAll(store)).map(({ status }) => status)).toEqual(['dead'])
  expect(titles().filter((title) => title.includes('arrive again'))).toEqual([])
})

test('two sweeps at once tell of an outage once, and once of its end', async () => {
  await store.park(message('r1'))
  clock.pass(11 * MINUTE)
  await Promise.all([run(), run()])
  queue.manner = takes
  for (let i = 0; i < 30 && queue.taken.length === 0; i++) {
    clock.pass(5 * MINUTE)
    await Promise.all([run(), run()])
  }
  await Promise.all([run(), run()])
  expect(titles().map((title) => title.includes('arrive again'))).toEqual([false, true])
})

test('a long backlog that is being delivered is no outage', async () => {
  queue.manner = () => (queue.taken.length < 3 ? null : 'hangs')
  for (let i = 0; i < 9; i++) await store.park(message(`r${i}`, 'one.mp4'))
  clock.pass(HOUR)
  await sweep(parts, null, { ms: 400 })
  expect(queue.taken).toHaveLength(3)
  expect(titles()).toEqual([])
})

test('what has been given up is counted', async () => {
  await store.park(message('dead', 'dead.mp4', { status: 'dead' }))
  await store.park(message('r1'))
  clock.pass(11 * MINUTE)
  await run()
  expect(factsOf(titles().findIndex((title) => title.startsWith('Deliveries')))).toMatchObject({
    Waiting: '1',
    'Given up': '1',
  })
})

test('a channel that is down is told of by the others, and of its recovery, too', async () => {
  chat.manner = refuses
  await store.park(alertItem('wecom-1', 'r1'))
  clock.pass(11 * MINUTE)
  await run()
  expect(pager.alerts.map(({ title }) => title)).toEqual([
    'Deliveries to the alert channel wecom-1 have been failing for 11 minutes',
  ])
  expect(chat.tried.filter((id) => id.startsWith('outage'))).toEqual([])
  chat.manner = takes
  for (let i = 0; i < 30 && chat.taken.length === 0; i++) {
    clock.pass(5 * MINUTE)
    await run()
  }
  expect(pager.taken.at(-1)).toBe('resolve outage/wecom-1')
})

test('what is refused or throttled is no outage', async () => {
  const first = message('r1', 'a.mp4')
  await store.park({ ...first, group: `aside-${first.group}/${first.id}`, refusals: 4 } satisfies ParkedItem)
  await store.park({ ...alertItem('wecom-1', 'r2'), group: 'digest-wecom-1' } satisfies ParkedItem)
  clock.pass(11 * MINUTE)
  queue.manner = takes
  chat.manner = () => new Error('fake: busy')
  await run()
  expect(pager.alerts.map(({ title }) => title).filter((title) => title.startsWith('Deliveries'))).toEqual([])
})

test('in Chinese', async () => {
  parts = { ...parts, language: 'zh' }
  await store.park(message('r1'))
  clock.pass(3 * HOUR)
  await run()
  expect(titles()).toEqual(['下游队列（fake）异常已持续 3 小时'])
  queue.manner = takes
  for (let i = 0; i < 30 && queue.taken.length === 0; i++) {
    clock.pass(HOUR)
    await run()
  }
  expect(titles()[1]).toBe('下游队列（fake）已恢复，积压的消息均已送达')
})

test('a note of outages that cannot be read is as none', async () => {
  for (const text of ['{', '[]', '{"queue":{"since":"x"}}', '{"queue":null}']) {
    await store.setNote('outages', text, null)
    await run()
  }
  expect(titles()).toEqual([])
  expect(parts.lines.filter(({ level }) => level === 'error')).toEqual([])
})
