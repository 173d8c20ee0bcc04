import { setTimeout as sleep } from 'node:timers/promises'
import { random } from '../support/random'
import { createRabbitQueue } from '../support/rabbit-queue'
import { startRedis } from '../support/redis-server'
import { describeService } from '../support/services'
import { callbackEvent, callbackXml, outcomeOf, runId } from '../artifact/callbacks'
import { passRedisTime } from './redis-time'
import { startWorker, type Worker } from './worker'

const CALLBACKS = 3000
const OBJECTS = 30
const KILLS = 25
/** Callbacks sent at once. */
const AT_ONCE = 30
/** What a sweep has under way at once: two batches of so many. */
const UNDER_WAY = 2 * 192
const HOUR = 3_600_000
/** Longer than the lease of a killed sweep. */
const LEASE_OVER = 150_000
const SEED = Number(process.env['RELAY_SEED'] ?? Date.now() % 1_000_000)

describeService('rabbitmq', (rabbitmq) => {
  describeService('redis', () => {
    test('sweeps killed at 25 points: nothing parked is lost, and the order is kept', async () => {
      const dice = random(SEED)
      const redis = await startRedis()
      const queue = await createRabbitQueue(rabbitmq, `reliability-sweep-${process.pid}`)
      const env = { QUEUE_URL: queue.url(), STORE_URL: `redis://${redis.address}/0`, LOG_LEVEL: 'error' }
      /** An hour later, and after the leases of the sweeps killed before it: what was parked is due. */
      const startLoaded = async (sweepsBefore: number): Promise<Worker> => {
        const worker = startWorker(env)
        await worker.ready
        await worker.handle({ ...callbackEvent(''), httpMethod: 'GET' })
        await worker.passTime(HOUR + sweepsBefore * LEASE_OVER)
        return worker
      }
      try {
        const sent = Array.from({ length: CALLBACKS }, (_, number) => {
          return { id: runId('q', number), object: `input/${dice.int(OBJECTS)}.mp4` }
        })
        const outage = startWorker({ ...env, QUEUE_URL: 'amqp://127.0.0.1:1/?queue=none' })
        const outcomes: unknown[] = []
        for (let from = 0; from < CALLBACKS; from += AT_ONCE)
          outcomes.push(
            ...(await Promise.all(
              sent.slice(from, from + AT_ONCE).map(async ({ id, object }) => {
                return outcomeOf(await outage.handle(callbackEvent(callbackXml(id, object))))
              }),
            )),
          )
        await outage.kill()
        expect(outcomes.filter((outcome) => outcome !== 'parked')).toEqual([])

        let spare = startLoaded(0)
        let kills = 0
        let killedAtWork = 0
        for (; kills < KILLS; kills += 1) {
          const worker = await spare
          spare = startLoaded(kills + 1)
          const state = { isOver: false }
          const before = await queue.count()
          void worker.sweep().then(() => (state.isOver = true))
          // At work: the first of its messages has come.
          while (!state.isOver && (await queue.count()) === before) await sleep(1)
          await sleep(dice.int(100))
          if (!state.isOver) killedAtWork += 1
          await worker.kill()
          // The locks of the killed sweep, ended now rather than in some minutes.
          await passRedisTime(redis, LEASE_OVER)
        }
        const last = await spare
        let { waiting, delivered } = await last.sweep()
        for (let sweeps = 0; waiting > 0 && sweeps < 5; sweeps += 1) {
          const report = await last.sweep()
          waiting = report.waiting
          delivered += report.delivered
        }
        await last.kill()

        const arrived = await queue.drain()
        const firsts = arrived.filter(({ id }, at) => arrived.findIndex((other) => other.id === id) === at)
        const lost = sent.filter((one) => !firsts.some(({ id }) => id === one.id))
        const objects = new Set(sent.map(({ object }) => object))
        const outOfOrder = [...objects].filter((object) => {
          const order = firsts.filter(({ subject }) => subject === object).map(({ id }) => id)
          const expected = sent.filter((one) => one.object === object).map((one) => one.id)
          return JSON.stringify(order) !== JSON.stringify(expected)
        })
        process.stdout.write(
          `sweep crash: ${kills} kills (${killedAtWork} at work, by then ${CALLBACKS - delivered} delivered) over ${CALLBACKS} parked messages: lost ${lost.length}, ` +
            `delivered again ${arrived.length - firsts.length}, objects out of order ${outOfOrder.length}; seed ${SEED}\n`,
        )
        expect(waiting).toBe(0)
        expect(lost).toEqual([])
        expect(outOfOrder).toEqual([])
        expect(arrived.length - firsts.length).toBeLessThanOrEqual(killedAtWork * UNDER_WAY)
        // On a quick machine the last ones find nothing left to do.
        expect(killedAtWork).toBeGreaterThan(KILLS / 4)
      } finally {
        await Promise.all([queue.remove(), redis.stop()])
      }
    })
  })
})
