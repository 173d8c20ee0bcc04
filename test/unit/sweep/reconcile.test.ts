import { listAll } from '../../support/list-all'
import { openMemoryStore } from '../../support/open-drivers'
import { PeerError } from '../../../src/net/peer-error'
import { Deadline } from '../../../src/net/deadline'
import { createRelay } from '../../../src/relay/relay'
import type { Store } from '../../../src/stores/store'
import { settleNotice } from '../../../src/relay/settle-notice'
import { reconcile, type ReconcileParts } from '../../../src/sweep/reconcile'
import { sweep } from '../../../src/sweep/sweep'
import { ListedCi, TARGET } from '../../support/listed-ci'
import {
  CONTEXT,
  fakeChannel,
  type FakeQueue,
  fakeQueue,
  HOUR,
  MINUTE,
  refuses,
  scene,
  type Scene,
  stoppedClock,
  type StoppedClock,
  takes,
} from '../../support/sweep-scene'

const WATERMARK = 'watermark/media-1250000000/w1'
const DAY = 24 * HOUR

let clock: StoppedClock
let store: Store
let ci: ListedCi
let queue: FakeQueue
let parts: Scene

const inTime = (): boolean => false
const run = async (timeIsUp = inTime): Promise<number> => reconcile(parts, store, ci, timeIsUp, settleNotice)
const watermark = async (): Promise<number> => Number(await store.note(WATERMARK))
const running = async (): Promise<string[]> =>
  Object.keys(JSON.parse((await store.note('running/media-1250000000/w1')) ?? '{}') as object)

beforeEach(() => {
  clock = stoppedClock()
  store = openMemoryStore('memory:', CONTEXT)
  ci = new ListedCi()
  queue = fakeQueue()
  parts = scene(store, { queue: queue.queue })
})
afterEach(() => jest.restoreAllMocks())

test('what no callback told of is relayed, page by page, and only once', async () => {
  for (let i = 0; i < 7; i++) ci.end(`r${i}`, clock.now - HOUR + i)
  expect(await run()).toBe(7)
  expect(queue.taken).toEqual(['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6'])
  expect(ci.queries.map(({ nextToken }) => nextToken)).toEqual([null, 'page-3', 'page-6'])
  expect(parts.lines).toHaveLength(7)
  expect(parts.lines[0]).toEqual({
    level: 'info',
    msg: 'reconciled: no callback had told of it',
    id: 'r0',
    state: 'Success',
    bucket: TARGET.bucket,
    outcome: 'queued',
  })
  clock.pass(MINUTE)
  expect(await run()).toBe(0)
  expect(queue.taken).toHaveLength(7)
})

test('the first run looks a day back, the next ones ten minutes behind the watermark', async () => {
  ci.end('older', clock.now - 25 * HOUR)
  ci.end('old', clock.now - 23 * HOUR)
  const first = clock.now
  await run()
  expect(queue.taken).toEqual(['old'])
  expect(ci.queries).toEqual([{ ...TARGET, from: first - DAY - 10 * MINUTE, to: first, nextToken: null }])
  expect(await watermark()).toBe(first)
  clock.pass(5 * MINUTE)
  ci.end('late in the list', first - 9 * MINUTE)
  await run()
  expect(ci.queries[1]).toEqual({ ...TARGET, from: first - 10 * MINUTE, to: clock.now, nextToken: null })
  expect(queue.taken).toEqual(['old', 'late in the list'])
  expect(await watermark()).toBe(clock.now)
})

test('a first run that fails begins at the same time the next time', async () => {
  const first = clock.now
  ci.listFailures = [new Error('no answer'), new Error('no answer')]
  await run()
  clock.pass(6 * HOUR)
  ci.end('just in', first - 23 * HOUR)
  await run()
  await run()
  expect(queue.taken).toEqual(['just in'])
})

test('a note that says nothing is as none', async () => {
  await store.setNote(WATERMARK, 'yesterday', null)
  ci.end('r1', clock.now - HOUR)
  expect(await run()).toBe(1)
  expect(await watermark()).toBe(clock.now)
})

test('what the ledger knows costs no read-back', async () => {
  await store.settle('workflow/told/Success', DAY)
  ci.end('told', clock.now - HOUR)
  ci.end('untold', clock.now - HOUR)
  await run()
  expect(ci.readBacks).toEqual(['untold'])
})

