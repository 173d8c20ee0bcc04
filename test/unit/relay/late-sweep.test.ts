import { listAll } from '../../support/list-all'
import { type Alert, plainText } from '../../../src/alerts/alert'
import { noticeOf } from '../../../src/callback/kinds/workflow'
import { createRelay } from '../../../src/relay/relay'
import type { Services } from '../../../src/services'
import type { Store } from '../../../src/stores/store'
import { sweep } from '../../../src/sweep/sweep'
import { execution, jobOf } from '../../support/executions'
import { brokenStore, type FakeChannel, fakeChannel, memoryStore, post, testParts } from '../../support/parts'
import { executionXml, jobsXml } from '../../support/render'
import { HOUR, MINUTE, type StoppedClock, stoppedClock } from '../../support/sweep-scene'

const LATE = 15 * MINUTE
const LIMITS = { ms: 2_000, items: 2_000 }
const INVOCATION = { remainingMs: 10_000 }

let clock: StoppedClock
let store: Store
let chat: FakeChannel
let pager: FakeChannel
let number = 0

beforeEach(() => {
  clock = stoppedClock()
  store = memoryStore()
  chat = fakeChannel('wecom-1')
  pager = fakeChannel('pagerduty-2', { resolves: true })
})
afterEach(() => jest.restoreAllMocks())

/** An instance that has answered nothing yet, on the same store and channels. */
function instance(changes: Partial<Services> = {}) {
  const parts = testParts({ store, channels: [chat, pager], ...changes })
  const relay = createRelay(parts)
  return {
    parts,
    warnings: () => parts.lines.filter(({ level, msg }) => level !== 30 && msg !== 'callback'),
    call: async (body = executionXml(execution({ runId: `r${number++}` }))) => relay(post(body), INVOCATION),
  }
}
/** One callback, at a new instance; its warnings. */
async function callback(changes: Partial<Services> = {}): Promise<Record<string, unknown>[]> {
  const one = instance(changes)
  expect((await one.call()).status).toBe(200)
  return one.warnings()
}
const swept = async (changes: Partial<Services> = {}): Promise<unknown> =>
  sweep(testParts({ store, channels: [chat, pager], ...changes }), null, LIMITS)
const textOf = (alert: Alert | undefined): string => (alert ? `${alert.title}\n${plainText(alert)}` : '')

const SAYS = { level: 40, msg: 'the sweep does not run: what waits is not delivered' }

test('a sweep of 15 minutes ago is in time; of a longer time ago the log says so, and an alert to every channel', async () => {
  await swept()
  const at = new Date(clock.now).toISOString()
  clock.pass(LATE)
  expect(await callback()).toEqual([])
  clock.pass(1)
  expect(await callback()).toEqual([expect.objectContaining({ ...SAYS, lastSweep: at })])
  expect(pager.alerts).toEqual(chat.alerts)
  expect(chat.alerts).toHaveLength(1)
  expect(chat.alerts[0]).toMatchObject({ severity: 'error', incident: 'late-sweep', event: null })
  expect(textOf(chat.alerts[0])).toBe(
    [
      'No sweep has run for 15 minutes: what waits is not delivered',
      `Last sweep: ${at}`,
      'What it means: Callbacks are still relayed. But a delivery that failed is not tried again, CI is not asked for callbacks that never came, and nobody is told of outages.',
      'What to do: Look whether the timer of the sweep function is on, and whether its runs end in time: `npx serverless callback doctor`, then `npx serverless logs -f sweep`. On one server: look at cron, or run `npm start -- --sweep 60`.',
    ].join('\n'),
  )
})

