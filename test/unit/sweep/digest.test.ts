import { listAll } from '../../support/list-all'
import { WORDS } from '../../support/words'
import { failure } from '../../../src/net/failure'
import { openMemoryStore } from '../../support/open-drivers'
import type { Alert } from '../../../src/alerts/alert'
import { openAlertChannel } from '../../../src/alerts/open-alert-channel'
import { toCloudEvent } from '../../../src/callback/cloud-event'
import { PeerError } from '../../../src/net/peer-error'
import { alertFor } from '../../../src/alerts/alert-text'
import { failedItem, untried } from '../../../src/outbox/deliver-or-park'
import { alertDelivery, resolveDelivery } from '../../../src/outbox/delivery'
import type { Store } from '../../../src/stores/store'
import { sweep } from '../../../src/sweep/sweep'
import { jobNotice } from '../../support/executions'
import {
  alertItem,
  CONTEXT,
  failureAlert,
  fakeChannel,
  HOUR,
  MINUTE,
  parked,
  refuses,
  resolveItem,
  scene,
  stoppedClock,
  type StoppedClock,
  takes,
  throttledAlert,
  throttles,
} from '../../support/sweep-scene'

const LIMITS = { ms: 5_000 }
const WECOM = 'wecom-1'

let store: Store
let clock: StoppedClock

beforeEach(() => {
  clock = stoppedClock()
  store = openMemoryStore('memory:', CONTEXT)
})
afterEach(() => jest.restoreAllMocks())

test('the failures of the last minutes go out as one message that names each', async () => {
  const channel = fakeChannel(WECOM)
  const since = clock.now
  for (let i = 0; i < 12; i++)
    await store.park(throttledAlert(WECOM, `run-${i}`, { parkedAt: since + i, dueAt: since + 9 * MINUTE }))
  clock.pass(10 * MINUTE)

  const parts = scene(store, { channels: [channel.named] })
  expect(await sweep(parts, null, LIMITS)).toMatchObject({ delivered: 12, failed: 0, waiting: 0 })
  expect(channel.alerts).toHaveLength(1)
  const [alert] = channel.alerts
  expect(alert).toMatchObject({
    severity: 'error',
    title: 'Another 12 workflows failed in the last 10 minutes, held back by the robot’s limit',
    facts: [],
    itemsHeading: 'One by one',
    more: 'and {count} more',
    footer: [],
    incident: null,
    event: null,
  })
  expect(alert!.items).toEqual(
    Array.from({ length: 12 }, (_, i) => ({
      title: 'workflow-3 · 视频/game.mp4',
      facts: [{ label: 'Run', value: `run-${i}` }],
    })),
  )
})

test('in Chinese', async () => {
  const channel = fakeChannel(WECOM)
  for (const run of ['r1', 'r2'])
    await store.park(throttledAlert(WECOM, run, { parkedAt: clock.now++ }, failureAlert(run, {}, 'zh')))
  await sweep(scene(store, { channels: [channel.named], language: 'zh' }), null, LIMITS)
  expect(channel.alerts[0]).toMatchObject({
    title: '最近 1 分钟另有 2 次工作流执行失败（因群机器人限流合并通知）',
    itemsHeading: '明细',
    items: [
      { title: 'workflow-3 · 视频/game.mp4', facts: [{ label: '实例 ID', value: 'r1' }] },
      { title: 'workflow-3 · 视频/game.mp4', facts: [{ label: '实例 ID', value: 'r2' }] },
    ],
  })
})

function jobAlert(jobId: string): Alert {
  const notice = jobNotice({ jobId, state: 'Failed', code: 'BadInput' })
  return alertFor(notice, toCloudEvent(notice), 'error', WORDS.en)
}

function warning(id: string): Alert {
  return { ...failureAlert(id), severity: 'warning', title: `Workflow ended unusually: ${id}` }
}

function bare(id: string, severity: Alert['severity']): Alert {
  return { ...failureAlert(id), id, severity, title: `About ${id}`, event: null, footer: [] }
}

