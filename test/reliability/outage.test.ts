import { type App, openApp } from '../../src/app'
import { toGatewayRequest } from '../../src/gateway/request'
import { createLog } from '../../src/log'
import { random } from '../support/random'
import { describeService } from '../support/services'
import { type ShiftedClock, shiftedClock } from '../support/shifted-clock'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy'
import { temporaryFolder } from '../support/temporary-folder'
import { callbackEvent, callbackXml, runId, TOKEN } from '../artifact/callbacks'
import { createRabbitQueue, type RabbitQueue } from '../support/rabbit-queue'
import { removeKeys } from '../support/redis-keys'

const CALLBACKS = 1000
const OBJECTS = 40
const AT_ONCE = 16
const SEED = Number(process.env['RELAY_SEED'] ?? Date.now() % 1_000_000)

describeService('rabbitmq', (rabbitmq) => {
  describeService('redis', (redis) => {
    const folder = temporaryFolder()
    const prefix = `reliability-outage-${process.pid}:`
    let queue: RabbitQueue
    let proxy: TcpProxy
    let clock: ShiftedClock

    beforeAll(async () => {
      queue = await createRabbitQueue(rabbitmq, `reliability-outage-${process.pid}`)
      proxy = await startTcpProxy(rabbitmq)
      clock = shiftedClock()
    })
    afterAll(async () => {
      clock.restore()
      await Promise.all([queue.remove(), proxy.close(), removeKeys(redis, prefix)])
      folder.remove()
    })

    test.each([
      ['file', `file:${folder.path}`],
      ['redis', `redis://${redis}/0?prefix=${prefix}`],
    ])(
      'the queue is down for 1,000 callbacks, %s store: all parked, all delivered in order',
      async (name, storeUrl) => {
        const dice = random(SEED)
        const env = {
          CALLBACK_TOKEN: TOKEN,
          QUEUE_URL: queue.url(proxy.address),
          STORE_URL: storeUrl,
        }
        const open = async (): Promise<App> =>
          openApp(env, createLog({ level: 'silent', secrets: [], write: () => undefined }))
        const [app, other] = await Promise.all([open(), open()])
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
              const request = toGatewayRequest(callbackEvent(callbackXml(id, object)), null)
              const { status, body } = await app.relay(request, { remainingMs: null })
              answers.push(`${status} ${String(body['outcome'])}`)
            }
          }
          await Promise.all(Array.from({ length: AT_ONCE }, sender))
          const parkedAfter = performance.now()

          // Still down at the first sweep; then two sweeps at once, again and again.
          await clock.pass(20_000)
          const early = await app.sweep(null)
          await proxy.pass()
          let sweeps = 0
          for (let waiting = CALLBACKS; waiting > 0 && sweeps < 20; sweeps += 1) {
            await clock.pass(60_000)
            const reports = await Promise.all([app.sweep(null), other.sweep(null)])
            waiting = Math.max(...reports.map((report) => report.waiting))
          }
          const sweptAfter = performance.now()

          const arrived = await queue.drain()
          const orderOf = (events: readonly { id: string; object: string }[]): Record<string, string[]> => {
            const order: Record<string, string[]> = {}
            for (const { id, object } of events) (order[object] ??= []).push(id)
            return order
          }
          const got = orderOf(arrived.map(({ id, subject }) => ({ id, object: String(subject) })))
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
        } finally {
          await Promise.all([app.close(), other.close()])
        }
      },
    )
  })
})
