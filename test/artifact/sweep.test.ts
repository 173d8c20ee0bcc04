import { type FakeCi, startFakeCi } from '../support/fake-ci'
import { fakeExecution } from '../support/fake-ci'
import {
  type FakeRobot,
  PAGERDUTY,
  PAGERDUTY_KEY,
  type PagerdutyEvent,
  serveRobot,
} from '../support/fake-robot'
import { type RedisServer, startRedis } from '../support/redis-server'
import { describeService } from '../support/services'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder'
import { callbackXml, runOf } from './callbacks'
import { type HttpPeer, startPeer } from './http-peer'
import { openRelay, type Relay, type RelayOptions } from './open-relay'

const HOUR = 3_600_000
const WORKFLOW = 'w0123456789abcdef0123456789abcdef'

let folder: TemporaryFolder
let queue: HttpPeer
let alerts: HttpPeer
let relays: Relay[]
beforeEach(async () => {
  folder = temporaryFolder()
  queue = await startPeer()
  alerts = await startPeer()
  relays = []
})
afterEach(async () => {
  for (const relay of relays) await relay.kill()
  await queue.stop()
  await alerts.stop()
  folder.remove()
})
const opened = (env: Readonly<Record<string, string>> = {}, options: RelayOptions = {}): Relay => {
  const relay = openRelay(
    { QUEUE_URL: queue.url, ALERT_URLS: alerts.url, STORE_URL: `file:${folder.path}/store`, ...env },
    options,
  )
  relays.push(relay)
  return relay
}
const titles = (): unknown[] => alerts.taken.map(({ data }) => data['title'])

describe('read-back', () => {
  let ci: FakeCi
  beforeEach(async () => (ci = await startFakeCi()))
  afterEach(async () => ci.close())
  const env = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
    VERIFY: 'read-back',
    COS_REGION: 'ap-guangzhou',
    CI_ENDPOINT: ci.endpoint,
    TENCENT_SECRET_ID: ci.credentials.secretId,
    TENCENT_SECRET_KEY: ci.credentials.secretKey,
    ...(ci.credentials.sessionToken !== null && { TENCENT_TOKEN: ci.credentials.sessionToken }),
    ...more,
  })
  const withoutBucket = (id: string): string =>
    callbackXml(id, `${id}.mp4`)
      .replace(/<BucketId>.*<\/BucketId>/, '')
      .replace(WORKFLOW, 'w-unknown')

  test('25 forged callbacks without a bucket: the legitimate one goes at the next sweep, and the team is told once of the others', async () => {
    const relay = opened(env())
    for (let i = 0; i < 25; i++)
      expect((await relay.post(withoutBucket(`forged${i}`))).outcome).toBe('parked')
    ci.executions.set('good', fakeExecution('good', { object: 'good.mp4', state: 'Success' }))
    ci.hangs = true
    expect((await relay.post(callbackXml('good', 'good.mp4'))).outcome).toBe('parked')
    ci.hangs = false
    expect(await relay.sweep()).toMatchObject({ delivered: 1, dead: 0, waiting: 25 })
    expect(queue.taken.map(runOf)).toEqual(['good'])
    expect(titles()).toEqual(['25 callbacks cannot be checked with CI'])
    expect(String(alerts.taken[0]!.data['text'])).toContain('the callback names no bucket to ask CI about')
    for (let i = 0; i < 3; i++) await relay.sweep()
    expect(titles()).toHaveLength(1)
    await relay.post(withoutBucket('later'))
    await relay.sweep()
    // They carry a time of their own each hour: a flood is no flood of alerts.
    expect(titles()).toHaveLength(1)
  })

  test('a bucket that CI does not know waits behind one that it knows', async () => {
    const relay = opened(env())
    ci.executions.set('good', fakeExecution('good', { object: 'good.mp4', state: 'Success' }))
    for (let i = 0; i < 10; i++) {
      ci.failures.push({ status: 404, code: 'NoSuchBucket' })
      const body = callbackXml(`f${i}`, `f${i}.mp4`).replace('media-1250000000', `nobody${i}-1250000000`)
      expect((await relay.post(body)).outcome).toBe('parked')
    }
    ci.failures.push({ status: 503, code: 'ServiceUnavailable' })
    expect((await relay.post(callbackXml('good', 'good.mp4'))).outcome).toBe('parked')
    const asked = ci.requests.length
    await relay.sweep()
    // Eight of those that nobody may know are asked about at once, and beside them this one.
    const first = ci.requests.slice(asked, asked + 9)
    expect(first.filter((request) => request.includes('/workflowexecution/good'))).toHaveLength(1)
    expect(queue.taken.map(runOf)).toEqual(['good'])
  })

  test('told of in Chinese', async () => {
    const relay = opened(env({ ALERT_LANG: 'zh' }))
    await relay.post(withoutBucket('i1'))
    await relay.sweep()
    expect(titles()).toEqual(['1 条回调无法向数据万象核实'])
  })

  test('a callback without a bucket whose workflow RECONCILE knows is checked with its bucket', async () => {
    const relay = opened(env({ RECONCILE: `media-1250000000/${WORKFLOW}` }))
    ci.executions.set('i1', fakeExecution('i1', { state: 'Success' }))
    const bare = (id: string): string => callbackXml(id).replace(/<BucketId>.*<\/BucketId>/, '')
    expect((await relay.post(bare('i1'))).outcome).toBe('queued')
    expect((await relay.post(bare('forged'))).status).toBe(403)
  })
})

