import { listAll } from '../../support/list-all'
import { noticeOf } from '../../../src/callback/kinds/workflow'
import type { Notice } from '../../../src/callback/notice'
import type { ReadBack } from '../../../src/services'
import { createRelay } from '../../../src/relay/relay'
import type { Store } from '../../../src/stores/store'
import { sweep } from '../../../src/sweep/sweep'
import { execution, taskOf } from '../../support/executions'
import { fakeChannel, fakeQueue, INVOCATION, memoryStore, post, testParts } from '../../support/parts'
import { executionXml } from '../../support/render'

const LIMITS = { ms: 2_000 }
const HOUR = 3_600_000

type Told = Extract<Notice, { kind: 'workflow' }> | null | Error

/** CI, which says of every execution what it is told to say. */
function ci(says: () => Told): ReadBack & { asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    job: async () => Promise.resolve(null),
    async execution(bucket, runId) {
      asked.push(`${bucket}/${runId}`)
      const told = says()
      return told instanceof Error ? Promise.reject(told) : Promise.resolve(told)
    },
  }
}

describe('a success while one of its tasks goes on', () => {
  const running = execution({ tasks: [taskOf(), taskOf({ state: 'Running', endedAt: null })] })
  const body = executionXml(running)
  let store: Store
  let queue: ReturnType<typeof fakeQueue>
  let now: number

  beforeEach(() => {
    store = memoryStore()
    queue = fakeQueue()
    now = Date.now()
    jest.spyOn(Date, 'now').mockImplementation(() => now)
  })
  afterEach(() => jest.restoreAllMocks())

  test('without a role it is partial at once', async () => {
    const relay = createRelay(testParts({ store, queue }))
    expect((await relay(post(body), INVOCATION)).body).toMatchObject({ outcome: 'queued' })
    expect(queue.events.map(({ verdict }) => verdict)).toEqual(['partial'])
  })

  test.each<[what: string, verdict: string, says: () => Told]>([
    ['it succeeded', 'succeeded', () => noticeOf(execution())],
    ['the task failed', 'partial', () => noticeOf(execution({ tasks: [taskOf({ state: 'Failed' })] }))],
    ['the task still goes on', 'partial', () => noticeOf(running)],
    ['nothing of it', 'partial', () => null],
  ])('with one CI is asked by the next sweep; it says: %s', async (_, verdict, says) => {
    const readBack = ci(says)
    const parts = testParts({ store, queue, readBack })
    expect((await createRelay(parts)(post(body), INVOCATION)).body).toMatchObject({ outcome: 'parked' })
    expect([queue.events, readBack.asked]).toEqual([[], []])
    now += HOUR
    await sweep(parts, null, LIMITS)
    // For the reason, too, where there is something to tell.
    expect(readBack.asked.length).toBeLessThanOrEqual(2)
    expect(queue.events.map((event) => event.verdict)).toEqual([verdict])
    expect(await listAll(store)).toEqual([])
  })

  test('while CI cannot be asked it waits, and is partial in the end', async () => {
    const readBack = ci(() => new Error('ci: 503'))
    const parts = testParts({ store, queue, readBack })
    await createRelay(parts)(post(body), INVOCATION)
    for (let sweeps = 0; sweeps < 6; sweeps += 1) {
      now += HOUR
      await sweep(parts, null, LIMITS)
    }
    expect(readBack.asked.length).toBeLessThanOrEqual(4)
    expect(queue.events.map(({ verdict }) => verdict)).toEqual(['partial'])
  })
})

describe('a body that cannot be read, in which a run can be seen', () => {
  const body = executionXml(execution({ runId: 'r1', state: 'Failed' })).replace('game.mp4', 'a & b.mp4')

  test('CI is asked where there is a role, and its word is relayed', async () => {
    const readBack = ci(() => noticeOf(execution({ runId: 'r1', state: 'Failed', object: 'a & b.mp4' })))
    const channel = fakeChannel('wecom-1')
    const store = memoryStore()
    const parts = testParts({ readBack, channels: [channel], store })
    expect(await createRelay(parts)(post(body), INVOCATION)).toEqual({
      status: 200,
      body: { outcome: 'alerted', id: 'r1', state: 'Failed' },
    })
    expect(readBack.asked[0]).toBe('media-1250000000/r1')
    expect(channel.alerts.map(({ event }) => event?.data.object)).toEqual(['a & b.mp4'])
    expect(await listAll(store)).toEqual([])
  })

  test.each<[what: string, says: () => Told]>([
    ['knows none such', () => null],
    ['cannot be asked', () => new Error('ci: 503')],
    ['says that it goes on', () => noticeOf(execution({ runId: 'r1', state: 'Running' }))],
  ])('where CI %s it is kept, and the team is told what can be seen', async (_, says) => {
    const channel = fakeChannel('wecom-1')
    const store = memoryStore()
    const parts = testParts({ readBack: ci(says), channels: [channel], store })
    expect((await createRelay(parts)(post(body), INVOCATION)).status).toBe(400)
    const seen = JSON.stringify(channel.alerts[0]?.items)
    for (const text of ['r1', 'a & b.mp4', 'Failed', 'Not checked']) expect(seen).toContain(text)
    expect(await listAll(store)).toMatchObject([{ status: 'quarantined' }])
  })

  test('one in which no run can be seen asks nobody', async () => {
    const readBack = ci(() => null)
    const parts = testParts({ readBack })
    expect((await createRelay(parts)(post('<a><b>'), INVOCATION)).status).toBe(400)
    expect(readBack.asked).toEqual([])
  })
})

describe('MESSAGE_RAW', () => {
  const raw = async (largest?: number) => {
    const queue = { ...fakeQueue(), ...(largest !== undefined && { largest }) }
    await createRelay(testParts({ queue, messageRaw: true }))(post(executionXml(execution())), INVOCATION)
    return queue.events[0]?.data as {
      readonly runId: string
      readonly raw?: Readonly<Record<string, unknown>>
    }
  }

  test('the message carries the callback as parsed', async () => {
    const data = await raw()
    expect(data.raw).toMatchObject({ RunId: data.runId, State: 'Success', Tasks: { Type: 'Transcode' } })
  })

  test('but not where it would be larger than the queue takes', async () => {
    expect(await raw(1_000)).not.toHaveProperty('raw')
    expect(await raw(1_000_000)).toHaveProperty('raw')
  })
})

test('what the console sends to try the URL is answered, and nothing is routed or kept', async () => {
  const queue = fakeQueue()
  const channel = fakeChannel('wecom-1')
  const store = memoryStore()
  const body =
    '{"code":0,"message":"Test request when setting callback url","data":{"url":"test_url","result":0}}'
  expect(await createRelay(testParts({ queue, channels: [channel], store }))(post(body), INVOCATION)).toEqual(
    {
      status: 200,
      body: { outcome: 'test' },
    },
  )
  expect([queue.events, channel.alerts, await listAll(store)]).toEqual([[], [], []])
})
