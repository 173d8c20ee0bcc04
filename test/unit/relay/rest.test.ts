import { listAll } from '../../support/list-all'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { jobNotice } from '../../support/executions'
import type { Notice } from '../../../src/callback/notice'
import { createRelay } from '../../../src/relay/relay'
import type { Services } from '../../../src/services'
import type { Store } from '../../../src/stores/store'
import { jobOf } from '../../support/executions'
import {
  brokenStore,
  fakeChannel,
  fakeQueue,
  memoryStore,
  post,
  testParts,
  type TestParts,
} from '../../support/parts'
import { jobsJson, jobsXml } from '../../support/render'

const BUCKET = 'media-1250000000'
/** Of an invocation that has so much left, 1.5 s are for the attempts. */
const SHORT = { remainingMs: 3_500 }

const jobs = (count: number, changes: Parameters<typeof jobOf>[0] = {}) =>
  Array.from({ length: count }, (_, i) => jobOf({ jobId: `j${i}`, object: `o${i}`, ...changes }))

/** A queue that takes a message in so many ms. */
function slowQueue(ms: number) {
  const queue = fakeQueue()
  return {
    ...queue,
    events: queue.events,
    publish: async (...args: Parameters<typeof queue.publish>) => {
      await sleep(ms)
      return queue.publish(...args)
    },
  }
}

const send = async (parts: TestParts, body: string, changes = {}, invocation = SHORT) =>
  createRelay(parts)(post(body, changes), invocation)

/** So many were begun: they are in the queue, or wait by themselves. */
const begunOf = async (queue: { readonly events: readonly unknown[] }, store: Store | null) =>
  queue.events.length +
  (store === null ? [] : await listAll(store)).filter(({ id }) => id.startsWith('message-')).length

const itemsIn = async (store: Store) =>
  Promise.all((await listAll(store)).map(async ({ id }) => (await store.read(id))!))