describe('a channel that is removed, or has another key', () => {
  let pagerduty: FakeRobot<PagerdutyEvent>
  beforeEach(async () => (pagerduty = await serveRobot(PAGERDUTY)))
  afterEach(async () => pagerduty.stop())

  test('its resolves are dropped with a line in the log, its alerts are given up and told of at once', async () => {
    const old = { ALERT_URLS: `pagerduty://${PAGERDUTY_KEY}?endpoint=${pagerduty.endpoint}` }
    const before = opened(old)
    await before.post(callbackXml('i1', 'a.mp4', 'Failed'))
    pagerduty.behave({ status: 500, body: '' })
    expect((await before.post(callbackXml('i2', 'a.mp4'))).outcome).toBe('queued')
    expect((await before.post(callbackXml('i3', 'b.mp4', 'Failed'))).outcome).toBe('parked')
    await before.kill()
    const after = opened()
    await after.passTime(15_000)
    expect(await after.sweep()).toMatchObject({ delivered: 0, failed: 0, dead: 1, waiting: 0 })
    expect(titles()).toEqual(['1 delivery was given up'])
    expect(String(alerts.taken[0]!.data['text'])).toContain('Workflow failed: transcode-all · b.mp4')
    expect(after.log().map(({ msg }) => msg)).toContain('the end of an incident is dropped')
    await after.passTime(2 * HOUR)
    expect(await after.sweep()).toMatchObject({ failed: 0, dead: 0, waiting: 0 })
    expect(titles()).toHaveLength(1)
  })

  test('an incident that is open there is forgotten, not parked for good', async () => {
    const before = opened({ ALERT_URLS: `pagerduty://${PAGERDUTY_KEY}?endpoint=${pagerduty.endpoint}` })
    await before.post(callbackXml('i1', 'a.mp4', 'Failed'))
    await before.kill()
    const other = PAGERDUTY_KEY.replace(/^e9/, 'f0')
    const after = opened({ ALERT_URLS: `pagerduty://${other}?endpoint=${pagerduty.endpoint}` })
    expect((await after.post(callbackXml('i2', 'a.mp4'))).outcome).toBe('queued')
    expect(await after.sweep()).toMatchObject({ waiting: 0, failed: 0 })
    expect(after.log().map(({ msg }) => msg)).toContain(
      'an incident stays open at a channel that is no longer in ALERT_URLS: close it by hand',
    )
  })
})

