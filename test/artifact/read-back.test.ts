import { fakeExecution, type FakeTask, SLOW_DOWN, UNAVAILABLE } from '../support/fake-ci'
import { callbackXml, runId } from './callbacks'
import { type CiScene, openCiScene, roleKeys } from './ci-scene'
import type { Relay } from './open-relay'

const HOUR = 3_600_000
const BUCKET = 'media-1250000000'
const BROKEN: FakeTask = {
  type: 'Transcode',
  name: 'Transcode_1',
  state: 'Failed',
  jobId: 'j1',
  code: 'InvalidVideo',
  message: 'no video stream <in> "it"',
}

let scene: CiScene
let relay: Relay
let number = 0

beforeEach(async () => {
  scene = await openCiScene()
})
afterEach(async () => scene.close())

const next = (): string => runId('v', (number += 1))

describe('VERIFY=read-back', () => {
  beforeEach(() => {
    relay = scene.open({ VERIFY: 'read-back' })
  })

  test('what CI says counts, not the body', async () => {
    const id = next()
    scene.ci.executions.set(id, fakeExecution(id, { state: 'Failed', object: 'true.mp4', tasks: [BROKEN] }))
    expect(await relay.post(callbackXml(id, 'forged.mp4'))).toMatchObject({
      status: 200,
      body: { outcome: 'alerted', id, state: 'Failed' },
    })
    expect(scene.queued()).toEqual([])
    expect(scene.told()).toHaveLength(1)
    for (const words of ['true.mp4', BROKEN.code, BROKEN.message, BROKEN.name])
      expect(scene.told()[0]).toContain(words)
    expect(scene.told()[0]).not.toContain('forged')
    // The other way round, nobody is woken up.
    const good = next()
    scene.ci.executions.set(good, fakeExecution(good, { object: '真 &.mp4' }))
    expect((await relay.post(callbackXml(good, 'forged.mp4', 'Failed'))).outcome).toBe('queued')
    expect(scene.queued().map(({ data }) => [data['runId'], data['object'], data['bucket']])).toEqual([
      [good, '真 &.mp4', BUCKET],
    ])
    expect(scene.told()).toHaveLength(1)
  })

  test('what CI does not know is refused with 403, and nothing of it is kept', async () => {
    const id = next()
    expect(await relay.post(callbackXml(id))).toMatchObject({ status: 403, outcome: 'unknown-execution' })
    expect(await relay.post(callbackXml(id, 'a.mp4', 'Failed'))).toMatchObject({ status: 403 })
    expect(await relay.sweep()).toMatchObject({ delivered: 0, waiting: 0 })
    expect([...scene.queued(), ...scene.told()]).toEqual([])
    // No claim stands in the way of the true one.
    scene.ci.executions.set(id, fakeExecution(id))
    expect((await relay.post(callbackXml(id))).outcome).toBe('queued')
    expect((await relay.post(callbackXml(id))).outcome).toBe('duplicate')
  })

  test('a stranger costs no question', async () => {
    expect((await relay.post(callbackXml(next()), { path: '/guess' })).status).toBe(401)
    expect(scene.ci.requests).toEqual([])
  })

  test('a job is asked about as a job', async () => {
    const body = (jobId: string): string =>
      `<Response><JobsDetail><JobId>${jobId}</JobId><State>Success</State><Tag>Transcode</Tag>` +
      `<Input><BucketId>${BUCKET}</BucketId><Object>a.mp4</Object></Input></JobsDetail></Response>`
    scene.ci.jobs.set(
      'jtrue',
      `<JobsDetail><JobId>jtrue</JobId><State>Failed</State><Code>InvalidVideo</Code><Message>no stream</Message><Tag>Transcode</Tag></JobsDetail>`,
    )
    expect(await relay.post(body('jtrue'))).toMatchObject({ outcome: 'alerted', body: { state: 'Failed' } })
    expect(scene.told()[0]).toContain('InvalidVideo: no stream')
    // Of a job that none of the places knows nobody can say that it is forged: it waits, and is told of.
    expect(await relay.post(body('jforged'))).toMatchObject({ status: 200, outcome: 'parked' })
    expect(scene.queued()).toEqual([])
  })

  test.each<[string, (scene: CiScene) => unknown]>([
    ['is down', ({ ci }) => ci.failures.push(UNAVAILABLE)],
    ['asks to wait', ({ ci }) => ci.failures.push(SLOW_DOWN)],
    ['hangs', ({ ci }) => (ci.hangs = true)],
    ['does not let the role in', ({ ci }) => (ci.credentials = { ...ci.credentials, secretId: 'AKIDother' })],
    [
      'is not as far as its callback',
      ({ ci }) => {
        for (const [id, execution] of ci.executions) ci.executions.set(id, { ...execution, state: 'Running' })
      },
    ],
  ])('when CI %s, the callback waits, and is relayed as CI says then', async (_, fail) => {
    const { ci } = scene
    const before = ci.credentials
    const [id, forged] = [next(), next()]
    ci.executions.set(id, fakeExecution(id))
    await fail(scene)
    expect((await relay.post(callbackXml(id, 'forged.mp4'))).outcome).toBe('parked')
    expect(scene.queued()).toEqual([])
    ci.failures.push(UNAVAILABLE)
    expect((await relay.post(callbackXml(forged))).outcome).toBe('parked')

    Object.assign(ci, { hangs: false, credentials: before })
    ci.failures.splice(0)
    ci.executions.set(id, fakeExecution(id, { object: 'true.mp4' }))
    await scene.passTime(HOUR)
    // By another instance: nothing of it is in the memory of the first.
    const sweeper = scene.open({ VERIFY: 'read-back' })
    await sweeper.ready
    await sweeper.passTime(HOUR)
    expect(await sweeper.sweep()).toMatchObject({ failed: 0, waiting: 0 })
    expect(scene.queued().map(({ data }) => [data['runId'], data['object']])).toEqual([[id, 'true.mp4']])
    expect(sweeper.printed()).toContain(
      `CI knows no such execution: the parked callback is dropped","id":"${forged}"`,
    )
  })

  test('an execution of 13,000 failed tasks, as large as CI tells of one', async () => {
    const id = next()
    const tasks = Array.from({ length: 13_000 }, (_, index) => ({ ...BROKEN, jobId: `j${index}` }))
    scene.ci.executions.set(id, fakeExecution(id, { state: 'Failed', tasks }))
    const { outcome } = await relay.post(callbackXml(id))
    // A machine that is busy with other things may need the sweep for it.
    if (outcome !== 'alerted') {
      expect(outcome).toBe('parked')
      await relay.passTime(3_600_000)
      await relay.sweep()
    }
    // An alert lists no more than 2,000.
    expect(scene.told()[0]?.split(BROKEN.message)).toHaveLength(2_001)
    expect(scene.told()[0]).toContain('and 11000 more tasks')
  })

  test('role keys that the platform renewed under a warm instance', async () => {
    const [first, second] = [next(), next()]
    for (const id of [first, second]) scene.ci.executions.set(id, fakeExecution(id))
    expect((await relay.post(callbackXml(first))).outcome).toBe('queued')
    scene.ci.credentials = {
      secretId: 'AKIDrenewed',
      secretKey: 'renewed-secret-key-of-the-role',
      sessionToken: 'renewed-session-token-of-the-role',
    }
    await relay.setEnv(roleKeys(scene.ci))
    expect((await relay.post(callbackXml(second))).outcome).toBe('queued')
    expect(relay.printed()).not.toMatch(/renewed-(secret|session)/)
  })
})

