import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { join } from 'node:path'
import { temporaryFolder } from '../support/temporary-folder'
import { callbackEvent, runOf } from './callbacks'
import { type CiScene, openCiScene } from './ci-scene'
import { openRelay, type Relay } from './open-relay'
import { buildOutbox, type Outbox } from './run-outbox'

const BUCKET = 'media-1250000000'

const jobsXml = (count: number, state = 'Success', bucket = BUCKET): string =>
  Array.from(
    { length: count },
    (_, i) =>
      `<JobsDetail><JobId>j${i}</JobId><State>${state}</State><Input><Object>o${i}</Object><BucketId>${bucket}</BucketId></Input></JobsDetail>`,
  ).join('')
const body = (jobs: string): string => `<Response>${jobs}</Response>`
const countOf = (outcomes: unknown): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const one of outcomes as string[]) counts[one] = (counts[one] ?? 0) + 1
  return counts
}

describe('everything hung', () => {
  let hole: Server
  let address: string
  let relay: Relay
  beforeEach(async () => {
    hole = createTcpServer((socket) => socket.on('error', () => undefined).resume())
    await new Promise<void>((listening) => hole.listen(0, '127.0.0.1', listening))
    address = `127.0.0.1:${String((hole.address() as AddressInfo).port)}`
  })
  afterEach(async () => {
    await relay.kill()
    await new Promise((closed) => hole.close(closed))
  })

  const keys = { TENCENT_SECRET_ID: 'AKIDaaaaaaaa', TENCENT_SECRET_KEY: 'bbbbbbbbbbbb' }
  const env = (changes: Readonly<Record<string, string>>): Record<string, string> => ({
    QUEUE_URL: `amqp://${address}/?queue=q`,
    ALERT_URLS: `alertmanager://${address}`,
    STORE_URL: `redis://${address}/0`,
    ...changes,
  })

  test.each<[string, number, string, () => Readonly<Record<string, string>>]>([
    ['33 successes', 33, 'Success', () => ({})],
    ['2,000 successes', 2_000, 'Success', () => ({})],
    ['300 failures', 300, 'Failed', () => ({})],
    [
      '300 successes, COS',
      300,
      'Success',
      () => ({
        STORE_URL: `cos://${BUCKET}/r?region=ap-guangzhou&endpoint=http://${address}`,
        ...keys,
      }),
    ],
    [
      '300 successes, and CI',
      300,
      'Success',
      () => ({
        VERIFY: 'read-back',
        COS_REGION: 'ap-guangzhou',
        CI_ENDPOINT: `http://${address}`,
        ...keys,
      }),
    ],
  ])('%s: an answer within the time of a callback', async (_, count, state, changes) => {
    relay = openRelay(env(changes()), { heapMb: 96 })
    // Started before: how long that takes on a busy machine is another matter.
    await relay.handle({ ...callbackEvent(''), httpMethod: 'GET' })
    const answer = await relay.post(body(jobsXml(count, state)))
    expect(answer.status).toBe(503)
    expect(countOf(answer.outcome)).toEqual({ undelivered: count })
    // What docs/guarantees.md promises.
    expect(answer.ms).toBeLessThan(4_000)
  })
})

test('more jobs than can be relayed are a 400, and the body is kept', async () => {
  const folder = temporaryFolder()
  const relay = openRelay({
    QUEUE_URL: `file:${join(folder.path, 'queue')}`,
    STORE_URL: `file:${join(folder.path, 'store')}`,
  })
  expect(await relay.post(body('<JobsDetail><JobId>j</JobId></JobsDetail>'.repeat(50_001)))).toMatchObject({
    status: 400,
    outcome: 'too-many',
    body: { message: 'The document holds more than 50000 executions and jobs.' },
  })
  const outbox = buildOutbox()
  const { out } = await outbox.run({ STORE_URL: `file:${join(folder.path, 'store')}` }, 'list', '--json')
  expect(JSON.parse(out)).toEqual([expect.objectContaining({ status: 'quarantined' })])
  outbox.remove()
  await relay.kill()
  folder.remove()
})

