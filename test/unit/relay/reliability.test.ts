import { listAll } from '../../support/list-all'
import { openFileStore } from '../../support/open-drivers'
import { PeerError } from '../../../src/net/peer-error'
import { createRelay } from '../../../src/relay/relay'
import type { Store } from '../../../src/stores/store'
import { execution } from '../../support/executions'
import {
  brokenStore,
  fakeChannel,
  fakeQueue,
  INVOCATION,
  memoryStore,
  post,
  type StoreMethod,
  testParts,
} from '../../support/parts'
import { executionXml } from '../../support/render'
import { shiftedClock } from '../../support/shifted-clock'
import { temporaryFolder } from '../../support/temporary-folder'

const success = post(executionXml(execution()))
const failed = post(executionXml(execution({ state: 'Failed' })))
const SEVEN_DAYS = 7 * 24 * 3_600_000

const stores: Record<string, () => { store: Store; cleanUp: () => void }> = {
  memory: () => ({ store: memoryStore(), cleanUp: () => {} }),
  file: () => {
    const folder = temporaryFolder()
    return {
      store: openFileStore(`file:${folder.path}`, { credentials: () => null, region: null }),
      cleanUp: folder.remove,
    }
  },
}

describe.each(Object.keys(stores))('idempotency, %s store', (kind) => {
  let store: Store
  let cleanUp: () => void
  let clock: ReturnType<typeof shiftedClock>
  beforeEach(() => {
    ;({ store, cleanUp } = stores[kind]!())
    clock = shiftedClock()
  })
  afterEach(() => {
    clock.restore()
    cleanUp()
  })

  test('first, repeat, expired', async () => {
    const queue = fakeQueue()
    const relay = createRelay(testParts({ store, queue }))
    const outcome = async () => (await relay(success, INVOCATION)).body['outcome']
    expect(await outcome()).toBe('queued')
    expect(await outcome()).toBe('duplicate')
    await clock.pass(SEVEN_DAYS - 60_000)
    expect(await outcome()).toBe('duplicate')
    expect(queue.events).toHaveLength(1)
    await clock.pass(120_000)
    expect(await outcome()).toBe('queued')
    expect(new Set(queue.events.map(({ id }) => id)).size).toBe(1)
  })

  test('another State of the same run, or the same id of another kind, is no repeat', async () => {
    const relay = createRelay(testParts({ store }))
    expect((await relay(failed, INVOCATION)).body).toMatchObject({ outcome: 'alerted' })
    expect((await relay(success, INVOCATION)).body).toMatchObject({ outcome: 'queued' })
    const job = post(`{"JobsDetail":{"JobId":"${execution().runId}","State":"Success"}}`)
    expect((await relay(job, INVOCATION)).body).toMatchObject({ outcome: 'queued' })
  })

  test('in progress: told to come again is no error in the log', async () => {
    let end = (): void => {}
    const ended = new Promise<void>((done) => (end = done))
    let first: Promise<unknown> | undefined
    const parts = testParts({ store })
    const relay = createRelay(parts)
    await new Promise<void>((begin) => {
      const publish = async (): Promise<readonly null[]> => {
        begin()
        await ended
        return [null]
      }
      const slow = createRelay(testParts({ store, queue: { ...fakeQueue(), publish } }))
      first = slow(success, INVOCATION)
    })
    expect((await relay(success, INVOCATION)).body).toMatchObject({ outcome: 'held' })
    end()
    await first
    expect(parts.lines.filter(({ level }) => Number(level) > 40)).toEqual([])
  })

  test('in progress: ten at once, one is delivered, the others are told to come again', async () => {
    const queue = fakeQueue()
    const relay = createRelay(testParts({ store, queue }))
    const answers = await Promise.all(Array.from({ length: 10 }, async () => relay(success, INVOCATION)))
    const outcomes = answers.map(({ body }) => body['outcome'])
    expect(queue.events).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'queued')).toHaveLength(1)
    expect(
      outcomes.filter((outcome) => outcome !== 'queued' && outcome !== 'held' && outcome !== 'duplicate'),
    ).toEqual([])
    for (const { status, headers } of answers)
      expect(status === 503).toBe(headers?.['Retry-After'] !== undefined)
    expect((await relay(success, INVOCATION)).body).toMatchObject({ outcome: 'duplicate' })
  })

  test('failed: the claim is given back, a repeat is delivered', async () => {
    const queue = fakeQueue('refuses')
    const unparked = brokenStore(store, ['park'], 'refuses')
    const parts = testParts({ store: unparked, queue })
    const relay = createRelay(parts)
    expect((await relay(success, INVOCATION)).status).toBe(503)
    queue.manner = 'takes'
    expect((await relay(success, INVOCATION)).body).toMatchObject({ outcome: 'queued' })
  })

  test('timed out: the lease of a worker that died ends by itself, after what it could last', async () => {
    const dead = createRelay(
      testParts({ store: brokenStore(store, ['settle', 'release'], 'refuses'), queue: fakeQueue('refuses') }),
    )
    expect((await dead(success, { remainingMs: 20_000 })).body).toMatchObject({ outcome: 'parked' })
    const relay = createRelay(testParts({ store }))
    await clock.pass(19_000)
    expect((await relay(success, INVOCATION)).body).toMatchObject({ outcome: 'held' })
    await clock.pass(1_500)
    expect((await relay(success, INVOCATION)).body).toMatchObject({ outcome: 'queued' })
  })

  test('parked is settled: a repeat is a duplicate, and the item waits once', async () => {
    const relay = createRelay(testParts({ store, queue: fakeQueue('refuses') }))
    expect((await relay(success, INVOCATION)).body).toMatchObject({ outcome: 'parked' })
    expect((await relay(success, INVOCATION)).body).toMatchObject({ outcome: 'duplicate' })
    const [item, ...more] = await listAll(store)
    expect(more).toEqual([])
    expect(item).toMatchObject({ status: 'waiting', tries: 1, lastError: 'fake: refused' })
    expect(await store.read(item!.id)).toMatchObject({
      payload: { kind: 'message', event: { id: `${execution().runId}:Success` } },
    })
  })
})