test.each([
  [
    'jobs alone',
    [jobAlert('j1'), jobAlert('j2')],
    'error',
    'Another 2 jobs failed in the last minute, held back by the robot’s limit',
    /^Transcode · /,
  ],
  [
    'workflows and jobs',
    [failureAlert('r1'), jobAlert('j2')],
    'error',
    'Another 2 alerts of the last minute, held back by the robot’s limit',
    /failed: /,
  ],
  [
    'a warning among failures',
    [failureAlert('r1'), warning('r2')],
    'error',
    'Another 2 alerts of the last minute, held back by the robot’s limit',
    /^Workflow (failed|ended unusually): /,
  ],
  [
    'warnings alone',
    [warning('r1'), warning('r2')],
    'warning',
    'Another 2 alerts of the last minute, held back by the robot’s limit',
    /unusually/,
  ],
  [
    'alerts about nothing in particular',
    [bare('x', 'info'), bare('y', 'info')],
    'info',
    'Another 2 alerts of the last minute, held back by the robot’s limit',
    /^About [xy]$/,
  ],
  [
    'failures of which nothing has a name',
    ['r1', 'r2'].map((run) => failureAlert(run, { object: null, workflow: { id: null, name: null } })),
    'error',
    'Another 2 workflows failed in the last minute, held back by the robot’s limit',
    /^r[12]$/,
  ],
] as const)('a digest of %s', async (_, alerts, severity, title, names) => {
  const channel = fakeChannel(WECOM)
  for (const alert of alerts) await store.park(throttledAlert(WECOM, alert.id, {}, alert))
  await sweep(scene(store, { channels: [channel.named] }), null, LIMITS)
  expect(channel.alerts).toHaveLength(1)
  expect(channel.alerts[0]).toMatchObject({ severity, title })
  for (const item of channel.alerts[0]!.items) expect(item.title).toMatch(names)
})

test('one by itself goes out as it is', async () => {
  const channel = fakeChannel(WECOM, { fits: 5 })
  await store.park(throttledAlert(WECOM, 'r1'))
  await sweep(scene(store, { channels: [channel.named] }), null, LIMITS)
  expect(channel.alerts).toEqual([failureAlert('r1')])
})

test('each message names as many as it has room for, until all are named', async () => {
  const channel = fakeChannel(WECOM, { fits: 30 })
  for (let i = 0; i < 250; i++)
    await store.park(throttledAlert(WECOM, `run-${i}`, { parkedAt: clock.now + i }))
  const report = await sweep(scene(store, { channels: [channel.named] }), null, LIMITS)
  expect(report).toMatchObject({ delivered: 250, waiting: 0 })
  expect(channel.alerts).toHaveLength(9)
  const runs = channel.alerts.flatMap(({ items }) => items.map(({ facts }) => facts[0]!.value))
  expect(runs).toEqual(Array.from({ length: 250 }, (_, i) => `run-${i}`))
})

test('a channel with room for none still gets them, one by one', async () => {
  const channel = fakeChannel(WECOM, { fits: 0 })
  for (const run of ['r1', 'r2', 'r3']) await store.park(throttledAlert(WECOM, run))
  await sweep(scene(store, { channels: [channel.named] }), null, LIMITS)
  expect(channel.taken.sort()).toEqual(['r1:Failed', 'r2:Failed', 'r3:Failed'])
})

test('a digest that is throttled waits as long as the channel says, and counts as no try', async () => {
  const channel = fakeChannel(WECOM, { manner: throttles })
  for (const run of ['r1', 'r2']) await store.park(throttledAlert(WECOM, run))
  const parts = scene(store, { channels: [channel.named] })
  await sweep(parts, null, LIMITS)
  expect(channel.tried).toHaveLength(1)
  for (const item of await listAll(store))
    expect(item).toMatchObject({ tries: 1, dueAt: clock.now + 90_000, status: 'waiting' })
  clock.pass(89_999)
  await sweep(parts, null, LIMITS)
  expect(channel.tried).toHaveLength(1)
})

test('a minute when the channel names no time', async () => {
  const channel = fakeChannel(WECOM, { manner: () => new PeerError('busy', { kind: 'throttled' }) })
  for (const run of ['r1', 'r2']) await store.park(throttledAlert(WECOM, run))
  await sweep(scene(store, { channels: [channel.named] }), null, LIMITS)
  for (const item of await listAll(store)) expect(item.dueAt).toBe(clock.now + MINUTE)
})

