import { listAll } from '../../support/list-all'
import { openMemoryStore } from '../../support/open-drivers'
import { PeerError } from '../../../src/net/peer-error'
import type { Notice } from '../../../src/callback/notice'
import { fingerprint } from '../../../src/outbox/delivery'
import { createRelay } from '../../../src/relay/relay'
import type { ParkedItem, Store } from '../../../src/stores/store'
import { sweep } from '../../../src/sweep/sweep'
import { jobNotice, type WorkflowNotice, workflowNotice } from '../../support/executions'
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

const LIMITS = { ms: 5_000 }
const BUCKET = 'media-1250000000'

let clock: StoppedClock
let store: Store
let queue: FakeQueue
let parts: Scene
/** What CI says of each run; a run that is not there is unknown to it. */
let runs: Map<string, WorkflowNotice | Error>
let jobs: Map<string, Notice>
let asked: string[]

beforeEach(() => {
  clock = stoppedClock()
  store = openMemoryStore('memory:', CONTEXT)
  queue = fakeQueue()
  runs = new Map()
  jobs = new Map()
  asked = []
  parts = scene(store, {
    queue: queue.queue,
    verify: 'read-back',
    readBack: {
      async execution(bucket, runId) {
        expect(bucket).toBe(BUCKET)
        asked.push(runId)
        const told = runs.get(runId) ?? null
        return told instanceof Error ? Promise.reject(told) : Promise.resolve(told)
      },
      async job(bucket, jobId) {
        expect(bucket).toBe(BUCKET)
        asked.push(jobId)
        return Promise.resolve(jobs.get(jobId) ?? null)
      },
    },
  })
})
afterEach(() => jest.restoreAllMocks())

const down = new Error('ci: 503')

async function callback(runId: string, changes = ''): Promise<unknown> {
  const [token = ''] = parts.tokens
  const execution = `<RunId>${runId}</RunId><BucketId>${BUCKET}</BucketId><Object>${runId}.mp4</Object><State>Success</State>${changes}`
  const answer = await createRelay(parts)(
    {
      method: 'POST',
      path: `/${token}`,
      query: [],
      body: `<Response><WorkflowExecution>${execution}</WorkflowExecution></Response>`,
      base64: null,
      requestId: null,
      sourceIp: null,
    },
    { remainingMs: null },
  )
  return answer.body
}

test('a callback that came while CI was down is verified by the sweep, and what CI says is relayed', async () => {
  runs.set('r1', down)
  expect(await callback('r1')).toMatchObject({ outcome: 'parked', id: 'r1' })
  expect(queue.tried).toEqual([])
  runs.set('r1', workflowNotice({ runId: 'r1', bucket: BUCKET, object: 'what-ci-says.mp4' }))
  expect(await sweep(parts, null, LIMITS)).toMatchObject({ delivered: 1, waiting: 0 })
  expect(queue.taken).toEqual(['r1'])
  expect(await callback('r1')).toMatchObject({ outcome: 'duplicate' })
})

test('a forged one is dropped, and the log says so', async () => {
  runs.set('forged', down)
  await callback('forged')
  runs.delete('forged')
  expect(await sweep(parts, null, LIMITS)).toMatchObject({ failed: 0, waiting: 0 })
  expect(queue.tried).toEqual([])
  expect(parts.lines).toContainEqual({
    level: 'warn',
    msg: 'CI knows no such execution: the parked callback is dropped',
    id: 'forged',
  })
})

test('it waits while CI is down, and is given up after 24 hours', async () => {
  const channel = fakeChannel('slack-1')
  parts = { ...parts, channels: [channel.named] }
  runs.set('r1', down)
  await callback('r1')
  const start = clock.now
  let dead = 0
  while (dead === 0) {
    clock.pass(5 * MINUTE)
    dead = (await sweep(parts, null, LIMITS)).dead
  }
  expect(clock.now - start).toBeGreaterThanOrEqual(24 * HOUR)
  expect(asked.length).toBeGreaterThan(20)
  expect(asked.length).toBeLessThan(200)
  expect(await listAll(store)).toEqual([expect.objectContaining({ status: 'dead', lastError: 'ci: 503' })])
  const given = channel.alerts.find(({ id }) => id.startsWith('dead:'))
  expect(given!.items[0]!.facts[0]!.value).toBe('a callback that CI could not be asked about')
})