test('in Chinese', async () => {
  await swept()
  clock.pass(3 * HOUR)
  await callback({ language: 'zh' })
  expect(textOf(chat.alerts[0])).toBe(
    [
      '定时补投任务已停止 3 小时，积压的消息无法投递',
      `上次运行时间：${new Date(clock.now - 3 * HOUR).toISOString()}`,
      '影响：新的回调仍会正常转发；但投递失败的消息不会重试，未收到的回调不会向数据万象补查，下游故障也不会告警。',
      '处理建议：请检查 sweep 函数的定时触发器是否已开启、每次运行能否按时结束：先运行 npx serverless callback doctor，再运行 npx serverless logs -f sweep 查看日志。单机部署请检查 cron，或运行 npm start -- --sweep 60。',
    ].join('\n'),
  )
  await swept({ language: 'zh' })
  expect(textOf(chat.alerts[1])).toBe('定时补投任务已恢复运行，将继续投递积压的消息\n停止时长：3 小时')
})

test('a store that was never swept is in use from the first callback on, and told of 15 minutes later', async () => {
  const since = clock.now
  expect(await callback()).toEqual([])
  clock.pass(LATE)
  expect(await callback()).toEqual([])
  clock.pass(MINUTE)
  expect(await callback()).toEqual([
    expect.objectContaining({ ...SAYS, lastSweep: null, inUseSince: new Date(since).toISOString() }),
  ])
  expect(textOf(chat.alerts[0])).toMatch(
    /^No sweep has run yet, 16 minutes after the first callback: what waits is not delivered\nStore in use since: 2026-/,
  )
  chat = fakeChannel('wecom-1')
  clock.pass(HOUR)
  await callback({ language: 'zh' })
  expect(textOf(chat.alerts[0])).toMatch(
    /^首次回调已过 76 分钟，定时补投任务仍未运行，积压的消息无法投递\n存储启用时间：2026-/,
  )
})

test('the first callback cannot take the place of a sweep that came between', async () => {
  const swapNote = store.swapNote.bind(store)
  store.swapNote = async (...words) => {
    await store.setNote('last-sweep', String(clock.now), null)
    return swapNote(...words)
  }
  await callback()
  expect(await store.note('last-sweep')).toBe(String(clock.now))
})

test('once an hour, whatever the number of instances, and in the log of each once a minute', async () => {
  await swept()
  clock.pass(20 * MINUTE)
  const instances = Array.from({ length: 8 }, () => instance())
  await Promise.all(instances.flatMap(({ call }) => Array.from({ length: 5 }, async () => call())))
  for (const { warnings } of instances) expect(warnings()).toHaveLength(1)
  expect([chat.alerts.length, pager.alerts.length]).toEqual([1, 1])
  clock.pass(59 * MINUTE)
  await callback()
  expect(chat.alerts).toHaveLength(1)
  clock.pass(MINUTE)
  await callback()
  await callback()
  expect(chat.alerts.map(({ title }) => title)).toEqual([
    'No sweep has run for 20 minutes: what waits is not delivered',
    'No sweep has run for 80 minutes: what waits is not delivered',
  ])
  // Each is one of its own to whoever drops what comes twice, and all are one incident.
  expect(new Set(chat.alerts.map(({ id }) => id)).size).toBe(2)
  expect(new Set(chat.alerts.map(({ incident }) => incident)).size).toBe(1)
})

test('an instance looks again after a minute', async () => {
  await swept()
  clock.pass(20 * MINUTE)
  let seconds = 5_000
  jest.spyOn(process, 'hrtime').mockImplementation((() => [seconds, 0]) as unknown as typeof process.hrtime)
  const { call, warnings } = instance()
  await call()
  seconds += 59
  await call()
  expect(warnings()).toHaveLength(1)
  seconds += 1
  await call()
  expect(warnings()).toHaveLength(2)
})

test('a body of many jobs looks once', async () => {
  await swept()
  clock.pass(HOUR)
  const { call, warnings } = instance()
  const asked = jest.spyOn(store, 'note')
  await call(jobsXml(['1', '2', '3', '4'].map((jobId) => jobOf({ jobId }))))
  expect(warnings()).toHaveLength(1)
  expect(asked.mock.calls).toEqual([['last-sweep']])
})