test('a channel that may go on in a moment is waited for', async () => {
  let busy = 2
  const channel = fakeChannel(WECOM, {
    fits: 2,
    manner: () => (busy-- > 0 ? new PeerError('fake: busy', { kind: 'throttled', retryAfterMs: 20 }) : null),
  })
  for (let i = 0; i < 6; i++) await store.park(throttledAlert(WECOM, `r${i}`))
  expect(await sweep(scene(store, { channels: [channel.named] }), null, LIMITS)).toMatchObject({
    delivered: 6,
    failed: 0,
  })
})

test('a digest that fails otherwise is tried again, later each time, and the rest with it', async () => {
  jest.spyOn(Math, 'random').mockReturnValue(0.999_999)
  const channel = fakeChannel(WECOM, { fits: 2 })
  for (let i = 0; i < 6; i++) await store.park(throttledAlert(WECOM, `r${i}`, { parkedAt: clock.now + i }))
  channel.manner = () => (channel.taken.length > 0 ? new PeerError('fake: server error') : null)
  const parts = scene(store, { channels: [channel.named] })
  expect(await sweep(parts, null, LIMITS)).toMatchObject({ delivered: 2, failed: 4, waiting: 4 })
  for (const item of await listAll(store))
    expect(item).toMatchObject({ tries: 2, dueAt: clock.now + 20_000, lastError: 'fake: server error' })
  channel.manner = takes
  clock.pass(20_000)
  expect(await sweep(parts, null, LIMITS)).toMatchObject({ delivered: 4, waiting: 0 })
})

test('what a digest told of is gone at once, also when the store fails over the next one', async () => {
  const channel = fakeChannel(WECOM, { fits: 1 })
  for (let i = 0; i < 3; i++) await store.park(throttledAlert(WECOM, `r${i}`, { parkedAt: clock.now + i }))
  const breaking = {
    ...store,
    remove: async (ids: readonly string[]) =>
      channel.taken.length < 2 ? store.remove(ids) : Promise.reject(new Error('store down')),
  }
  const parts = scene(breaking, { channels: [channel.named] })
  expect(await sweep(parts, null, LIMITS)).toMatchObject({ delivered: 2, waiting: 2 })
  expect(parts.lines).toContainEqual({
    level: 'error',
    msg: 'the sweep could not redeliver',
    error: 'store down',
  })
})

test('no digest begins after the time of the run; what was taken for one is given back', async () => {
  const channel = fakeChannel(WECOM, {
    fits: 1,
    manner: (what) => {
      const end = performance.now() + 60
      while (performance.now() < end);
      return what === '' ? refuses('') : null
    },
  })
  for (let i = 0; i < 50; i++) await store.park(throttledAlert(WECOM, `r${i}`, { parkedAt: clock.now + i }))
  const parts = scene(store, { channels: [channel.named] })
  const { delivered, failed, waiting } = await sweep(parts, null, { ms: 200 })
  expect(delivered).toBeGreaterThan(0)
  expect(delivered).toBeLessThan(8)
  expect({ failed, waiting }).toEqual({ failed: 0, waiting: 50 - delivered })
  const [next] = await listAll(store)
  expect(next).toMatchObject({ tries: 1, dueAt: clock.now })
  expect(await store.take(next!.id, 1000)).not.toBeNull()
})

test('alerts that waited for a channel that was down become a digest as soon as it is busy', async () => {
  const limit = { messages: 3, perMs: MINUTE }
  const channel = fakeChannel(WECOM, { limit })
  for (let i = 0; i < 40; i++) {
    const alert = failureAlert(`r${i}`, { object: `${i}.mp4` })
    await store.park(parked(alertDelivery(WECOM, alert), { parkedAt: clock.now + i }))
  }
  const parts = scene(store, { channels: [channel.named] })
  await sweep(parts, null, LIMITS)
  expect(channel.alerts).toHaveLength(3)
  clock.pass(2 * MINUTE)
  await sweep(parts, null, LIMITS)
  expect(channel.alerts).toHaveLength(4)
  expect(channel.alerts[3]!.items).toHaveLength(37)
})