describe('VERIFY=read-back while CI cannot be asked', () => {
  let scene: CiScene
  let outbox: Outbox
  beforeAll(() => (outbox = buildOutbox()))
  afterAll(() => outbox.remove())
  beforeEach(async () => (scene = await openCiScene()))
  afterEach(async () => scene.close())

  const listed = async (): Promise<{ id: string; group: string; status: string }[]> =>
    JSON.parse((await outbox.run({ STORE_URL: scene.env['STORE_URL'] ?? '' }, 'list', '--json')).out) as {
      id: string
      group: string
      status: string
    }[]

  test('the longest body is kept once, not once for each of its jobs', async () => {
    const relay = openRelay(
      { ...scene.env, VERIFY: 'read-back', CI_ENDPOINT: 'http://127.0.0.1:9' },
      { heapMb: 96 },
    )
    const jobs = jobsXml(64)
    const long = `${body(jobs)}<!--${'x'.repeat(6 * 1024 * 1024 - jobs.length - 100)}-->`
    for (let time = 0; time < 2; time++) {
      const answer = await relay.post(long)
      expect(answer).toMatchObject({ status: 200 })
      expect(countOf(answer.outcome)).toEqual({ parked: 64 })
    }
    expect(await listed()).toHaveLength(1)
    expect((await relay.usage()).peakRssMb).toBeLessThan(256)
    await relay.kill()
  })

  test('one that nobody can be asked about waits apart from the others, and each is relayed once', async () => {
    const relay = scene.open({ VERIFY: 'read-back' })
    const jobs = `${jobsXml(5)}<JobsDetail><JobId>nobody</JobId><State>Success</State></JobsDetail>`
    scene.ci.failures.push(...Array.from({ length: 5 }, () => ({ status: 503, code: 'ServiceUnavailable' })))
    expect(countOf((await relay.post(body(jobs))).outcome)).toEqual({ parked: 6 })
    expect((await listed()).map(({ group }) => group.replace(/-[^-].*/, '')).sort()).toEqual([
      'unchecked',
      'unverified',
    ])
    for (let i = 0; i < 5; i++)
      scene.ci.jobs.set(`j${i}`, `<JobsDetail><JobId>j${i}</JobId><State>Success</State></JobsDetail>`)
    const asked = scene.ci.requests.length
    expect(await relay.sweep()).toMatchObject({ delivered: 1, failed: 1, waiting: 1 })
    expect(scene.ci.requests.length - asked).toBe(5)
    expect(scene.queued().map(runOf).sort()).toEqual(['j0', 'j1', 'j2', 'j3', 'j4'])
  })

  test('the sweep asks CI once about each of a body’s jobs, a few at a time, and routes each once', async () => {
    const count = 200
    let now = 0
    let most = 0
    let isUp = false
    const asked: string[] = []
    const ci = createServer((request, response) => {
      const id = (request.url ?? '').split('/').at(-1) ?? ''
      if (isUp) asked.push(id)
      most = Math.max(most, (now += 1))
      setTimeout(() => {
        now -= 1
        response.writeHead(isUp ? 200 : 503)
        response.end(
          isUp
            ? `<Response><JobsDetail><JobId>${id}</JobId><State>Success</State></JobsDetail></Response>`
            : '',
        )
      }, 5)
    })
    await new Promise<void>((listening) => ci.listen(0, '127.0.0.1', listening))
    const relay = scene.open({
      VERIFY: 'read-back',
      CI_ENDPOINT: `http://127.0.0.1:${String((ci.address() as AddressInfo).port)}`,
    })
    for (let part = 0; part < 3; part++) {
      const jobs = jobsXml(count).replaceAll(/<JobId>j/g, `<JobId>p${part}-j`)
      expect(countOf((await relay.post(body(jobs))).outcome)).toEqual({ parked: count })
    }
    isUp = true
    expect(await relay.sweep()).toMatchObject({ delivered: 3, waiting: 0 })
    expect(asked).toHaveLength(3 * count)
    expect(most).toBeLessThanOrEqual(16)
    const ids = scene.queued().map(runOf)
    expect(ids).toHaveLength(3 * count)
    expect(new Set(ids).size).toBe(3 * count)
    ci.closeAllConnections()
    await new Promise((closed) => ci.close(closed))
  })

  test('what an earlier try of a body has settled is not asked about again', async () => {
    const relay = scene.open({ VERIFY: 'read-back' })
    scene.ci.failures.push(...Array.from({ length: 4 }, () => ({ status: 503, code: 'ServiceUnavailable' })))
    expect(countOf((await relay.post(body(jobsXml(4)))).outcome)).toEqual({ parked: 4 })
    const job = (id: string, state: string): string =>
      `<JobsDetail><JobId>${id}</JobId><State>${state}</State></JobsDetail>`
    for (const id of ['j0', 'j1', 'j2']) scene.ci.jobs.set(id, job(id, 'Success'))
    scene.ci.jobs.set('j3', job('j3', 'Running'))
    expect(await relay.sweep()).toMatchObject({ delivered: 0, failed: 1, waiting: 1 })
    expect(scene.queued()).toHaveLength(3)
    scene.ci.jobs.set('j3', job('j3', 'Success'))
    await scene.passTime(3_600_000)
    const asked = scene.ci.requests.length
    expect(await relay.sweep()).toMatchObject({ delivered: 1, waiting: 0 })
    expect(scene.ci.requests.slice(asked)).toHaveLength(1)
    expect(scene.queued().map(runOf)).toHaveLength(4)
  })
})