test.each([
  ['a duplicate', executionXml(execution()), 200],
  ['a body that cannot be read', '<Response>', 400],
])('%s finds it, too', async (_, body, status) => {
  await instance().call(body)
  await swept()
  clock.pass(HOUR)
  const { call, warnings } = instance()
  expect((await call(body)).status).toBe(status)
  expect(warnings()).toContainEqual(expect.objectContaining(SAYS))
})

test.each<[what: string, parts: Partial<Services>]>([
  ['without a store', { store: null }],
  ['where no sweep is expected: a trial on a laptop', { lateSweepMs: null }],
])('%s nothing is said, and nothing recorded', async (_, parts) => {
  await store.setNote('last-sweep', String(clock.now - 100 * HOUR), null)
  expect(await callback(parts)).toEqual([])
  expect(chat.alerts).toEqual([])
  await store.setNote('last-sweep', null, null)
  await callback(parts)
  expect(await store.note('last-sweep')).toBeNull()
})

test('where a sweep is late is a matter of how often it runs', async () => {
  await swept()
  clock.pass(3 * HOUR)
  expect(await callback({ lateSweepMs: 3 * HOUR })).toEqual([])
  clock.pass(1)
  expect(await callback({ lateSweepMs: 3 * HOUR })).toHaveLength(1)
})

test('without channels the log alone says it', async () => {
  await swept()
  clock.pass(HOUR)
  expect(await callback({ channels: [] })).toHaveLength(1)
})

test.each([
  ['no number', 'yesterday'],
  ['nothing', ''],
  ['a blank', ' '],
  ['JSON', '{"at":1}'],
  ['a number in another form', '1e3'],
  ['a sign too many', '++1700000000000'],
  ['below zero', '-5'],
  ['endless', 'Infinity'],
  ['more digits than a time has', '9'.repeat(16)],
  ['a million digits', '1'.repeat(1_000_000)],
  ['the far future', String(Date.UTC(2400, 0, 1))],
  ['an hour ahead', 'ahead'],
])('a note that is %s tells nothing, and is as none: 15 minutes later it is late', async (_, text) => {
  await store.setNote('last-sweep', text === 'ahead' ? String(clock.now + HOUR) : text, null)
  expect(await callback()).toEqual([])
  expect(await store.note('last-sweep')).toBe(`+${clock.now}`)
  clock.pass(LATE)
  expect(await callback()).toEqual([])
  expect(chat.alerts).toEqual([])
  clock.pass(1)
  expect(await callback()).toEqual([expect.objectContaining({ ...SAYS, lastSweep: null })])
  expect(chat.alerts).toHaveLength(1)
})

test('a sweep whose clock is ahead is never late while it runs', async () => {
  for (let minutes = 0; minutes < 120; minutes += 5) {
    await store.setNote('last-sweep', String(clock.now + 2 * HOUR), null)
    expect(await callback()).toEqual([])
    clock.pass(5 * MINUTE)
  }
  expect(chat.alerts).toEqual([])
})

test('a claim that brought an old note tells of nothing, when there is a new one', async () => {
  const claim = store.claim.bind(store)
  store.claim = async (...words) => ({ ...(await claim(...words)), note: String(clock.now - HOUR) })
  await swept()
  expect(await callback()).toEqual([])
  expect(chat.alerts).toEqual([])
})

test('a claim that brought no note is a claim', async () => {
  await store.setNote('last-sweep', '5', null)
  const claim = store.claim.bind(store)
  store.claim = async (key, leaseMs) => claim(key, leaseMs)
  expect(await callback()).toEqual([])
})