describeService('redis', () => {
  let redis: RedisServer
  beforeEach(async () => (redis = await startRedis()))
  afterEach(async () => redis.stop())

  test('a store that hangs holds neither a callback nor the sweep beyond its time', async () => {
    const relay = opened(
      { STORE_URL: `redis://${redis.address}/0` },
      { remainingMs: { callback: 10_000, sweep: 14_000 } },
    )
    expect((await relay.post(callbackXml('i1', 'a.mp4'))).outcome).toBe('queued')
    process.kill(redis.pid, 'SIGSTOP')
    try {
      const callback = await relay.post(callbackXml('i2', 'b.mp4', 'Failed'))
      expect(callback.outcome).toBe('alerted')
      expect(callback.ms).toBeLessThan(4_500)
      const start = performance.now()
      expect(await relay.sweep()).toMatchObject({ delivered: 0, waiting: -1 })
      expect(performance.now() - start).toBeLessThan(14_000)
    } finally {
      process.kill(redis.pid, 'SIGCONT')
    }
    expect((await relay.post(callbackXml('i1', 'a.mp4'))).outcome).toBe('duplicate')
  })
})

test('a store of files that hangs does not hold the sweep beyond its time, nor the callback', async () => {
  const script = `const fs = require('node:fs/promises'), { open, readdir } = fs
fs.open = (path, ...rest) => globalThis.hung && String(path).includes('/store/') ? new Promise(() => {}) : open(path, ...rest)
fs.readdir = (path, ...rest) => globalThis.hung && String(path).includes('/store') ? new Promise(() => {}) : readdir(path, ...rest)
process.on('SIGUSR2', () => { globalThis.hung = true })`
  const { writeFileSync } = await import('node:fs')
  writeFileSync(`${folder.path}/hang.cjs`, script)
  const relay = opened(
    {},
    { execArgv: ['--require', `${folder.path}/hang.cjs`], remainingMs: { callback: 10_000, sweep: 14_000 } },
  )
  expect((await relay.post(callbackXml('i1'))).outcome).toBe('queued')
  process.kill(relay.pid, 'SIGUSR2')
  await relay.usage()
  const callback = await relay.post(callbackXml('i2', 'b.mp4', 'Failed'))
  expect(callback.outcome).toBe('alerted')
  expect(callback.ms).toBeLessThan(4_500)
  const start = performance.now()
  expect(await relay.sweep()).toMatchObject({ delivered: 0, waiting: -1 })
  expect(performance.now() - start).toBeLessThan(14_000)
  expect(relay.log().filter(({ msg }) => msg.startsWith('the sweep could not'))).not.toEqual([])
})

describe('a clock that was a day ahead', () => {
  test('its watermark and its pause do not keep the reconciliation from anything', async () => {
    const ci = await startFakeCi()
    try {
      const env = {
        COS_REGION: 'ap-guangzhou',
        CI_ENDPOINT: ci.endpoint,
        RECONCILE: `media-1250000000/${WORKFLOW}`,
        TENCENT_SECRET_ID: ci.credentials.secretId,
        TENCENT_SECRET_KEY: ci.credentials.secretKey,
        ...(ci.credentials.sessionToken !== null && { TENCENT_TOKEN: ci.credentials.sessionToken }),
      }
      const relay = opened(env)
      await relay.sweep()
      // What a clock that was ahead would have noted: the notes of this sweep, a day on.
      const { readdirSync, readFileSync, writeFileSync } = await import('node:fs')
      const notes = `${folder.path}/store/notes`
      for (const name of readdirSync(notes)) {
        const note = JSON.parse(readFileSync(`${notes}/${name}`, 'utf8')) as { name: string; value: string }
        if (!note.name.startsWith('watermark/')) continue
        writeFileSync(
          `${notes}/${name}`,
          JSON.stringify({ ...note, value: String(Number(note.value) + 48 * HOUR) }),
        )
      }
      ci.executions.set(
        'i1',
        fakeExecution('i1', { workflowId: WORKFLOW, createdAt: Date.now() - HOUR, state: 'Success' }),
      )
      expect(await relay.sweep()).toMatchObject({ reconciled: 1 })
    } finally {
      await ci.close()
    }
  })
})
