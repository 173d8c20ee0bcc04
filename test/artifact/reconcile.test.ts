import { setTimeout as sleep } from 'node:timers/promises'
import { fakeExecution, SLOW_DOWN, UNAVAILABLE } from '../support/fake-ci'
import { type RedisServer, startRedis } from '../support/redis-server'
import { describeService } from '../support/services'
import { callbackXml } from './callbacks'
import { type CiScene, openCiScene } from './ci-scene'
import type { Relay } from './open-relay'

const HOUR = 3_600_000
const NOTHING = { delivered: 0, failed: 0, dead: 0, waiting: 0, reconciled: 0 }

describeService('redis', () => {
  describe.each(['file', 'redis'])('RECONCILE, %s store', (name) => {
    let scene: CiScene
    let redis: RedisServer
    let relay: Relay

    beforeEach(async () => {
      redis = await startRedis()
      scene = await openCiScene()
      relay = open()
    })
    afterEach(async () => {
      await scene.close()
      await redis.stop()
    })

    const open = (changes: Readonly<Record<string, string>> = {}): Relay =>
      scene.open({
        RECONCILE: 'media-1250000000/w1',
        ...(name === 'redis' && { STORE_URL: `redis://${redis.address}/0` }),
        ...changes,
      })
    /** Ended an hour ago, one a second. */
    const ended = (count: number, objects = count): string[] =>
      Array.from({ length: count }, (_, index) => {
        const id = `r${index}`
        const createdAt = Date.now() - HOUR + index * 1000
        const object = `videos/${index % objects}.mp4`
        scene.ci.executions.set(id, fakeExecution(id, { createdAt, object }))
        return id
      })
    const ids = (): unknown[] => scene.queued().map(({ data }) => data['runId'])
    const lists = (): string[] => scene.ci.requests.filter((path) => path.includes('?'))
    const readBacks = (): string[] => scene.ci.requests.filter((path) => !path.includes('?'))

    test('what no callback told of is relayed, of any number of pages, once, and each object in its order', async () => {
      const all = ended(120, 5)
      scene.ci.executions.set(
        'other',
        fakeExecution('other', { createdAt: Date.now() - HOUR, workflowId: 'w2' }),
      )
      // Of one a callback told.
      expect((await relay.post(callbackXml('r7'))).outcome).toBe('queued')
      expect(await relay.sweep()).toEqual({ ...NOTHING, reconciled: 119 })
      expect([...ids()].sort()).toEqual([...all].sort())
      const others = scene.queued().filter(({ data }) => data['runId'] !== 'r7')
      for (let object = 0; object < 5; object += 1)
        expect(
          others
            .filter(({ data }) => data['object'] === `videos/${object}.mp4`)
            .map(({ data }) => data['runId']),
        ).toEqual(all.filter((id, index) => index % 5 === object && id !== 'r7'))
      expect(lists()).toHaveLength(2)
      expect(readBacks()).not.toContain('/workflowexecution/r7')
      expect(await relay.sweep()).toEqual(NOTHING)
      expect(ids()).toHaveLength(120)
      // A callback that comes late, to another instance.
      expect((await open().post(callbackXml('r50'))).outcome).toBe('duplicate')
    })

    test('a failed one alerts, with its reason', async () => {
      const task = {
        type: 'Transcode',
        name: 'Transcode_1',
        state: 'Failed',
        jobId: 'j1',
        code: 'InvalidVideo',
        message: 'no video stream',
      }
      const createdAt = Date.now() - HOUR
      scene.ci.executions.set('bad', fakeExecution('bad', { createdAt, state: 'Failed', tasks: [task] }))
      expect(await relay.sweep()).toEqual({ ...NOTHING, reconciled: 1 })
      expect(scene.told()).toHaveLength(1)
      for (const words of ['bad', 'InvalidVideo: no video stream']) expect(scene.told()[0]).toContain(words)
    })

    test('one that still runs is relayed when it ends; the watermark is kept for the next process', async () => {
      const slow = fakeExecution('slow', { createdAt: Date.now() - 2 * HOUR, state: 'Running' })
      scene.ci.executions.set('slow', slow)
      ended(3)
      expect(await relay.sweep()).toEqual({ ...NOTHING, reconciled: 3 })
      await relay.kill()

      scene.ci.executions.set('slow', { ...slow, state: 'Success' })
      scene.ci.requests.length = 0
      expect(await open().sweep()).toEqual({ ...NOTHING, reconciled: 1 })
      expect(readBacks()).toEqual(['/workflowexecution/slow'])

      scene.ci.requests.length = 0
      expect(await open().sweep()).toEqual(NOTHING)
      // From where all had settled, less the time that CI's list may lag behind; not a day back as the first run.
      const from = Date.parse(/startCreationTime=([^&]+)/.exec(lists()[0]!)?.[1] ?? '')
      expect(Date.now() - from).toBeLessThan(HOUR)
    })

    test('CI that is down, or asks for a wait: the sweep ends well, asks once, and waits as long as asked, in every process', async () => {
      ended(1)
      scene.ci.failures.push(UNAVAILABLE)
      expect(await relay.sweep()).toEqual(NOTHING)
      scene.ci.failures.push(SLOW_DOWN)
      expect(await relay.sweep()).toEqual(NOTHING)
      expect(scene.ci.requests).toHaveLength(2)
      const next = open()
      expect(await next.sweep()).toEqual(NOTHING)
      expect(scene.ci.requests).toHaveLength(2)
      // The three seconds that it asked for.
      let reconciled = 0
      for (let tries = 0; reconciled === 0 && tries < 100; tries += 1) {
        await sleep(100)
        reconciled = (await next.sweep()).reconciled
      }
      expect(reconciled).toBe(1)
    })

    test('a CI that hangs, and a refusal half way: what came before stays relayed, the rest comes later', async () => {
      const all = ended(5)
      scene.ci.hangs = true
      expect(await relay.sweep()).toEqual(NOTHING)
      scene.ci.hangs = false
      // The list, two read-backs, then a refusal.
      scene.ci.requests.length = 0
      const refuseThird = setInterval(() => {
        if (scene.ci.requests.length >= 3 && scene.ci.failures.length === 0)
          scene.ci.failures.push(UNAVAILABLE)
      }, 1)
      const first = await relay.sweep()
      clearInterval(refuseThird)
      scene.ci.failures.length = 0
      const second = await relay.sweep()
      expect(first.reconciled + second.reconciled).toBe(5)
      expect([...ids()].sort()).toEqual(all)
    })

    test('the queue is down: parked, and delivered once it is back', async () => {
      const all = ended(3)
      const cutOff = open({ QUEUE_URL: 'amqp://127.0.0.1:1/?queue=none' })
      expect(await cutOff.sweep()).toMatchObject({ reconciled: 3 })
      await scene.passTime(HOUR)
      expect(await relay.sweep()).toMatchObject({ delivered: 3, reconciled: 0, waiting: 0 })
      expect([...ids()].sort()).toEqual(all)
    })
  })
})