describe('what goes wrong with telling', () => {
  beforeEach(async () => {
    await swept()
    clock.pass(20 * MINUTE)
  })

  test('a channel that does not take it: nothing is parked, for the sweep would deliver it when it is no longer true', async () => {
    chat.manner = 'refuses'
    await callback()
    expect(pager.alerts).toHaveLength(1)
    expect(await listAll(store)).toEqual([])
    clock.pass(10 * MINUTE)
    chat.manner = 'takes'
    await callback()
    expect([chat.alerts.length, pager.alerts.length]).toEqual([0, 1])
  })

  test('no channel takes it: another callback tries again five minutes later, and not before', async () => {
    chat.manner = pager.manner = 'refuses'
    await callback()
    await callback()
    expect([chat.tries, pager.tries]).toEqual([1, 1])
    clock.pass(5 * MINUTE)
    chat.manner = 'takes'
    await callback()
    await callback()
    expect([chat.tries, pager.tries]).toEqual([2, 2])
    expect(chat.alerts).toHaveLength(1)
  })

  test('the fallback is told when no other channel takes it', async () => {
    const fallback = fakeChannel('slack-3', { isFallback: true })
    await callback({ channels: [chat, fallback] })
    expect(fallback.alerts).toEqual([])
    clock.pass(HOUR)
    chat.manner = 'refuses'
    await callback({ channels: [chat, fallback] })
    expect(fallback.alerts).toHaveLength(1)
  })

  test('channels that hang do not hold the answer up beyond its time, and the delivery not at all', async () => {
    chat.manner = pager.manner = 'hangs'
    const before = performance.now()
    const one = instance()
    expect(await one.call()).toMatchObject({ status: 200, body: { outcome: 'queued' } })
    expect(performance.now() - before).toBeLessThan(3_500)
    expect((one.parts.queue as unknown as { events: unknown[] }).events).toHaveLength(1)
  })

  test.each(['note', 'setNote', 'swapNote'] as const)(
    'a store whose %s hangs or fails: the callback is answered all the same',
    async (method) => {
      for (const manner of ['refuses', 'hangs'] as const) {
        for (const text of [String(clock.now - HOUR), null, 'odd']) {
          await store.setNote('last-sweep', text, null)
          const one = instance({ store: brokenStore(store, [method], manner) })
          const before = performance.now()
          expect(await one.call()).toMatchObject({ status: 200, body: { outcome: 'queued' } })
          expect(performance.now() - before).toBeLessThan(3_500)
        }
      }
    },
  )

  test('and the log says that it could not be looked into', async () => {
    expect(await callback({ store: brokenStore(store, ['note'], 'refuses'), channels: [] })).toEqual([
      expect.objectContaining({
        level: 40,
        msg: 'whether the sweep runs could not be looked into',
        error: 'store: ECONNREFUSED',
      }),
    ])
  })

  test('with no time left nothing is begun: a later callback tells', async () => {
    const parts = testParts({ store, channels: [chat] })
    const relay = createRelay(parts)
    await relay(post(executionXml(execution({ runId: 'hurried' }))), { remainingMs: 2_100 })
    expect(chat.alerts).toEqual([])
    await callback()
    expect(chat.alerts).toHaveLength(1)
  })
})

