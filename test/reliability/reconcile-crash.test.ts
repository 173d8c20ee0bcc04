import { setTimeout as sleep } from 'node:timers/promises'
import { roleKeys } from '../artifact/ci-scene'
import { fakeExecution, startFakeCi } from '../support/fake-ci'
import { createRabbitQueue } from '../support/rabbit-queue'
import { random } from '../support/random'
import { startRedis } from '../support/redis-server'
import { describeService } from '../support/services'
import { passRedisTime } from './redis-time'
import { startWorker, type Worker } from './worker'

const KILLS = 25
/** Executions that end, and that begin and still run, between two sweeps. */
const ENDED = 40
const BEGUN = 3
const OBJECTS = 30
/** The reconciliation works at so many at once. */
const AT_ONCE = 8
const MINUTE = 60_000
const SEED = Number(process.env['RELAY_SEED'] ?? Date.now() % 1_000_000)

describeService('rabbitmq', (rabbitmq) => {
  describeService('redis', () => {
    test('reconciling sweeps killed at 25 points, two at a time in places: nothing is lost, whatever runs meanwhile', async () => {
      const dice = random(SEED)
      const redis = await startRedis()
      const queue = await createRabbitQueue(rabbitmq, `reliability-reconcile-${process.pid}`)
      const ci = await startFakeCi()
      const env = {
        QUEUE_URL: queue.url(),
        STORE_URL: `redis://${redis.address}/0`,
        LOG_LEVEL: 'error',
        COS_REGION: 'ap-guangzhou',
        CI_ENDPOINT: ci.endpoint,
        RECONCILE: 'media-1250000000/w1',
        ...roleKeys(ci),
      }
      const startLoaded = async (): Promise<Worker> => {
        const worker = startWorker(env)
        await worker.ready
        await worker.passTime(ci.aheadMs)
        return worker
      }
      let made = 0
      const add = (count: number, state: string): void => {
        for (let i = 0; i < count; i += 1) {
          const id = `c${(made += 1)}`
          const createdAt = Date.now() + ci.aheadMs - dice.int(6 * MINUTE)
          const object = `videos/${dice.int(OBJECTS)}.mp4`
          ci.executions.set(id, fakeExecution(id, { createdAt, object, state }))
        }
      }
      /** Some end, longer after they began than the list is walked again. */
      const endSome = (isAll = false): void => {
        for (const [id, one] of ci.executions)
          if (one.state === 'Running' && (isAll || dice.int(12) === 0))
            ci.executions.set(id, { ...one, state: 'Success' })
      }
      try {
        let killedAtWork = 0
        for (let kills = 0; kills < KILLS; kills += 1) {
          ci.aheadMs += 7 * MINUTE
          endSome()
          add(ENDED, 'Success')
          add(BEGUN, 'Running')
          const workers = await Promise.all(
            kills % 5 === 0 ? [startLoaded(), startLoaded()] : [startLoaded()],
          )
          const state = { isOver: false }
          const before = await queue.count()
          for (const worker of workers)
            void worker.sweep().then(
              () => (state.isOver = true),
              () => undefined,
            )
          // Every third is killed before it has relayed anything.
          const asked = ci.requests.length
          const isAtWork = async (): Promise<boolean> =>
            kills % 3 === 0 ? ci.requests.length > asked : (await queue.count()) > before
          while (!state.isOver && !(await isAtWork())) await sleep(1)
          await sleep(dice.int(60))
          if (!state.isOver) killedAtWork += 1
          await Promise.all(workers.map(async (worker) => worker.kill()))
          await sleep(2)
          // The leases of the killed sweep, ended now rather than in some seconds.
          await passRedisTime(redis, MINUTE)
        }
        endSome(true)
        ci.aheadMs += 7 * MINUTE
        const last = await startLoaded()
        let reconciled = 1
        for (let sweeps = 0; reconciled > 0 && sweeps < 5; sweeps += 1)
          reconciled = (await last.sweep()).reconciled
        const asked = ci.requests.length
        await last.sweep()
        const idle = ci.requests.slice(asked)
        await last.kill()

        const arrived = await queue.drain()
        const ids = new Set(arrived.map(({ id }) => id))
        const lost = [...ci.executions.keys()].filter((id) => !ids.has(id))
        process.stdout.write(
          `reconcile crash: ${KILLS} kills (${killedAtWork} at work) over ${made} executions: lost ${lost.length}, ` +
            `relayed again ${arrived.length - ids.size}; seed ${SEED}\n`,
        )
        expect(reconciled).toBe(0)
        expect(lost).toEqual([])
        expect(arrived.length - ids.size).toBeLessThanOrEqual(killedAtWork * AT_ONCE)
        expect(killedAtWork).toBeGreaterThan(KILLS / 3)
        // Nothing is new: a list, and no question.
        expect(idle.filter((path) => !path.includes('?'))).toEqual([])
      } finally {
        await Promise.all([queue.remove(), redis.stop(), ci.close()])
      }
    })
  })
})
