import { random } from '../support/random'
import { createRabbitQueue } from '../support/rabbit-queue'
import { startRedis } from '../support/redis-server'
import { describeService } from '../support/services'
import { startTcpProxy } from '../support/tcp-proxy'
import { temporaryFolder } from '../support/temporary-folder'
import { callbackEvent, callbackXml, outcomeOf, runId } from '../artifact/callbacks'
import { openRelay } from '../artifact/open-relay'

const CALLBACKS = 1000
const OBJECTS = 40
const AT_ONCE = 16
const SEED = Number(process.env['RELAY_SEED'] ?? Date.now() % 1_000_000)

/** The ids by object, in their order. */
function orderOf(
  callbacks: readonly { readonly id: string; readonly object: string }[],
): Record<string, string[]> {
  const order: Record<string, string[]> = {}
  for (const { id, object } of callbacks) (order[object] ??= []).push(id)
  return order
}

describeService('rabbitmq', (rabbitmq) => {
  describeService('redis', () => {
    test.each(['file', 'redis'])(
      'the queue is down for 1,000 callbacks, %s store: all parked, all delivered in order',
      async (name) => {
        const dice = random(SEED)
        const folder = temporaryFolder()
        const redis = await startRedis()
        const queue = await createRabbitQueue(rabbitmq, `reliability-outage-${name}-${process.pid}`)
        const proxy = await startTcpProxy(rabbitmq)
        const relay = openRelay(
          {
            QUEUE_URL: queue.url(proxy.address),
            STORE_URL: name === 'file' ? `file:${folder.path}` : `redis://${redis.address}/0`,
            LOG_LEVEL: 'fatal',
          },
          { instances: 2 },
        )
        const sent = Array.from({ length: CALLBACKS }, (_, number) => {
          return { id: runId('o', number), object: `input/${dice.int(OBJECTS)}.mp4` }
        })
        try {
          await proxy.refuse()
          const start = performance.now()
          const answers: string[] = []
          let next = 0
          const sender = async (): Promise<void> => {
            while (next < CALLBACKS) {
              const { id, object } = sent[next++]!
              const answer = await relay.handle(callbackEvent(callbackXml(id, object)))
              answers.push(`${answer.statusCode} ${String(outcomeOf(answer))}`)
            }
          }
          await Promise.all(Array.from({ length: AT_ONCE }, sender))
          const parkedAfter = performance.now()

          // Still down at the first sweep; then two sweeps at once, again and again.
          await relay.passTime(20_000)
          const early = await relay.sweep()
          await proxy.pass()
          let sweeps = 0
          for (let waiting = CALLBACKS; waiting > 0 && sweeps < 20; sweeps += 1) {
            await relay.passTime(60_000)
            const reports = await Promise.all([relay.sweep(0), relay.sweep(1)])
            waiting = Math.max(...reports.map((report) => report.waiting))
          }
          const sweptAfter = performance.now()

          const arrived = await queue.drain()
          const got = orderOf(arrived.map(({ id, subject }) => ({ id, object: subject })))
          const expected = orderOf(sent)
          const outOfOrder = Object.keys(expected).filter(
            (object) => JSON.stringify(got[object]) !== JSON.stringify(expected[object]),
          )
          const parked = answers.filter((answer) => answer === '200 parked').length
          process.stdout.write(
            `outage, ${name} store: ${CALLBACKS} callbacks about ${OBJECTS} objects: ${parked} answered 200 parked ` +
              `(${((parkedAfter - start) / 1000).toFixed(1)} s), ${new Set(arrived.map(({ id }) => id)).size} delivered, ` +
              `${arrived.length - new Set(arrived.map(({ id }) => id)).size} twice, objects out of order ${outOfOrder.length}; ` +
              `${sweeps} pairs of sweeps (${((sweptAfter - parkedAfter) / 1000).toFixed(1)} s), seed ${SEED}\n`,
          )
          expect(answers.filter((answer) => answer !== '200 parked')).toEqual([])
          expect(early).toMatchObject({ delivered: 0, dead: 0, waiting: CALLBACKS })
          expect(arrived).toHaveLength(CALLBACKS)
          expect(outOfOrder).toEqual([])
          expect(relay.faults).toEqual([])
        } finally {
          await relay.kill()
          await Promise.all([queue.remove(), proxy.close(), redis.stop()])
          folder.remove()
        }
      },
    )
  })
})