describe('the sweep runs again', () => {
  test('the team is told once, by one of two sweeps, and the incident ends', async () => {
    await swept()
    clock.pass(2 * HOUR)
    await callback()
    await Promise.all([swept(), swept()])
    await swept()
    expect(textOf(chat.alerts[1])).toBe(
      'The sweep runs again: what waits is delivered\nIt did not run for: 2 hours',
    )
    expect(chat.alerts[1]).toMatchObject({ severity: 'info', incident: null })
    expect(chat.alerts).toHaveLength(2)
    expect(pager.alerts).toHaveLength(1)
    expect(pager.resolved).toEqual(['late-sweep'])
    expect(await callback()).toEqual([])
  })

  test('who was told of nothing is told of nothing', async () => {
    await swept()
    clock.pass(20 * MINUTE)
    await swept()
    expect(chat.alerts).toEqual([])
    expect(pager.resolved).toEqual([])
  })

  test('a channel that is down hears of it later', async () => {
    await swept()
    clock.pass(HOUR)
    await callback()
    chat.manner = 'refuses'
    await swept()
    expect(await listAll(store)).toHaveLength(1)
    chat.manner = 'takes'
    clock.pass(10 * MINUTE)
    await swept()
    expect(chat.alerts.map(({ severity }) => severity)).toEqual(['error', 'info'])
  })

  test('a note of it that is odd ends, too', async () => {
    await store.setNote('late-sweep-told', 'odd', null)
    await swept()
    await swept()
    expect(textOf(chat.alerts[0])).toBe('The sweep runs again: what waits is delivered\n')
    expect(chat.alerts).toHaveLength(1)
  })
})

describe('what counts as a sweep', () => {
  test('one that came to its end', async () => {
    await swept()
    expect(await store.note('last-sweep')).toBe(String(clock.now))
  })

  test('the time is that of its end: one of 290 s on a timer of 300 s is not late', async () => {
    const tidy = store.tidy.bind(store)
    store.tidy = async () => {
      clock.pass(290_000)
      return tidy()
    }
    await swept()
    expect(await store.note('last-sweep')).toBe(String(clock.now))
  })

  test('one that has come half way, or cannot look into the outbox, does not', async () => {
    const tidy = store.tidy.bind(store)
    let halfWay: string | null = 'not asked'
    store.tidy = async () => {
      halfWay = await store.note('last-sweep')
      return tidy()
    }
    await swept({ store: brokenStore(store, ['lines'], 'refuses') })
    expect(await store.note('last-sweep')).toBeNull()
    await swept()
    expect(halfWay).toBeNull()
    expect(await store.note('last-sweep')).not.toBeNull()
  })

  test('one that relays what could not be checked before does not look for itself', async () => {
    const down = async (): Promise<never> => Promise.reject(new Error('CI is down'))
    const verify = 'read-back' as const
    await instance({ verify, readBack: { execution: down, job: down } }).call()
    expect(await listAll(store)).toHaveLength(1)
    await store.setNote('last-sweep', '5', null)
    clock.pass(HOUR)
    const asked = jest.spyOn(store, 'claim')
    const up = async () => Promise.resolve(noticeOf(execution({ runId: 'checked' })))
    await swept({ verify, readBack: { execution: up, job: down } })
    expect(asked.mock.calls.map(([key, , name]) => [key, name])).toEqual([
      ['workflow/checked/Success', undefined],
    ])
    expect(chat.alerts).toEqual([])
  })
})

describe('GET', () => {
  const look = async (changes: Partial<Services> = {}): Promise<Record<string, unknown>> => {
    const { status, body } = await createRelay(testParts({ store, ...changes }))(
      post('', { method: 'GET' }),
      INVOCATION,
    )
    expect(status).toBe(200)
    return body
  }

  test('says when the last sweep was; null: none was', async () => {
    expect(await look()).toMatchObject({ lastSweep: null })
    await callback()
    expect(await look()).toMatchObject({ lastSweep: null })
    await swept()
    expect(await look()).toMatchObject({ lastSweep: new Date(clock.now).toISOString() })
    await store.setNote('last-sweep', 'odd', null)
    expect(await look()).toMatchObject({ lastSweep: null })
  })

  test('does not where it cannot be known, and is never kept waiting for it', async () => {
    expect(await look({ store: null })).not.toHaveProperty('lastSweep')
    expect(await look({ store: brokenStore(store, ['note'], 'refuses') })).not.toHaveProperty('lastSweep')
    const before = performance.now()
    expect(await look({ store: brokenStore(store, ['note'], 'hangs') })).not.toHaveProperty('lastSweep')
    expect(performance.now() - before).toBeLessThan(1_500)
  })
})