test('a callback that comes late is a duplicate', async () => {
  ci.end('r1', clock.now - HOUR)
  expect(await run()).toBe(1)
  const [token = ''] = parts.tokens
  const body = '<WorkflowExecution><RunId>r1</RunId><State>Success</State></WorkflowExecution>'
  const answer = await createRelay(parts)(
    { method: 'POST', path: `/${token}`, query: [], body, base64: null, requestId: null, sourceIp: null },
    { remainingMs: null },
  )
  expect(answer).toMatchObject({ status: 200, body: { outcome: 'duplicate', id: 'r1' } })
  expect(queue.taken).toEqual(['r1'])
})

test('a failed execution alerts', async () => {
  const channel = fakeChannel('slack-1')
  parts = scene(store, { queue: queue.queue, channels: [channel.named] })
  ci.end('r1', clock.now - HOUR, 'Failed')
  expect(await run()).toBe(1)
  expect(channel.taken).toEqual(['r1:Failed'])
})

test.each(['-9e15', '-Infinity', '', '0', 'garbage'])(
  'a watermark that is no time (%j) is as good as none, and is replaced',
  async (value) => {
    await store.setNote(WATERMARK, value, null)
    ci.end('r1', clock.now - HOUR)
    expect(await run()).toBe(1)
    expect(ci.queries.at(-1)?.from).toBe(clock.now - 24 * HOUR - 10 * MINUTE)
    expect(await watermark()).toBe(clock.now)
  },
)

test('an execution that still runs does not hold the watermark: it is asked about by itself, and relayed when it ends', async () => {
  const slow = ci.end('slow', clock.now - 2 * HOUR, 'Running')
  ci.end('quick', clock.now - HOUR)
  expect(await run()).toBe(1)
  expect(await watermark()).toBe(clock.now)
  clock.pass(5 * HOUR)
  expect(await run()).toBe(0)
  slow.state = 'Success'
  expect(await run()).toBe(1)
  expect(queue.taken).toEqual(['quick', 'slow'])
  expect(await watermark()).toBe(clock.now)
})

test('so is one that only the read-back says runs, and one of unknown age', async () => {
  const odd = ci.end('odd', clock.now - HOUR, 'Failed', 'Running')
  const ageless = ci.end('ageless', null, 'Submitted')
  await run()
  expect(await watermark()).toBe(clock.now)
  expect(await running()).toEqual(['odd', 'ageless'])
  clock.pass(HOUR)
  delete odd.told
  odd.state = 'Success'
  ageless.state = 'Success'
  await run()
  expect(queue.taken.sort()).toEqual(['ageless', 'odd'])
  // The list told of it, and the ledger knows it since: it costs no question of its own.
  ci.readBacks.length = 0
  clock.pass(HOUR)
  await run()
  expect(ci.readBacks).toEqual([])
  expect(await running()).toEqual([])
})

test('one that has run for over a week holds it no longer', async () => {
  await store.setNote(WATERMARK, String(clock.now - 8 * DAY), null)
  ci.end('stuck', clock.now - 7 * DAY - 1, 'Running')
  await run()
  expect(await watermark()).toBe(clock.now)
})

test('what could not be settled holds the watermark, and the rest is relayed', async () => {
  ci.end('r1', clock.now - 3 * HOUR)
  ci.end('held', clock.now - 2 * HOUR)
  ci.end('r3', clock.now - HOUR)
  const claim = await store.claim('workflow/held/Success', HOUR)
  expect(await run()).toBe(2)
  expect(await watermark()).toBe(clock.now - 2 * HOUR)
  if (claim.kind === 'claimed') await store.release('workflow/held/Success', claim.holder)
  expect(await run()).toBe(1)
  expect(queue.taken).toEqual(['r1', 'r3', 'held'])
})

test('a queue that is down parks; a store that cannot park leaves the execution open', async () => {
  queue.manner = refuses
  ci.end('r1', clock.now - HOUR)
  parts = scene({ ...store, park: async () => Promise.reject(new Error('full')) }, { queue: queue.queue })
  expect(await run()).toBe(0)
  expect(await watermark()).toBe(clock.now - HOUR)
  parts = scene(store, { queue: queue.queue })
  expect(await run()).toBe(1)
  expect(await listAll(store)).toEqual([expect.objectContaining({ status: 'waiting' })])
  expect(await watermark()).toBe(clock.now)
})

test('an execution that is listed, and then unknown, is passed over with a line in the log', async () => {
  ci.end('ghost', clock.now - HOUR, 'Success', null)
  expect(await run()).toBe(0)
  expect(parts.lines).toEqual([
    expect.objectContaining({
      level: 'warn',
      msg: 'CI lists an execution that it then does not know',
      id: 'ghost',
    }),
  ])
  expect(await watermark()).toBe(clock.now)
})