describe('without verification CI is asked why tasks failed', () => {
  beforeEach(() => {
    relay = scene.open()
  })
  const failed = (id: string): string => callbackXml(id, 'clip.mp4', 'Failed').replace(`j${id}`, 'j1')

  test('its reason stands in the alert; what else it says is not taken', async () => {
    const id = next()
    scene.ci.executions.set(id, fakeExecution(id, { object: 'other.mp4', tasks: [BROKEN] }))
    expect((await relay.post(failed(id))).outcome).toBe('alerted')
    expect(scene.told()[0]).toContain(`Reason: ${BROKEN.code}: ${BROKEN.message}`)
    expect(scene.told()[0]).toContain('clip.mp4')
    expect(scene.told()[0]).not.toContain('other.mp4')
  })

  test.each<[string, (scene: CiScene) => unknown]>([
    ['does not know it', () => undefined],
    ['is down', ({ ci }) => ci.failures.push(UNAVAILABLE)],
    ['hangs', ({ ci }) => (ci.hangs = true)],
  ])('when CI %s, the alert goes without', async (_, fail) => {
    await fail(scene)
    expect((await relay.post(failed(next()))).outcome).toBe('alerted')
    expect(scene.told()[0]).toContain('Reason: unknown: callbacks do not say why, and CI did not tell')
  })
})