test('CI down for all of them: it is asked a few times a run, not for each', async () => {
  for (let i = 0; i < 50; i++) {
    runs.set(`r${i}`, down)
    await callback(`r${i}`)
  }
  asked.length = 0
  await sweep(parts, null, LIMITS)
  expect(asked.length).toBeLessThanOrEqual(10)
})

test('verified while the queue is down: parked as a message, the callback itself is done', async () => {
  runs.set('r1', down)
  await callback('r1')
  runs.set('r1', workflowNotice({ runId: 'r1', bucket: BUCKET }))
  queue.manner = refuses
  await sweep(parts, null, LIMITS)
  expect(await listAll(store)).toEqual([
    expect.objectContaining({ tries: 1, lastError: 'fake: connection refused' }),
  ])
  expect((await store.read((await listAll(store))[0]!.id))?.payload.kind).toBe('message')
  queue.manner = takes
  clock.pass(HOUR)
  await sweep(parts, null, LIMITS)
  expect(queue.taken).toEqual(['r1'])
})

test.each([
  ['another worker holds the claim', 'relayed again, but held'],
  ['neither delivered nor parked', 'relayed again, but undelivered'],
])('%s: it stays', async (what, error) => {
  runs.set('r1', down)
  await callback('r1')
  runs.set('r1', workflowNotice({ runId: 'r1', bucket: BUCKET }))
  const [before] = await listAll(store)
  if (what.startsWith('another')) await store.claim('workflow/r1/Success', HOUR)
  else queue.manner = refuses
  const noRoom = {
    ...store,
    park: async (item: ParkedItem) =>
      item.payload.kind === 'message' ? Promise.reject(new Error('full')) : store.park(item),
  }
  await sweep({ ...parts, store: noRoom }, null, LIMITS)
  expect(await listAll(store)).toEqual([
    expect.objectContaining({ id: before!.id, status: 'waiting', lastError: error, tries: 2 }),
  ])
})

test('once VERIFY is off again, what waits is relayed as it came', async () => {
  runs.set('r1', down)
  await callback('r1')
  asked.length = 0
  await sweep({ ...parts, verify: 'off' }, null, LIMITS)
  expect(queue.taken).toEqual(['r1'])
  expect(asked).toEqual([])
})

test('a quarantined body is relayed once a person made it due, if it can be read by now', async () => {
  const item = (id: string, body: string): ParkedItem => ({
    id,
    group: id,
    status: 'waiting',
    parkedAt: clock.now,
    tries: 0,
    dueAt: clock.now,
    lastError: 'not well formed',
    payload: {
      kind: 'unreadable',
      bodyBase64: Buffer.from(body).toString('base64'),
      error: 'malformed',
      message: 'not well formed',
    },
  })
  await store.park(
    item('good', '<WorkflowExecution><RunId>r1</RunId><State>Success</State></WorkflowExecution>'),
  )
  await store.park(item('bad', '<WorkflowExecution><RunId>r1</RunId>'))
  expect(await sweep({ ...parts, verify: 'off' }, null, LIMITS)).toMatchObject({ delivered: 1, failed: 1 })
  expect(queue.taken).toEqual(['r1'])
  expect(await listAll(store)).toEqual([expect.objectContaining({ id: 'bad', status: 'waiting' })])
})

test('a job is asked about as a job', async () => {
  const body = `<Response><JobsDetail><JobId>j1</JobId><State>Success</State><Input><BucketId>${BUCKET}</BucketId></Input></JobsDetail></Response>`
  await store.park({
    id: 'unverified-job',
    group: 'unverified-job',
    status: 'waiting',
    parkedAt: clock.now,
    tries: 1,
    dueAt: clock.now,
    lastError: null,
    payload: { kind: 'unverified', bodyBase64: Buffer.from(body).toString('base64') },
  })
  jobs.set('j1', jobNotice({ jobId: 'j1', state: 'Success' }))
  expect(await sweep(parts, null, LIMITS)).toMatchObject({ delivered: 1, waiting: 0 })
  expect(asked).toEqual(['j1'])
  expect(queue.taken).toEqual(['j1'])
})

const jobsBody = (...ids: readonly string[]): string =>
  `<Response>${ids
    .map(
      (id) =>
        `<JobsDetail><JobId>${id}</JobId><State>Success</State><Input><BucketId>${BUCKET}</BucketId></Input></JobsDetail>`,
    )
    .join('')}</Response>`