test('a state that nobody is told of is no reason to wait', async () => {
  parts = scene(store)
  ci.end('r1', clock.now - HOUR)
  expect(await run()).toBe(0)
  expect(await watermark()).toBe(clock.now)
})

describe('CI refuses', () => {
  test.each([
    ['listing', () => (ci.listFailures = [new Error('ci: 500')])],
    ['a read-back', () => (ci.readBackFailures = [new Error('ci: 500')])],
  ])('%s: the watermark stays, the next sweep tries again', async (_, refuse) => {
    ci.end('r1', clock.now - HOUR)
    refuse()
    expect(await run()).toBe(0)
    expect(await watermark()).toBe(clock.now - DAY)
    expect(parts.lines).toEqual([
      {
        level: 'warn',
        msg: 'CI could not be reconciled with: a later sweep tries again',
        ...TARGET,
        error: 'ci: 500',
      },
    ])
    clock.pass(MINUTE)
    expect(await run()).toBe(1)
  })

  test('a later page: what was relayed stays relayed, the watermark stays', async () => {
    for (let i = 0; i < 5; i++) ci.end(`r${i}`, clock.now - HOUR + i)
    const { list } = ci
    let calls = 0
    const failing: ReconcileParts = {
      targets: [TARGET],
      executions: {
        ...ci.executions,
        page: async (query, signal) => {
          if (++calls === 2) throw new Error('ci: reset')
          return list(query, signal)
        },
      },
    }
    expect(await reconcile(parts, store, failing, inTime, settleNotice)).toBe(3)
    expect(await watermark()).toBe(clock.now - DAY)
    expect(await reconcile(parts, store, failing, inTime, settleNotice)).toBe(2)
    expect(queue.taken).toEqual(['r0', 'r1', 'r2', 'r3', 'r4'])
  })

  test('a list that leads from page to page in a circle: said, and the watermark stays', async () => {
    const circle: ReconcileParts = {
      targets: [TARGET],
      executions: {
        ...ci.executions,
        page: async ({ nextToken }) =>
          Promise.resolve({ executions: [], nextToken: nextToken === 'a' ? 'b' : 'a' }),
      },
    }
    expect(await reconcile(parts, store, circle, inTime, settleNotice)).toBe(0)
    expect(parts.lines[0]).toMatchObject({ error: 'CI leads from page to page in a circle' })
    expect(await watermark()).toBe(clock.now - DAY)
  })

  test('empty pages until the time is up: the rest is for the next sweep', async () => {
    let pages = 0
    const endless: ReconcileParts = {
      targets: [TARGET],
      executions: {
        ...ci.executions,
        page: async () => Promise.resolve({ executions: [], nextToken: `page-${++pages}` }),
      },
    }
    await reconcile(parts, store, endless, () => pages >= 5, settleNotice)
    expect(pages).toBe(5)
    expect(await watermark()).toBe(clock.now - DAY)
  })

  test.each([429, 503])('with %i and a wait: no target is asked until it is over', async (status) => {
    ci.end('r1', clock.now - HOUR)
    const targets = [TARGET, { bucket: TARGET.bucket, workflowId: 'w2' }]
    ci.listFailures = [new PeerError(`ci: ${status}`, { retryAfterMs: 3 * MINUTE, kind: 'throttled' })]
    const both = { targets, executions: ci.executions }
    await reconcile(parts, store, both, inTime, settleNotice)
    expect(ci.queries).toHaveLength(1)
    expect(parts.lines[0]).toMatchObject({ error: `ci: ${status}`, retryAfterMs: 3 * MINUTE })
    clock.pass(2 * MINUTE)
    await reconcile(parts, store, both, inTime, settleNotice)
    expect(ci.queries).toHaveLength(1)
    clock.pass(MINUTE)
    await reconcile(parts, store, both, inTime, settleNotice)
    expect(ci.queries).toHaveLength(3)
    expect(queue.taken).toEqual(['r1'])
  })

  test('one of several targets: the others are reconciled', async () => {
    ci.end('r1', clock.now - HOUR)
    ci.listFailures = ['a bare word']
    const targets = [{ bucket: TARGET.bucket, workflowId: 'gone' }, TARGET]
    expect(await reconcile(parts, store, { targets, executions: ci.executions }, inTime, settleNotice)).toBe(
      1,
    )
    expect(parts.lines[0]).toMatchObject({ workflowId: 'gone', error: 'a bare word' })
    expect(await watermark()).toBe(clock.now)
  })

  test('a CI that hangs is given up in time', async () => {
    jest.restoreAllMocks()
    const list = async (): Promise<never> => new Promise(() => {})
    const start = performance.now()
    expect(
      await reconcile(
        parts,
        store,
        { targets: [TARGET], executions: { ...ci.executions, page: list } },
        inTime,
        settleNotice,
      ),
    ).toBe(0)
    expect(performance.now() - start).toBeLessThan(6_000)
    expect(parts.lines[0]).toMatchObject({ error: 'CI gave no answer in time' })
  }, 10_000)
})