describe('a body that takes longer than a callback has', () => {
  test.each([
    ['XML', jobsXml(jobs(300)), false],
    ['JSON', jobsJson(jobs(300)), false],
    ['base64', Buffer.from(jobsXml(jobs(300))).toString('base64'), true],
    ['base64 that nobody says is it', Buffer.from(jobsXml(jobs(300))).toString('base64'), null],
  ])('is parked once, whole, for the rest of it: %s', async (_, body, base64) => {
    const store = memoryStore()
    const queue = slowQueue(400)
    const parts = testParts({ store, queue })
    const start = performance.now()
    const answer = await send(parts, body, { base64 })
    expect(performance.now() - start).toBeLessThan(3_200)
    const begun = await begunOf(queue, store)
    expect(begun).toBeGreaterThan(0)
    // Those that were begun in time came to their end.
    expect(answer).toEqual({ status: 200, body: { outcome: 'parked', id: `j${begun}`, rest: 300 - begun } })
    const [item, ...more] = (await itemsIn(store)).filter(({ payload }) => payload.kind !== 'message')
    expect(more).toEqual([])
    expect(item).toMatchObject({
      id: expect.stringMatching(/^rest-[\w-]{22}$/),
      group: item?.id,
      status: 'waiting',
      tries: 0,
      lastError: 'no time was left for all of it',
    })
    const { payload } = item!
    const text = payload.kind === 'rest' ? gunzipSync(Buffer.from(payload.bodyGzip, 'base64')).toString() : ''
    expect(text).toBe(base64 === false ? body : Buffer.from(body, 'base64').toString())
    expect(
      parts.lines.filter(({ msg }) => msg === 'a body was not finished in time: the rest of it is parked'),
    ).toEqual([expect.objectContaining({ level: 40, id: `j${begun}`, rest: 300 - begun })])
    expect(parts.lines.at(-1)).toMatchObject({
      msg: 'callback',
      status: 200,
      outcome: 'parked',
      rest: 300 - begun,
    })
    // A repeat is the same item.
    await send(parts, body, { base64 })
    expect((await listAll(store)).map(({ id }) => id).filter((id) => id.startsWith('rest-'))).toEqual([
      item?.id,
    ])
  })

  test('that nobody keeps is a 503 with what became of each', async () => {
    for (const store of [
      null,
      brokenStore(memoryStore(), ['park'], 'refuses'),
      brokenStore(memoryStore(), ['park'], 'hangs'),
    ]) {
      const queue = slowQueue(400)
      const parts = testParts({ store, queue })
      const answer = await send(parts, jobsXml(jobs(200)))
      const outcomes = answer.body['outcomes'] as { outcome: string }[]
      const lost = outcomes.filter(({ outcome }) => outcome === 'undelivered').length
      expect(answer).toMatchObject({
        status: 503,
        headers: { 'Retry-After': '5' },
        body: { error: 'undelivered' },
      })
      expect([outcomes.length, lost]).toEqual([200, 200 - queue.events.length])
      expect(parts.lines.at(-1)).toMatchObject({ more: 100 })
    }
  })

  test('and is too long to be listed is one without a list', async () => {
    const queue = slowQueue(400)
    const parts = testParts({ store: null, queue })
    const answer = await send(parts, jobsXml(jobs(5_000)))
    const rest = 5_000 - queue.events.length
    expect(answer).toMatchObject({
      status: 503,
      body: { error: 'undelivered', outcome: 'undelivered', id: `j${queue.events.length}`, rest },
    })
    expect(JSON.stringify(answer).length).toBeLessThan(300)
    expect(parts.lines.at(-1)).toMatchObject({ outcome: 'undelivered', rest })
  })

  test('one of which another worker has a part is parked for that, too', async () => {
    const store = memoryStore()
    await store.claim('job/j0/Success', 60_000)
    const queue = slowQueue(400)
    const answer = await send(testParts({ store, queue }), jobsXml(jobs(200)))
    expect(answer.body).toEqual({ outcome: 'parked', id: 'j0', rest: 200 - (await begunOf(queue, store)) })
  })

  test('what waits for its turn when the time is up is left to the sweep', async () => {
    const channel = fakeChannel('a', { manner: 'hangs' })
    const store = memoryStore()
    const one = jobsXml(jobs(3, { state: 'Failed', object: 'same.mp4', operation: { TemplateId: 't' } }))
    const answer = await send(testParts({ store, channels: [channel] }), one)
    expect(answer.body).toEqual({ outcome: 'parked', id: 'j1', rest: 2 })
    expect(channel.tries).toBe(1)
  })

  test('one whose jobs cannot all be looked at in time', async () => {
    const store = memoryStore()
    const queue = fakeQueue()
    const answer = await send(testParts({ store, queue }), jobsXml(jobs(5_000)), {}, { remainingMs: 2_001 })
    expect(answer.body).toEqual({ outcome: 'parked', id: 'j0', rest: 5_000 })
    expect(queue.events).toEqual([])
  })
})

test('a body that is settled in time is answered as ever, the log names the first ones', async () => {
  const parts = testParts({ store: memoryStore() })
  const answer = await send(parts, jobsXml(jobs(150)), {}, { remainingMs: 10_000 })
  expect(answer.body['outcomes']).toHaveLength(150)
  expect(parts.lines.at(-1)).toMatchObject({ outcomes: expect.any(Array) as unknown, more: 50 })
  expect((parts.lines.at(-1)?.['outcomes'] as unknown[]).length).toBe(100)
})

test('each of a body arrives after those in front of it, and before what comes later', async () => {
  const store = memoryStore()
  const relay = createRelay(testParts({ store, queue: fakeQueue('refuses') }))
  await relay(post(jobsXml(jobs(20))), { remainingMs: null })
  await relay(post(jobsXml([jobOf({ jobId: 'later' })])), { remainingMs: null })
  const order = (await itemsIn(store)).map(({ payload }) =>
    payload.kind === 'message' ? payload.event.id : '',
  )
  expect(order).toEqual([...jobs(20).map(({ jobId }) => `${jobId}:Success`), 'later:Success'])
})

