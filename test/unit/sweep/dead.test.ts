import { listAll } from '../../support/list-all'
import type { Alert } from '../../../src/alerts/alert'
import { openMemoryStore } from '../../support/open-drivers'
import type { ItemHeader, ParkedItem, Store } from '../../../src/stores/store'
import { sweep } from '../../../src/sweep/sweep'
import {
  alertItem,
  CONTEXT,
  type FakeChannel,
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

const LIMITS = { ms: 5_000 }

let store: Store
let clock: StoppedClock

beforeEach(() => {
  clock = stoppedClock()
  jest.spyOn(Math, 'random').mockReturnValue(0.999_999)
  store = openMemoryStore('memory:', CONTEXT)
})
afterEach(() => jest.restoreAllMocks())

/** Its outage is told of, too; that is another test's matter. */
const givenUp = ({ alerts }: FakeChannel): readonly Alert[] =>
  alerts.filter(({ id }) => !/^(?:outage|recovery):/.test(id))
const listed = async (): Promise<readonly ItemHeader[]> =>
  (await listAll(store)).filter(({ id }) => !id.startsWith('outage-'))

test('after 24 hours of failures an item is given up: kept, and told of once', async () => {
  const queue = fakeQueue(refuses)
  const channel = fakeChannel('slack-1')
  const parts = scene(store, { queue: queue.queue, channels: [channel.named] })
  await store.park(message('r1', 'videos/a.mp4'))
  const start = clock.now

  let dead = 0
  let sweeps = 0
  while (dead === 0) {
    expect(givenUp(channel)).toEqual([])
    clock.pass(MINUTE)
    dead = (await sweep(parts, null, LIMITS)).dead
    sweeps++
  }
  expect(clock.now - start).toBeGreaterThanOrEqual(24 * HOUR)
  expect(clock.now - start).toBeLessThanOrEqual(25 * HOUR + MINUTE)
  expect(sweeps).toBeGreaterThan(queue.tried.length)
  const [item] = await listed()
  expect(item).toMatchObject({ status: 'dead', parkedAt: start, lastError: 'fake: connection refused' })
  expect(givenUp(channel)).toEqual([
    {
      id: expect.stringMatching(/^dead:/) as string,
      severity: 'error',
      title: '1 delivery was given up',
      facts: [
        {
          label: 'What to do',
          value: 'Look at them with `npm run outbox -- list`, mend the cause, then redeliver or drop them.',
        },
      ],
      itemsHeading: 'Not delivered',
      items: [
        {
          title: item!.id,
          facts: [
            { label: 'Content', value: 'videos/a.mp4 · r1' },
            { label: 'To', value: 'queue' },
            { label: 'Problem', value: 'fake: connection refused' },
          ],
        },
      ],
      more: 'and {count} more',
      footer: [],
      incident: null,
      event: null,
    },
  ])

  const tried = queue.tried.length
  for (let hour = 0; hour < 48; hour++) {
    clock.pass(HOUR)
    expect(await sweep(parts, null, LIMITS)).toMatchObject({ dead: 0, waiting: 0 })
  }
  expect(givenUp(channel)).toHaveLength(1)
  expect(queue.tried).toHaveLength(tried)
})

test('however many die and however long it takes: one alert, then one an hour, each item in one of them', async () => {
  const queue = fakeQueue(refuses)
  const channel = fakeChannel('slack-1')
  const parts = scene(store, { queue: queue.queue, channels: [channel.named] })
  for (let i = 0; i < 150; i++) await store.park(message(`r${i}`, `r${i}.mp4`, { tries: 40 }))
  clock.pass(24 * HOUR)
  const first = await sweep(parts, null, LIMITS)
  expect(first.dead).toBeGreaterThan(1)
  expect(givenUp(channel)).toHaveLength(1)
  expect(givenUp(channel)[0]!.title).toBe(`${first.dead} deliveries were given up`)
  for (let minute = 0; minute < 59; minute++) {
    clock.pass(MINUTE)
    await sweep(parts, null, LIMITS)
  }
  expect(givenUp(channel)).toHaveLength(1)
  expect((await listed()).filter(({ status }) => status === 'dead')).toHaveLength(150)
  clock.pass(MINUTE)
  await sweep(parts, null, LIMITS)
  expect(givenUp(channel)).toHaveLength(2)
  const named = givenUp(channel).flatMap(({ items }) => items.map(({ title }) => title))
  expect(named).toHaveLength(150)
  expect(new Set(named).size).toBe(150)
  // Of the first 50 it says what was in them.
  expect(givenUp(channel)[1]!.items.map(({ facts }) => facts.length)).toEqual([
    ...Array<number>(50).fill(3),
    ...Array<number>(150 - first.dead - 50).fill(2),
  ])
})

test('when the first of a group is given up, the next has its turn', async () => {
  const queue = fakeQueue((id) => refuses(id))
  await store.park(message('r1', 'a.mp4', { tries: 40 }))
  clock.pass(HOUR)
  await store.park(message('r2', 'a.mp4'))
  clock.pass(23 * HOUR)
  const parts = scene(store, { queue: queue.queue })
  expect(await sweep(parts, null, LIMITS)).toMatchObject({ dead: 1, waiting: 1 })
  expect(queue.tried).toEqual(['r1', 'r2'])
})

test('each channel is told; one that is down gets it later', async () => {
  const up = fakeChannel('slack-1')
  const down = fakeChannel('wecom-1', { manner: refuses })
  const parts = scene(store, { channels: [up.named, down.named] })
  await store.park(message('r1', 'r1.mp4', { tries: 40 }))
  clock.pass(24 * HOUR)
  await sweep(parts, null, LIMITS)
  expect(givenUp(up)).toHaveLength(1)
  expect((await listed()).filter(({ status }) => status === 'waiting')).toHaveLength(1)
  down.manner = takes
  clock.pass(HOUR)
  await sweep(parts, null, LIMITS)
  expect(givenUp(down)).toEqual(givenUp(up))
  expect(givenUp(up)).toHaveLength(1)
})

test('an alert about lost items that is lost itself is told to the other channels, once', async () => {
  const down = fakeChannel('wecom-1', { manner: refuses })
  const up = fakeChannel('slack-1')
  const parts = scene(store, { channels: [up.named, down.named] })
  await store.park(message('r1', 'r1.mp4', { tries: 40 }))
  clock.pass(24 * HOUR)
  await sweep(parts, null, LIMITS)
  for (let hour = 0; hour < 100; hour++) {
    clock.pass(HOUR)
    await sweep(parts, null, LIMITS)
  }
  expect(await listed()).toHaveLength(2)
  expect((await listed()).every(({ status }) => status === 'dead')).toBe(true)
  const [, told, ...more] = givenUp(up)
  expect(told).toMatchObject({
    title: '1 delivery was given up',
    items: [{ title: expect.stringMatching(/^dead-alert-wecom-1-/) as unknown }],
  })
  expect(told?.items[0]?.facts).toContainEqual({ label: 'Problem', value: 'fake: connection refused' })
  expect(more).toEqual([])
})

test('where no channel takes an alert about lost items, nobody is told of those alerts for ever', async () => {
  const down = [fakeChannel('wecom-1', { manner: refuses }), fakeChannel('slack-1', { manner: refuses })]
  const parts = scene(store, { channels: down.map(({ named }) => named) })
  await store.park(message('r1', 'r1.mp4', { tries: 40 }))
  for (let hour = 0; hour < 24 * 7; hour++) {
    clock.pass(HOUR)
    await sweep(parts, null, LIMITS)
  }
  const items = await listed()
  const kinds = items.map(({ id }) => id.split('-')[0])
  expect(kinds.sort()).toEqual(['dead', 'dead', 'lost', 'lost', 'message'])
  expect(items.every(({ status }) => status === 'dead')).toBe(true)
})

test('items that died in a run that broke off, or crashed, are told of by the next', async () => {
  const channel = fakeChannel('slack-1')
  const queue = fakeQueue(refuses)
  await store.park(message('r1', 'r1.mp4', { tries: 40 }))
  await store.park(message('r2', 'other.mp4', { parkedAt: clock.now + 1, tries: 40 }))
  clock.pass(24 * HOUR + 1)
  let parks = 0
  const breaking: Store = {
    ...store,
    park: async (item) => (++parks > 1 ? Promise.reject(new Error('store down')) : store.park(item)),
    note: async () => Promise.reject(new Error('store down')),
  }
  const parts = { queue: queue.queue, channels: [channel.named] }
  const broken = scene(breaking, parts)
  expect(await sweep(broken, null, LIMITS)).toMatchObject({ dead: 1 })
  expect(givenUp(channel)).toEqual([])
  expect(broken.lines.filter(({ level, msg }) => level === 'error' && /could not/.test(msg))).toHaveLength(3)

  await sweep(scene(store, parts), null, LIMITS)
  expect(givenUp(channel)).toHaveLength(1)
})

test('two sweeps at once tell of the dead once', async () => {
  const channel = fakeChannel('slack-1')
  const parts = scene(store, { queue: fakeQueue(refuses).queue, channels: [channel.named] })
  for (let i = 0; i < 5; i++) await store.park(message(`r${i}`, `r${i}.mp4`, { tries: 40 }))
  clock.pass(24 * HOUR)
  await Promise.all([sweep(parts, null, LIMITS), sweep(parts, null, LIMITS)])
  clock.pass(2 * HOUR)
  await sweep(parts, null, LIMITS)
  const named = givenUp(channel).flatMap(({ items }) => items.map(({ title }) => title))
  expect(new Set(named).size).toBe(named.length)
  expect(named).toHaveLength((await listed()).length)
})

test('every kind of item is named by what is in it, in the language of the team', async () => {
  const channel = fakeChannel('slack-1')
  const of = (id: string, payload: ParkedItem['payload']): ParkedItem => ({
    ...message(id),
    id,
    group: id,
    payload,
    lastError: null,
    status: 'dead',
  })
  const bare = message('no-object')
  if (bare.payload.kind !== 'message') throw new Error('not a message')
  await store.park(of('1', { kind: 'message', event: { ...bare.payload.event, subject: '' } }))
  await store.park(of('2', alertItem('gone', 'r2').payload))
  await store.park(of('3', resolveItem('gone', 'workflow/w/b/o').payload))
  await store.park(of('4', { kind: 'unverified', bodyBase64: '' }))
  await store.park(of('5', { kind: 'unreadable', bodyBase64: '', error: 'malformed', message: '第 3 行' }))
  await sweep(scene(store, { channels: [channel.named], language: 'zh' }), null, LIMITS)
  expect(givenUp(channel)[0]!.title).toBe('5 条消息未能送达，已转为死信')
  expect(givenUp(channel)[0]!.items.map(({ facts }) => facts[0]!.value)).toEqual([
    'no-object',
    'Workflow failed: workflow-3 · 视频/game.mp4',
    'workflow/w/b/o',
    '一条未能向数据万象核实的回调',
    '第 3 行',
  ])
})