describe('when the time of a run is up', () => {
  /** Time for so many executions; asked once more before the target. */
  const timeFor = (count: number) => {
    let asked = 0
    return () => asked++ > count
  }

  test('the watermark moves as far as the run came, and the next one goes on there', async () => {
    for (let i = 0; i < 10; i++) ci.end(`r${i}`, clock.now - 10 * HOUR + i * HOUR)
    expect(await run(timeFor(4))).toBe(4)
    expect(await watermark()).toBe(clock.now - 7 * HOUR)
    expect(await run(timeFor(100))).toBe(6)
    expect(ci.queries.at(-3)?.from).toBe(clock.now - 7 * HOUR - 10 * MINUTE)
    expect(queue.taken).toHaveLength(10)
  })

  test('past an execution that still runs, which is kept in mind', async () => {
    ci.end('slow', clock.now - 11 * HOUR, 'Running')
    for (let i = 0; i < 10; i++) ci.end(`r${i}`, clock.now - 10 * HOUR + i * HOUR)
    await run(timeFor(5))
    expect(await watermark()).toBe(clock.now - 6 * HOUR)
    expect(await running()).toEqual(['slow'])
  })

  test('and not at all when the list is in no order', async () => {
    for (let i = 0; i < 10; i++) ci.end(`r${i}`, clock.now - 10 * HOUR + i * HOUR)
    const backwards: ReconcileParts = {
      targets: [TARGET],
      executions: {
        ...ci.executions,
        page: async (query, signal) => {
          const page = await ci.list(query, signal)
          return { ...page, executions: [...page.executions].reverse() }
        },
      },
    }
    await reconcile(parts, store, backwards, timeFor(4), settleNotice)
    expect(await watermark()).toBe(clock.now - DAY)
  })

  test('no target is begun', async () => {
    expect(await run(() => true)).toBe(0)
    expect(ci.queries).toEqual([])
  })
})

test('an execution that runs for too long, or never starts, is told of once', async () => {
  const chat = fakeChannel('wecom-1')
  parts = scene(store, { queue: queue.queue, channels: [chat.named] })
  const { targets, executions } = ci
  const again = async (): Promise<number> =>
    reconcile(parts, store, { targets, executions, runningTooLongMs: 2 * HOUR }, inTime, settleNotice)
  const slow = ci.end('slow', clock.now, 'Running')
  ci.end('waits', clock.now, 'Submitted')
  ci.end('ended-since', clock.now, 'Running', 'Success')
  ci.end('timeless', null, 'Running')
  for (const pass of [HOUR, HOUR]) {
    clock.pass(pass)
    await again()
    expect(chat.alerts).toEqual([])
  }
  for (let i = 0; i < 3; i++) {
    clock.pass(5 * MINUTE)
    await again()
  }
  expect(chat.alerts.map(({ title, severity }) => [title, severity])).toEqual([
    ['A workflow has been running for 2 hours: workflow-3 · slow.mp4', 'warning'],
    ['A workflow has been running for 2 hours: workflow-3 · waits.mp4', 'warning'],
  ])
  slow.state = 'Success'
  expect(await again()).toBe(1)
  expect(queue.taken).toEqual(['ended-since', 'slow'])
})

test('with no targets nothing is asked', async () => {
  const down = { ...store, note: async () => Promise.reject(new Error('down')) }
  const nothing = { targets: [], executions: ci.executions }
  expect(await sweep({ ...parts, store: down }, nothing, { ms: 5_000 })).toMatchObject({
    reconciled: 0,
  })
  expect(parts.lines.map(({ msg }) => msg)).not.toContain('the sweep could not reconcile')
})

test('a sweep counts what it reconciled', async () => {
  ci.end('r1', clock.now - HOUR)
  expect(await sweep(parts, ci, { ms: 5_000 })).toMatchObject({ reconciled: 1, delivered: 0 })
})

test('a sweep whose time went into deliveries leaves CI alone', async () => {
  ci.end('r1', clock.now - HOUR)
  expect(await sweep(parts, ci, { ms: 0 })).toMatchObject({ reconciled: 0 })
  expect(ci.queries).toEqual([])
  queue.manner = takes
  await Deadline.in(1_000).hold(run(), () => new Error('late'))
  expect(queue.taken).toEqual(['r1'])
})
