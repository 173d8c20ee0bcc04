import { setTimeout as sleep } from 'node:timers/promises'
import { toCloudEvent } from '../../src/callback/cloud-event'
import { firstItem, messageDelivery } from '../../src/relay/delivery'
import { openStore } from '../../src/stores/open-store'
import { execution } from '../support/executions'
import { random } from '../support/random'
import { describeService } from '../support/services'
import { callbackEvent, runId, TOKEN } from '../artifact/callbacks'
import { createRabbitQueue } from '../support/rabbit-queue'
import { removeKeys } from '../support/redis-keys'
import { startWorker, type Worker } from './worker'

const ITEMS = 1000
const OBJECTS = 30
const KILLS = 25
/** The sweep works at so many objects at once. */
const AT_ONCE = 8
const SEED = Number(process.env['RELAY_SEED'] ?? Date.now() % 1_000_000)

describeService('rabbitmq', (rabbitmq) => {
  describeService('redis', (redis) => {
    test('sweeps killed at 25 points: nothing parked is lost, and the order is kept', async () => {
      const dice = random(SEED)
      const prefix = `reliability-sweep-${process.pid}:`
      const queue = await createRabbitQueue(rabbitmq, `reliability-sweep-${process.pid}`)
      const storeUrl = `redis://${redis}/0?prefix=${prefix}`
      const store = await openStore(storeUrl, { credentials: () => null, region: null })
      const env = { CALLBACK_TOKEN: TOKEN, QUEUE_URL: queue.url(), STORE_URL: storeUrl, LOG_LEVEL: 'error' }
      const startLoaded = async (): Promise<Worker> => {
        const worker = startWorker(env)
        await worker.ready
        await worker.handle({ ...callbackEvent(''), httpMethod: 'GET' })
        return worker
      }
      try {
        const sent = Array.from({ length: ITEMS }, (_, number) => {
          return execution({ runId: runId('q', number), object: `input/${dice.int(OBJECTS)}.mp4` })
        })
        const failure = { message: 'the queue was down', retryAfterMs: null, throttled: false }
        const longAgo = Date.now() - 3_600_000
        await Promise.all(
          sent.map(async (one, number) => {
            const delivery = messageDelivery(toCloudEvent({ kind: 'workflow', execution: one }))
            return store.park(firstItem(delivery, failure, longAgo + number, []))
          }),
        )
        let spare = startLoaded()
        let kills = 0
        let killedAtWork = 0
        for (; kills < KILLS; kills += 1) {
          const worker = await spare
          spare = startLoaded()
          const state = { isOver: false }
          void worker.sweep().then(() => (state.isOver = true))
          await sleep(dice.int(60))
          if (!state.isOver) killedAtWork += 1
          await worker.kill()
          await sleep(2)
          // The leases of the killed sweep, ended now rather than in half a minute.
          await removeKeys(redis, `${prefix}items:lease:`)
        }
        const last = await spare
        let { waiting } = await last.sweep()
        for (let sweeps = 0; waiting > 0 && sweeps < 5; sweeps += 1) waiting = (await last.sweep()).waiting
        await last.kill()

        const arrived = await queue.drain()
        const firsts = arrived.filter(({ id }, at) => arrived.findIndex((other) => other.id === id) === at)
        const lost = sent.filter((one) => !firsts.some(({ id }) => id === one.runId))
        const objects = new Set(sent.map(({ object }) => object))
        const outOfOrder = [...objects].filter((object) => {
          const order = firsts.filter(({ subject }) => subject === object).map(({ id }) => id)
          const expected = sent.filter((one) => one.object === object).map((one) => one.runId)
          return JSON.stringify(order) !== JSON.stringify(expected)
        })
        process.stdout.write(
          `sweep crash: ${kills} kills (${killedAtWork} at work) over ${ITEMS} parked messages: lost ${lost.length}, ` +
            `delivered again ${arrived.length - firsts.length}, objects out of order ${outOfOrder.length}; seed ${SEED}\n`,
        )
        expect(waiting).toBe(0)
        expect(lost).toEqual([])
        expect(outOfOrder).toEqual([])
        expect(arrived.length - firsts.length).toBeLessThanOrEqual(killedAtWork * AT_ONCE)
        // On a quick machine the last ones find nothing left to do.
        expect(killedAtWork).toBeGreaterThan(KILLS / 4)
      } finally {
        await Promise.all([store.close(), queue.remove()])
        await removeKeys(redis, prefix)
      }
    })
  })
})