describe('the store is down', () => {
  const methods: StoreMethod[] = ['claim', 'settle', 'release', 'park', 'note', 'swapNote', 'admit']

  test.each(methods)('%s fails, queue and channels up: delivered anyway', async (method) => {
    const store = brokenStore(memoryStore(), [method], 'refuses')
    const queue = fakeQueue()
    const channel = fakeChannel('pagerduty-1', { resolves: true, limit: { messages: 20, perMs: 60_000 } })
    const parts = testParts({ store, queue, channels: [channel] })
    const relay = createRelay(parts)
    expect((await relay(failed, INVOCATION)).body).toMatchObject({ outcome: 'alerted' })
    expect((await relay(success, INVOCATION)).body).toMatchObject({ outcome: 'queued' })
    expect(queue.events).toHaveLength(1)
    expect(channel.alerts).toHaveLength(1)
    if (!['release', 'park', 'admit'].includes(method))
      expect(parts.lines).toContainEqual(
        expect.objectContaining({ level: 40, msg: expect.not.stringMatching(/^callback$/) as string }),
      )
  })

  test('wholly, queue up: delivered, and the log says so', async () => {
    const queue = fakeQueue()
    const parts = testParts({ store: brokenStore(memoryStore(), methods, 'refuses'), queue })
    expect((await createRelay(parts)(success, INVOCATION)).body).toMatchObject({ outcome: 'queued' })
    expect(parts.lines).toContainEqual(
      expect.objectContaining({
        msg: 'the ledger is down: delivering without it',
        error: 'store: ECONNREFUSED',
      }),
    )
  })

  test('for the claim only: what was delivered without it is settled all the same', async () => {
    const store = memoryStore()
    const queue = fakeQueue()
    const relay = createRelay(testParts({ store: brokenStore(store, ['claim'], 'refuses'), queue }))
    expect((await relay(success, INVOCATION)).body).toMatchObject({ outcome: 'queued' })
    const later = createRelay(testParts({ store, queue }))
    expect((await later(success, INVOCATION)).body).toMatchObject({ outcome: 'duplicate' })
    expect(queue.events).toHaveLength(1)
  })

  test('wholly, queue down: 503', async () => {
    const parts = testParts({
      store: brokenStore(memoryStore(), methods, 'refuses'),
      queue: fakeQueue('refuses'),
    })
    expect((await createRelay(parts)(success, INVOCATION)).status).toBe(503)
    expect(parts.lines).toContainEqual(
      expect.objectContaining({ level: 50, msg: 'a delivery failed: not parked', to: 'fake' }),
    )
  })
})

