import { listAll } from '../../support/list-all'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { openMemoryStore } from '../../support/open-drivers'
import { PeerError } from '../../../src/net/peer-error'
import { failure } from '../../../src/net/failure'
import type { Notice } from '../../../src/callback/notice'
import type { ParkedItem, Store } from '../../../src/stores/store'
import { sweep } from '../../../src/sweep/sweep'
import { watchedParts } from '../../../src/sweep/watched-parts'
import { jobNotice, jobOf } from '../../support/executions'
import { jobsJson, jobsXml } from '../../support/render'
import {
  CONTEXT,
  fakeChannel,
  type FakeQueue,
  fakeQueue,
  HOUR,
  MINUTE,
  refuses,
  scene,
  stoppedClock,
  type StoppedClock,
  takes,
  throttles,
} from '../../support/sweep-scene'

const LIMITS = { ms: 20_000 }

let clock: StoppedClock
let store: Store
let queue: FakeQueue

beforeEach(() => {
  clock = stoppedClock()
  store = openMemoryStore('memory:', CONTEXT)
  queue = fakeQueue()
})
afterEach(() => jest.restoreAllMocks())

const jobs = (count: number, changes: Parameters<typeof jobOf>[0] = {}) =>
  Array.from({ length: count }, (_, i) => jobOf({ jobId: `j${i}`, object: `o${i}`, ...changes }))
const idsOf = (count: number) => jobs(count).map(({ jobId }) => jobId)

const restOf = (body: string, changes: Partial<ParkedItem> = {}): ParkedItem => ({
  id: 'rest-0123456789abcdefghijkl',
  group: 'rest-0123456789abcdefghijkl',
  status: 'waiting',
  parkedAt: clock.now,
  tries: 0,
  dueAt: clock.now,
  lastError: 'no time was left for all of it',
  payload: { kind: 'rest', bodyGzip: gzipSync(body).toString('base64') },
  ...changes,
})
const NOTE = 'progress/rest-0123456789abcdefghijkl'

/** The store, and of how many keys the ledger was asked whether they are settled. */
function asked(): { readonly store: Store; readonly keys: string[][] } {
  const keys: string[][] = []
  return {
    keys,
    store: {
      ...store,
      areSettled: async (those) => {
        keys.push([...those])
        return store.areSettled(those)
      },
    },
  }
}

test.each([
  ['XML', 500, jobsXml(jobs(500))],
  ['JSON', 500, jobsJson(jobs(500))],
  ['a long one', 1_500, jobsXml(jobs(1_500))],
])('what was not settled is relayed, each once, what was is passed over: %s', async (_, count, body) => {
  for (let i = 0; i < 300; i++) await store.settle(`job/j${i}/Success`, HOUR)
  await store.park(restOf(body))
  const watched = asked()
  const parts = scene(watched.store, { queue: queue.queue })
  expect(await sweep(parts, null, LIMITS)).toMatchObject({ delivered: 1, failed: 0, waiting: 0 })
  expect(queue.taken).toEqual(idsOf(count).slice(300))
  // Many at a time.
  expect(watched.keys.length).toBeLessThanOrEqual(count / 200 + 1)
  expect(await listAll(store)).toEqual([])
})

test('no CI is needed where VERIFY is off', async () => {
  await store.park(restOf(jobsXml(jobs(3))))
  await sweep(scene(store, { queue: queue.queue, readBack: null }), null, LIMITS)
  expect(queue.taken).toEqual(idsOf(3))
})

test('one that takes longer than the sweep has is gone on with by the next one, behind what is done', async () => {
  const count = 1_000
  let takesMs = 20
  const slow = {
    ...queue.queue,
    publish: async (...args: Parameters<typeof queue.queue.publish>) => (
      await sleep(takesMs),
      queue.queue.publish(...args)
    ),
  }
  await store.park(restOf(jobsXml(jobs(count))))
  const watched = asked()
  const parts = scene(watched.store, { queue: slow })
  const start = performance.now()
  const report = await sweep(parts, null, { ms: 2_500 })
  expect(performance.now() - start).toBeLessThan(6_000)
  // It went on: nothing failed, and it is due again at once.
  expect(report).toMatchObject({ delivered: 0, dead: 0, waiting: 1 })
  expect(await listAll(store)).toMatchObject([{ tries: 0, lastError: 'no time was left for all of it' }])
  const first = queue.taken.length
  expect(first).toBeGreaterThan(0)
  expect(first).toBeLessThan(count)
  const noted = Number(await store.note(NOTE))
  expect(noted).toBe(Math.floor(first / 200) * 200 || noted)

  takesMs = 0
  clock.pass(MINUTE)
  watched.keys.length = 0
  expect(await sweep(parts, null, LIMITS)).toMatchObject({ delivered: 1, waiting: 0 })
  expect([...queue.taken].sort()).toEqual([...idsOf(count)].sort())
  expect(watched.keys[0]?.[0]).toBe(`job/j${noted}/Success`)
  expect(await store.note(NOTE)).toBeNull()
})