const unverifiedItem = (id: string, body: string): ParkedItem => ({
  id,
  group: id,
  status: 'waiting',
  parkedAt: clock.now,
  tries: 1,
  dueAt: clock.now,
  lastError: null,
  payload: { kind: 'unverified', bodyBase64: Buffer.from(body).toString('base64') },
})

test('a body that v0.1 parked once for each of its jobs: each item asks about its own', async () => {
  const ids = ['j1', 'j2', 'j3']
  for (const id of ids) {
    jobs.set(id, jobNotice({ jobId: id, state: 'Success' }))
    await store.park(unverifiedItem(`unverified-${fingerprint('job', id, 'Success')}`, jobsBody(...ids)))
  }
  expect(await sweep(parts, null, LIMITS)).toMatchObject({ delivered: 3, failed: 0, waiting: 0 })
  expect([...asked].sort()).toEqual(ids)
  expect([...queue.taken].sort()).toEqual(ids)
})

test('CI that cannot be asked is not asked about all of a long body', async () => {
  const ids = Array.from({ length: 200 }, (_, i) => `j${i}`)
  await store.park(unverifiedItem('unverified-body', jobsBody(...ids)))
  const failing = {
    ...parts.readBack!,
    job: async (_: string, id: string) => (asked.push(id), Promise.reject(down)),
  }
  expect(await sweep({ ...parts, readBack: failing }, null, LIMITS)).toMatchObject({ failed: 1, waiting: 1 })
  expect(asked.length).toBeLessThan(20)
  expect((await listAll(store))[0]).toMatchObject({ lastError: 'ci: 503' })
})

test('of a body that comes up again, what was settled is not asked about again', async () => {
  const ids = ['j1', 'j2', 'j3']
  for (const id of ids) jobs.set(id, jobNotice({ jobId: id, state: 'Success' }))
  await store.park(unverifiedItem('unverified-body', jobsBody(...ids)))
  const readBack = parts.readBack!
  let isDown = true
  const failing = {
    ...readBack,
    job: async (...args: Parameters<typeof readBack.job>) =>
      args[1] === 'j2' && isDown ? Promise.reject(down) : readBack.job(...args),
  }
  const partly = { ...parts, readBack: failing }
  expect(await sweep(partly, null, LIMITS)).toMatchObject({ failed: 1, waiting: 1 })
  expect([...queue.taken].sort()).toEqual(['j1', 'j3'])
  isDown = false
  asked.length = 0
  clock.pass(HOUR)
  expect(await sweep(partly, null, LIMITS)).toMatchObject({ delivered: 1, waiting: 0 })
  expect(asked).toEqual(['j2'])
  expect([...queue.taken].sort()).toEqual(ids)
})

test('CI that is busy is asked about no more of a body, and not before it said', async () => {
  const ids = Array.from({ length: 40 }, (_, i) => `j${i}`)
  await store.park(unverifiedItem('unverified-body', jobsBody(...ids)))
  const busy = new PeerError('ci: 429', { kind: 'throttled', retryAfterMs: 3 * MINUTE })
  const failing = {
    ...parts.readBack!,
    job: async (_: string, id: string) => (asked.push(id), Promise.reject(busy)),
  }
  const sweepNow = async () => sweep({ ...parts, readBack: failing }, null, LIMITS)
  await sweepNow()
  const asking = asked.length
  expect(asking).toBeLessThanOrEqual(4)
  clock.pass(2 * MINUTE)
  await sweepNow()
  expect(asked).toHaveLength(asking)
  clock.pass(MINUTE)
  await sweepNow()
  expect(asked.length).toBeGreaterThan(asking)
})

test('a ledger that gives no answer: left for a later sweep rather than routed without a claim', async () => {
  runs.set('r1', down)
  await callback('r1')
  runs.set('r1', workflowNotice({ runId: 'r1', bucket: BUCKET }))
  const deaf = { ...store, claim: async () => Promise.reject(new Error('no answer')) }
  expect(await sweep({ ...parts, store: deaf }, null, LIMITS)).toMatchObject({
    delivered: 0,
    failed: 1,
    waiting: 1,
  })
  expect(queue.tried).toEqual([])
  clock.pass(HOUR)
  expect(await sweep(parts, null, LIMITS)).toMatchObject({ delivered: 1, waiting: 0 })
  expect(queue.taken).toEqual(['r1'])
})