describe('channels that know incidents', () => {
  const PAGER = 'pagerduty-1'

  test('get each alert by itself, in order with its resolve, however busy they are', async () => {
    const channel = fakeChannel(PAGER, { knowsIncidents: true, manner: throttles })
    const parts = scene(store, { channels: [channel.named] })
    const { incident } = failureAlert('r1')
    const throttled = failure('busy', { kind: 'throttled', retryAfterMs: 5_000 })
    const items = [
      failedItem(parts, untried(alertDelivery(PAGER, failureAlert('r1')), clock.now), throttled, clock.now),
      failedItem(
        parts,
        untried(resolveDelivery(PAGER, incident!, 'r2'), clock.now + 1),
        throttled,
        clock.now + 1,
      ),
      failedItem(
        parts,
        untried(alertDelivery(PAGER, failureAlert('r3')), clock.now + 2),
        throttled,
        clock.now + 2,
      ),
    ]
    for (const item of items) await store.park({ ...item, dueAt: clock.now })
    expect(new Set(items.map(({ group }) => group)).size).toBe(1)

    await sweep(parts, null, LIMITS)
    expect(channel.tried).toEqual(['r1:Failed'])
    channel.manner = takes
    clock.pass(HOUR)
    await sweep(parts, null, LIMITS)
    expect(channel.taken).toEqual(['r1:Failed', `resolve ${incident!}`, 'r3:Failed'])
  })

  test('a resolve never overtakes the alert that it ends', async () => {
    const channel = fakeChannel(PAGER, { knowsIncidents: true, manner: refuses })
    const { incident } = failureAlert('r1')
    await store.park(alertItem(PAGER, 'r1'))
    await store.park(resolveItem(PAGER, incident!, { parkedAt: clock.now + 1 }))
    const parts = scene(store, { channels: [channel.named] })
    await sweep(parts, null, LIMITS)
    expect(channel.tried).toEqual(['r1:Failed'])
  })

  test('a resolve for a channel that no longer knows incidents just ends', async () => {
    const channel = fakeChannel(PAGER)
    await store.park(resolveItem(PAGER, 'workflow/w/b/o'))
    const report = await sweep(scene(store, { channels: [channel.named] }), null, LIMITS)
    expect(report).toMatchObject({ delivered: 1, waiting: 0 })
    expect(channel.tried).toEqual([])
  })
})

describe('a storm', () => {
  test('a channel gets no more than its limit in any minute, and every failure is named', async () => {
    const limit = { messages: 20, perMs: MINUTE }
    const channel = await openAlertChannel('wecom://00000000-0000-0000-0000-000000000000', CONTEXT)
    const fake = fakeChannel(WECOM, { limit })
    const shown = (alert: Alert): number => channel.shown?.(alert) ?? 0
    const named = { ...fake.named, channel: { ...fake.named.channel, shown } }
    const sentAt: number[] = []
    fake.manner = () => {
      sentAt.push(clock.now)
      return sentAt.filter((at) => at > clock.now - MINUTE).length > 20 ? throttles('') : null
    }
    const parts = scene(store, { channels: [named] })
    const busy = failure('held back', { kind: 'throttled', retryAfterMs: MINUTE })
    for (let i = 0; i < 1000; i++)
      await store.park(
        failedItem(
          parts,
          untried(alertDelivery(WECOM, failureAlert(`run-${i}`)), clock.now + i),
          busy,
          clock.now + i,
        ),
      )
    for (let minute = 0; minute < 10 && (await listAll(store)).length > 0; minute++) {
      clock.pass(MINUTE)
      await sweep(parts, null, LIMITS)
    }
    expect(await listAll(store)).toEqual([])
    expect(fake.tried).toEqual(fake.taken)
    const told = fake.alerts.flatMap((alert) => {
      // What the real channel would show of it.
      if (alert.items.length > 1 && alert.event === null) expect(shown(alert)).toBe(alert.items.length)
      return JSON.stringify(alert)
    })
    const text = told.join()
    for (let i = 0; i < 1000; i++) expect(text).toContain(`"run-${i}"`)
    channel.close?.()
  })
})

test('a channel that is always busy is given up in the end', async () => {
  const channel = fakeChannel(WECOM, { manner: throttles })
  await store.park(throttledAlert(WECOM, 'r1'))
  const parts = scene(store, { channels: [channel.named] })
  clock.pass(23 * HOUR)
  await sweep(parts, null, LIMITS)
  expect((await listAll(store))[0]).toMatchObject({ status: 'waiting' })
  clock.pass(HOUR)
  await sweep(parts, null, LIMITS)
  expect((await listAll(store))[0]).toMatchObject({ status: 'dead', dueAt: clock.now })
  expect(parked(alertDelivery(WECOM, failureAlert('r1'))).id).toBe((await listAll(store))[0]!.id)
})