test('a note that is none says nothing', async () => {
  await store.setNote(NOTE, 'x', null)
  await store.park(restOf(jobsXml(jobs(3))))
  await sweep(scene(store, { queue: queue.queue }), null, LIMITS)
  expect(queue.taken).toEqual(idsOf(3))
})

test('a queue that takes nothing: the body waits as one, with the reason, and is no outage of its own', async () => {
  const channel = fakeChannel('slack-1')
  queue.manner = refuses
  await store.park(restOf(jobsXml(jobs(500))))
  const parts = scene(store, { queue: queue.queue, channels: [channel.named] })
  for (let i = 0; i < 4; i++) {
    await sweep(parts, null, LIMITS)
    clock.pass(10 * MINUTE)
  }
  // A few were parked by themselves at each try.
  const waiting = await listAll(store)
  expect(waiting.length).toBeLessThan(60)
  expect(waiting.find(({ id }) => id.startsWith('rest-'))).toMatchObject({
    status: 'waiting',
    lastError: 'fake: connection refused',
  })
  expect(channel.alerts.map(({ incident }) => incident)).toEqual(['outage/queue'])
  queue.manner = takes
  clock.pass(HOUR)
  await sweep(parts, null, LIMITS)
  expect([...queue.taken].sort()).toEqual([...idsOf(500)].sort())
})

test('a channel that takes nothing holds it up, too; one that throttles does not', async () => {
  const channel = fakeChannel('slack-1', { manner: refuses })
  await store.park(restOf(jobsXml(jobs(100, { state: 'Failed' }))))
  const parts = scene(store, { channels: [channel.named] })
  await sweep(parts, null, LIMITS)
  expect((await listAll(store)).find(({ id }) => id.startsWith('rest-'))).toBeDefined()
  channel.manner = throttles
  clock.pass(HOUR)
  await sweep(parts, null, LIMITS)
  expect((await listAll(store)).find(({ id }) => id.startsWith('rest-'))).toBeUndefined()
})

test('of one piece of work, in the order of the body', async () => {
  const channel = fakeChannel('pagerduty-1', { knowsIncidents: true })
  const same = { object: 'same.mp4', operation: { TemplateId: 't' }, endedAt: null }
  await store.park(
    restOf(
      jobsXml([
        jobOf({ ...same, jobId: 'a', state: 'Failed' }),
        jobOf({ ...same, jobId: 'b', state: 'Failed' }),
        jobOf({ ...same, jobId: 'c' }),
      ]),
    ),
  )
  await sweep(scene(store, { queue: queue.queue, channels: [channel.named] }), null, LIMITS)
  expect(channel.taken.map((what) => what.replace(/ .*/, ''))).toEqual(['a:Failed', 'b:Failed', 'resolve'])
})

test('several about one object that the queue does not take keep their order', async () => {
  queue.manner = refuses
  const body = jobsXml(jobs(6, { object: 'same.mp4' }).reverse())
  await store.park(restOf(body))
  const parts = scene(store, { queue: queue.queue })
  await sweep(parts, null, LIMITS)
  queue.manner = takes
  for (let i = 0; i < 3; i++) {
    clock.pass(HOUR)
    await sweep(parts, null, LIMITS)
  }
  expect(queue.taken).toEqual(idsOf(6).reverse())
})

test('one that cannot be read is kept for a person, and told of', async () => {
  const channel = fakeChannel('slack-1')
  const broken = jobsXml(jobs(1_000)).replace(
    '</Response>',
    '<JobsDetail><JobId>x</JobId></JobsDetail></Response>',
  )
  await store.park(restOf(broken))
  await sweep(scene(store, { queue: queue.queue, channels: [channel.named] }), null, LIMITS)
  expect(await listAll(store)).toMatchObject([
    { status: 'quarantined', lastError: 'JobsDetail[1001] has neither State nor Code.' },
  ])
  expect(channel.alerts.map(({ title }) => title)).toEqual(['A callback could not be read'])
})