/** On the fake clock each turn of the event loop takes 1 ms. */
const LATEST = 4_010

describe('whatever hangs, there is an answer within 4 s', () => {
  beforeEach(() => jest.useFakeTimers())
  afterEach(() => jest.useRealTimers())

  const methods: StoreMethod[] = ['claim', 'settle', 'release', 'park', 'note', 'swapNote', 'admit']
  const hung = (...broken: StoreMethod[]): Store => brokenStore(memoryStore(), broken, 'hangs')
  const limited = { limit: { messages: 5, perMs: 1_000 }, resolves: true }
  const hanging = async (): Promise<never> => new Promise(() => {})
  const hangingReadBack = { execution: hanging, job: hanging }

  test.each<
    [
      what: string,
      request: typeof success,
      parts: Parameters<typeof testParts>[0],
      status: number,
      outcome: string,
    ]
  >([
    ['the queue', success, { queue: fakeQueue('hangs') }, 200, 'parked'],
    ['a channel', failed, { channels: [fakeChannel('a', { manner: 'hangs' })] }, 200, 'parked'],
    [
      'one channel of two',
      failed,
      { channels: [fakeChannel('a', { manner: 'hangs' }), fakeChannel('b')] },
      200,
      'alerted',
    ],
    ['the queue, no store', success, { queue: fakeQueue('hangs'), store: null }, 503, 'undelivered'],
    ...methods.map((method): [string, typeof success, Parameters<typeof testParts>[0], number, string] => [
      `the store's ${method}`,
      success,
      { store: hung(method) },
      200,
      'queued',
    ]),
    ['the whole store', success, { store: hung(...methods) }, 200, 'queued'],
    [
      'the whole store, with limits',
      failed,
      { store: hung(...methods), channels: [fakeChannel('a', limited)] },
      200,
      'alerted',
    ],
    ['store and queue', success, { store: hung(...methods), queue: fakeQueue('hangs') }, 503, 'undelivered'],
    [
      'store and channels, limits, incidents',
      failed,
      {
        store: hung(...methods),
        channels: [
          fakeChannel('a', { ...limited, manner: 'hangs' }),
          fakeChannel('b', { ...limited, manner: 'hangs' }),
        ],
      },
      503,
      'undelivered',
    ],
    [
      'all but the ledger',
      failed,
      {
        store: hung('park', 'release', 'note', 'setNote', 'admit'),
        channels: [fakeChannel('a', { ...limited, manner: 'hangs' })],
      },
      503,
      'undelivered',
    ],
    ['CI, asked for reasons', failed, { readBack: hangingReadBack }, 200, 'alerted'],
    [
      'CI and everything else',
      failed,
      {
        readBack: hangingReadBack,
        store: hung(...methods),
        channels: [fakeChannel('a', { ...limited, manner: 'hangs' })],
      },
      503,
      'undelivered',
    ],
    [
      'CI and everything but the ledger',
      failed,
      {
        readBack: hangingReadBack,
        store: hung('park', 'release', 'note', 'setNote', 'admit'),
        channels: [fakeChannel('a', { ...limited, manner: 'hangs' })],
      },
      503,
      'undelivered',
    ],
    ['CI, asked to verify', success, { readBack: hangingReadBack, verify: 'read-back' }, 200, 'parked'],
    [
      'CI, asked to verify, and the store',
      success,
      { readBack: hangingReadBack, verify: 'read-back', store: hung(...methods) },
      503,
      'undelivered',
    ],
  ])('%s', async (_, request, changes, status, outcome) => {
    const start = performance.now()
    let took = Infinity
    const answered = createRelay(testParts(changes))(request, INVOCATION).finally(
      () => (took = performance.now() - start),
    )
    await jest.advanceTimersByTimeAsync(10_000)
    expect(await answered).toMatchObject({ status, body: { outcome } })
    expect(took).toBeLessThanOrEqual(LATEST)
    expect(jest.getTimerCount()).toBe(0)
  })

  test('channels asked to end incidents', async () => {
    const store = memoryStore()
    const channels = ['a', 'b', 'c', 'd', 'e'].map((id) => fakeChannel(id, { resolves: true }))
    await createRelay(testParts({ store, channels }))(failed, INVOCATION)
    for (const channel of channels) channel.manner = 'hangs'
    const start = performance.now()
    let took = Infinity
    const parts = testParts({ store: brokenStore(store, ['park'], 'hangs'), channels })
    const answered = createRelay(parts)(success, INVOCATION).finally(() => (took = performance.now() - start))
    await jest.advanceTimersByTimeAsync(10_000)
    expect((await answered).body).toMatchObject({ outcome: 'queued' })
    expect(took).toBeLessThanOrEqual(LATEST)
    expect(channels.map(({ tries }) => tries)).toEqual([2, 2, 2, 2, 2])
  })

  test('an unreadable body, with everything hung', async () => {
    for (const store of [null, hung(...methods), hung('admit', 'settle')]) {
      const start = performance.now()
      let took = Infinity
      const parts = testParts({ store, channels: [fakeChannel('a', { ...limited, manner: 'hangs' })] })
      const answered = createRelay(parts)(post('<broken'), INVOCATION).finally(
        () => (took = performance.now() - start),
      )
      await jest.advanceTimersByTimeAsync(10_000)
      expect([400, 503]).toContain((await answered).status)
      expect(took).toBeLessThanOrEqual(LATEST)
    }
  })

  test('and sooner, when the function may last less', async () => {
    const start = performance.now()
    let took = Infinity
    const parts = testParts({ queue: fakeQueue('hangs'), store: hung('claim', 'park') })
    const answered = createRelay(parts)(success, { remainingMs: 3_000 }).finally(
      () => (took = performance.now() - start),
    )
    await jest.advanceTimersByTimeAsync(10_000)
    expect((await answered).status).toBe(503)
    expect(took).toBeLessThanOrEqual(3_010)
  })
})

