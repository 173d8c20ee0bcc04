import { setTimeout as sleep } from 'node:timers/promises'
import type { IntegratedResponse } from '@tencentcloud/serverless-nodejs-types'
import { random } from '../support/random'
import { describeService } from '../support/services'
import { callbackEvent, callbackXml, outcomeOf, runId, TOKEN, waitOf } from '../artifact/callbacks'
import { createRabbitQueue } from '../support/rabbit-queue'
import { startRedis } from '../support/redis-server'
import { startWorker } from './worker'

const PROCESSES = 4
const INSTANCES = 16
const IDS = 500
const TIMES = 5
/** So many callbacks at once, each five times. */
const AT_ONCE = 12
const SEED = Number(process.env['RELAY_SEED'] ?? Date.now() % 1_000_000)

describeService('rabbitmq', (rabbitmq) => {
  describeService('redis', () => {
    test('64 workers, each callback sent 5 times at once: each is in the queue exactly once', async () => {
      const dice = random(SEED)
      const redis = await startRedis()
      const queue = await createRabbitQueue(rabbitmq, `reliability-concurrency-${process.pid}`)
      const env = {
        CALLBACK_TOKEN: TOKEN,
        QUEUE_URL: queue.url(),
        STORE_URL: `redis://${redis.address}/0`,
        LOG_LEVEL: 'warn',
      }
      const processes = Array.from({ length: PROCESSES }, () => startWorker(env, INSTANCES))
      const workers = processes.flatMap((one) =>
        Array.from(
          { length: INSTANCES },
          (_, instance) => async (event: unknown) => one.handle(event, instance),
        ),
      )
      try {
        await Promise.all(processes.map(async ({ ready }) => ready))
        // An instance of the cloud has a process to itself; here, sixteen would load their drivers on one another's time.
        await Promise.all(workers.map(async (worker) => worker({ ...callbackEvent(''), httpMethod: 'GET' })))
        const start = performance.now()
        const answers = new Map<string, number>()
        const odd: IntegratedResponse[] = []
        let requests = 0

        /** Repeats, at another worker each time and sooner than asked to, what was not answered 200. */
        const send = async (event: unknown, first: number): Promise<string> => {
          for (let worker = first; ; worker = dice.int(workers.length)) {
            requests += 1
            const answer = await workers[worker]!(event)
            const key = `${answer.statusCode} ${String(outcomeOf(answer))}`
            answers.set(key, (answers.get(key) ?? 0) + 1)
            if (!['200 queued', '200 duplicate', '503 held'].includes(key)) odd.push(answer)
            if (answer.statusCode === 200) return String(outcomeOf(answer))
            waitOf(answer)
            await sleep(20 + dice.int(80))
          }
        }
        let next = 0
        let notOnceQueued = 0
        const sender = async (): Promise<void> => {
          while (next < IDS) {
            const id = runId('p', next++)
            const event = callbackEvent(callbackXml(id, `input/${id}.mp4`))
            const first = dice.int(workers.length)
            // Five neighbours: of one process, or of two.
            const outcomes = await Promise.all(
              Array.from({ length: TIMES }, async (_, n) => send(event, (first + n * 17) % workers.length)),
            )
            if (outcomes.filter((outcome) => outcome === 'queued').length !== 1) notOnceQueued += 1
          }
        }
        await Promise.all(Array.from({ length: AT_ONCE }, sender))
        const seconds = (performance.now() - start) / 1000

        const ids = (await queue.drain()).map(({ id }) => id)
        const twice = ids.length - new Set(ids).size
        const counts = [...answers].map(([answer, count]) => `${count} × ${answer}`).join(', ')
        // Said when Redis did not answer a claim in time, as on a machine that has too much to do: such a one is delivered without.
        const log = processes.flatMap((process) => process.log())
        const unclaimed = log.filter(({ msg }) => msg.startsWith('the ledger '))
        process.stdout.write(
          `concurrency: ${workers.length} workers, ${IDS} ids sent ${TIMES} times at once (${requests} requests with repeats): ` +
            `${new Set(ids).size} ids in the queue, ${twice} of them twice, ${unclaimed.length} late claims that explain it; ` +
            `${counts}; ${seconds.toFixed(0)} s, seed ${SEED}\n`,
        )
        expect(log.filter((line) => line.msg !== 'callback' && !unclaimed.includes(line))).toEqual([])
        expect(processes.flatMap(({ faults }) => faults)).toEqual([])
        expect(odd).toEqual([])
        expect([...new Set(ids)].sort()).toEqual(
          Array.from({ length: IDS }, (_, number) => runId('p', number)),
        )
        expect(twice).toBeLessThanOrEqual(unclaimed.length)
        expect(notOnceQueued).toBeLessThanOrEqual(unclaimed.length)
      } finally {
        await Promise.all(processes.map(async (one) => one.kill()))
        await Promise.all([queue.remove(), redis.stop()])
      }
    })
  })
})