test('nor is it lost where that cannot be kept', async () => {
  await store.park(restOf('<Response>'))
  const full = {
    ...store,
    park: async (item: ParkedItem) =>
      item.status === 'quarantined' ? Promise.reject(new Error('full')) : store.park(item),
  }
  expect(await sweep(scene(full), null, LIMITS)).toMatchObject({ failed: 1, waiting: 1 })
  expect(await listAll(store)).toMatchObject([
    { status: 'waiting', lastError: 'it cannot be read, and the store did not take it' },
  ])
})

test('a payload that is no gzip, or of more than a body may have, stays', async () => {
  await store.park(restOf('', { payload: { kind: 'rest', bodyGzip: 'AAAA' } }))
  await store.park({
    ...restOf('x'.repeat(7 * 1024 * 1024)),
    id: 'rest-too-long0123456789ab',
    group: 'rest-too-long0123456789ab',
  })
  expect(await sweep(scene(store), null, LIMITS)).toMatchObject({ failed: 2, waiting: 2 })
})

test('the console’s test holds nothing', async () => {
  await store.park(restOf('{"code":0,"message":"","data":{"url":"test_url"}}'))
  expect(await sweep(scene(store), null, LIMITS)).toMatchObject({ delivered: 1, waiting: 0 })
})

test('an event that nobody knows is told of once, and the body kept', async () => {
  const channel = fakeChannel('slack-1')
  const body = `<Response><EventName>Odd</EventName>${jobsXml(jobs(3)).replace(/.*?<Response>|<\/Response>/gs, '')}</Response>`
  await store.park(restOf(body))
  await store.park(
    restOf(body.replaceAll('>j', '>k'), { id: 'rest-1', group: 'rest-1123456789abcdefghijkl' }),
  )
  await sweep(scene(store, { channels: [channel.named] }), null, LIMITS)
  expect(channel.alerts).toHaveLength(3)
  expect((await listAll(store)).map(({ status }) => status)).toEqual(['quarantined', 'quarantined'])
})

describe('where CI has to be asked', () => {
  const scenario = (job: (bucket: string, id: string) => Promise<Notice | null>) =>
    scene(store, {
      queue: queue.queue,
      verify: 'read-back',
      readBack: { execution: async () => Promise.resolve(null), job },
    })
  const unverified = (body: string) => {
    const id = 'unverified-0123456789abcdefghijkl'
    return restOf(body, { id, group: id })
  }

  test('it is asked about each that is not settled; what nobody can be asked about is left behind', async () => {
    await store.settle('job/j0/Success', HOUR)
    const none = jobsXml([...jobs(4), jobOf({ jobId: 'none', bucket: null })])
    await store.park(unverified(none))
    const ids: string[] = []
    const parts = scenario(async (_, id) => {
      ids.push(id)
      return Promise.resolve(jobNotice({ jobId: id }))
    })
    expect(await sweep(parts, null, LIMITS)).toMatchObject({ failed: 1, waiting: 1 })
    expect(ids).toEqual(['j1', 'j2', 'j3'])
    expect(queue.taken).toEqual(['j1', 'j2', 'j3'])
    expect(await listAll(store)).toMatchObject([{ group: expect.stringMatching(/^unchecked-/) }])
  })

  test('a CI that is busy is asked no more, and not before it said', async () => {
    await store.park(unverified(jobsXml(jobs(100))))
    let count = 0
    const parts = scenario(async () => {
      count += 1
      return Promise.reject(new PeerError('ci: 429', { kind: 'throttled', retryAfterMs: 3 * MINUTE }))
    })
    await sweep(parts, null, LIMITS)
    expect(count).toBeLessThanOrEqual(4)
    expect(await listAll(store)).toMatchObject([
      { lastError: 'ci: 429', tries: 0, dueAt: clock.now + 3 * MINUTE },
    ])
  })
})

test('destinations are down after so many tries in a row that came to nothing', async () => {
  const [down, refused] = [failure('down'), failure('no', { kind: 'refused' })]
  const results = [[down], [null], [down], [refused], [down], [down]]
  const { parts, whyDown } = watchedParts(
    scene(store, { queue: { ...queue.queue, publish: async () => Promise.resolve(results.shift() ?? []) } }),
    2,
  )
  const seen: unknown[] = []
  while (results.length > 0) {
    await parts.queue?.publish([], null as never)
    seen.push(whyDown())
  }
  expect(seen).toEqual([null, null, null, null, null, down])
  expect(watchedParts(scene(store), 1).parts.queue).toBeNull()
})