describe('alert channels', () => {
  test('one takes it: alerted; each one that refused is parked on its own', async () => {
    const store = memoryStore()
    const channels = [
      fakeChannel('slack-1'),
      fakeChannel('wecom-2', { manner: new PeerError('wecom: 93000') }),
      fakeChannel('feishu-3', { manner: new PeerError('feishu: down', { retryAfterMs: 3_600_000 }) }),
    ] as const
    const parts = testParts({ store, channels })
    expect((await createRelay(parts)(failed, INVOCATION)).body).toMatchObject({ outcome: 'alerted' })
    const items = await Promise.all((await listAll(store)).map(async ({ id }) => store.read(id)))
    expect(
      items.map((item) => [
        item?.payload.kind,
        item?.payload.kind === 'alert' && item.payload.channel,
        item?.lastError,
      ]),
    ).toEqual(
      expect.arrayContaining([
        ['alert', 'wecom-2', 'wecom: 93000'],
        ['alert', 'feishu-3', 'feishu: down'],
      ]),
    )
    expect(items).toHaveLength(2)
    const feishu = items.find((item) => item?.lastError === 'feishu: down')
    expect(feishu!.dueAt - feishu!.parkedAt).toBeGreaterThanOrEqual(3_600_000)
    expect(feishu?.payload.kind === 'alert' && feishu.payload.alert).toEqual(channels[0].alerts[0])
  })

  test('all refuse: parked; without a store: 503, and a repeat is tried again', async () => {
    const refusing = () =>
      [fakeChannel('a', { manner: 'refuses' }), fakeChannel('b', { manner: 'refuses' })] as const
    const store = memoryStore()
    expect(
      (await createRelay(testParts({ store, channels: refusing() }))(failed, INVOCATION)).body,
    ).toMatchObject({ outcome: 'parked' })
    expect(await listAll(store)).toHaveLength(2)

    const channels = refusing()
    const relay = createRelay(testParts({ store: null, channels }))
    expect((await relay(failed, INVOCATION)).status).toBe(503)
    channels[1].manner = 'takes'
    expect((await relay(failed, INVOCATION)).body).toMatchObject({ outcome: 'alerted' })
    expect(channels.map(({ tries }) => tries)).toEqual([2, 2])
  })

  test('an error that is no PeerError, and one that is no Error, are refusals too', async () => {
    for (const thrown of [new TypeError('odd'), 'text', null, undefined]) {
      const channel = fakeChannel('a')
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a driver may
      channel.channel.send = async () => Promise.reject(thrown)
      expect((await createRelay(testParts({ channels: [channel] }))(failed, INVOCATION)).body).toMatchObject({
        outcome: 'parked',
      })
    }
  })

  test('a driver that throws at once, instead of rejecting, stops no other', async () => {
    const channel = fakeChannel('a')
    channel.channel.send = () => {
      throw new Error('at once')
    }
    const other = fakeChannel('b')
    const answer = await createRelay(testParts({ channels: [channel, other] }))(failed, INVOCATION)
    expect(answer.body).toMatchObject({ outcome: 'alerted' })
    expect(other.alerts).toHaveLength(1)
  })

  test('beyond a channel’s limit alerts are parked without a try; the queue’s limit of others is not touched', async () => {
    const store = memoryStore()
    const channel = fakeChannel('wecom-1', { limit: { messages: 2, perMs: 60_000 } })
    const relay = createRelay(testParts({ store, channels: [channel] }))
    const outcomes = []
    for (const runId of ['1', '2', '3', '4'])
      outcomes.push(
        (await relay(post(executionXml(execution({ runId, state: 'Failed' }))), INVOCATION)).body['outcome'],
      )
    expect(outcomes).toEqual(['alerted', 'alerted', 'parked', 'parked'])
    expect(channel.tries).toBe(2)
    const items = await listAll(store)
    expect(items.map(({ lastError }) => lastError)).toEqual(
      Array(2).fill("wecom: held back to keep within the channel's limit"),
    )
    expect(new Set(items.map(({ group }) => group)).size).toBe(1)
  })
})

describe('success with a failed task: message and alert', () => {
  const both = post(executionXml(execution({ tasks: [{ ...execution().tasks[0]!, state: 'Failed' }] })))

  test.each([
    ['takes', 'takes', 'queued', 200],
    ['refuses', 'takes', 'parked', 200],
    ['takes', 'refuses', 'parked', 200],
    ['refuses', 'refuses', 'parked', 200],
  ] as const)('queue %s, channel %s: %s', async (queue, channel, outcome, status) => {
    const parts = testParts({ queue: fakeQueue(queue), channels: [fakeChannel('a', { manner: channel })] })
    expect(await createRelay(parts)(both, INVOCATION)).toMatchObject({ status, body: { outcome } })
  })

  test('one of them lost is a 503', async () => {
    for (const [queue, channel] of [
      ['takes', 'refuses'],
      ['refuses', 'takes'],
    ] as const) {
      const parts = testParts({
        store: null,
        queue: fakeQueue(queue),
        channels: [fakeChannel('a', { manner: channel })],
      })
      expect((await createRelay(parts)(both, INVOCATION)).status).toBe(503)
    }
  })
})