describe('VERIFY=read-back', () => {
  const asking = (changes: Partial<Services>, job: (bucket: string, id: string) => Promise<Notice | null>) =>
    testParts({
      verify: 'read-back',
      readBack: { execution: async () => Promise.resolve(null), job },
      ...changes,
    })
  const told = async (_: string, jobId: string) => Promise.resolve(jobNotice({ jobId }))

  test('what CI could not be asked about in time is parked with the rest, once, and waits for CI', async () => {
    const store = memoryStore()
    const parts = asking({ store }, async (bucket, id) => {
      await sleep(200)
      return id === 'j3' ? Promise.reject(new Error('CI answered 503')) : told(bucket, id)
    })
    const answer = await send(parts, jobsXml(jobs(500, { bucket: BUCKET })))
    expect(answer.body).toEqual({ outcome: 'parked', id: 'j3', rest: expect.any(Number) as number })
    // On a busy machine one that was begun in time may wait by itself.
    const rest = (await itemsIn(store)).filter(({ payload }) => payload.kind !== 'message')
    expect(rest).toMatchObject([
      { id: expect.stringMatching(/^unverified-/), lastError: 'CI answered 503', payload: { kind: 'rest' } },
    ])
  })

  test('so are thousands that CI cannot be asked about, rather than each by its name', async () => {
    const store = memoryStore()
    const parts = asking({ store }, async () => Promise.reject(new Error('CI answered 503')))
    const answer = await send(parts, jobsXml(jobs(1_100, { bucket: BUCKET })), {}, { remainingMs: 10_000 })
    expect(answer.body).toEqual({ outcome: 'parked', id: 'j0', rest: 1_100 })
    expect(await itemsIn(store)).toMatchObject([{ payload: { kind: 'rest' } }])
  })

  test('but a few are named', async () => {
    const store = memoryStore()
    const parts = asking({ store }, async (bucket, id) =>
      id === 'j3' ? Promise.reject(new Error('CI answered 503')) : told(bucket, id),
    )
    const answer = await send(parts, jobsXml(jobs(10, { bucket: BUCKET })))
    const outcomes = answer.body['outcomes'] as { outcome: string }[]
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(
      jobs(10).map((_, i) => (i === 3 ? 'parked' : 'queued')),
    )
    expect(await itemsIn(store)).toMatchObject([
      { payload: { kind: 'unverified', only: ['job/j3/Success'] } },
    ])
  })

  test('and, where nobody keeps them, undelivered', async () => {
    const store = brokenStore(memoryStore(), ['park'], 'refuses')
    const parts = asking({ store }, async () => Promise.reject(new Error('CI answered 503')))
    const answer = await send(parts, jobsXml(jobs(3, { bucket: BUCKET })))
    expect(answer).toMatchObject({
      status: 503,
      body: { outcomes: jobs(3).map(() => ({ outcome: 'undelivered' })) },
    })
  })

  test('a success that CI tells of sooner than of the failure in front of it is settled after it', async () => {
    const channel = fakeChannel('pagerduty-1', { resolves: true })
    const same = { object: 'same.mp4', bucket: BUCKET, operation: { TemplateId: 't' } }
    const both = [
      jobOf({ ...same, jobId: 'first', state: 'Failed', endedAt: null }),
      jobOf({ ...same, jobId: 'second', endedAt: null }),
    ]
    const parts = asking({ store: memoryStore(), channels: [channel] }, async (_, id) => {
      await sleep(id === 'first' ? 100 : 1)
      return jobNotice(both.find(({ jobId }) => jobId === id))
    })
    const answer = await send(parts, jobsXml(both))
    expect(answer.body).toMatchObject({ outcomes: [{ outcome: 'alerted' }, { outcome: 'queued' }] })
    expect(channel.resolved).toHaveLength(1)
  })
})
