import { setTimeout as sleep } from 'node:timers/promises'
import type { IntegratedResponse } from '@tencentcloud/serverless-nodejs-types'
import { type App, openApp } from '../../src/app'
import { toGatewayRequest } from '../../src/gateway/request'
import { toIntegratedResponse } from '../../src/gateway/response'
import { createLog } from '../../src/log'
import { type FakeRobot, serveRobot, WECOM, WECOM_KEY, type WecomMessage } from '../support/fake-robot'
import { describeService } from '../support/services'
import { type ShiftedClock, shiftedClock } from '../support/shifted-clock'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy'
import { callbackEvent, callbackXml, outcomeOf, runId, TOKEN } from '../artifact/callbacks'
import { createRabbitQueue, type RabbitQueue } from '../support/rabbit-queue'
import { removeKeys } from '../support/redis-keys'

const LONGEST_MS = 4000
const SUCCESSES = 4
const FAILURES = 3

type Target = 'queue' | 'store' | 'channel'

const FAULTS: Readonly<Record<string, (proxy: TcpProxy) => unknown>> = {
  'latency of 100 ms each way': (proxy) => proxy.latency(100),
  reset: (proxy) => proxy.reset(),
  'cut after 1 byte': (proxy) => proxy.cutAfter(1),
  'cut after 300 bytes': (proxy) => proxy.cutAfter(300),
  'cut after 2,000 bytes': (proxy) => proxy.cutAfter(2000),
  'a black hole': (proxy) => proxy.blackHole(),
  'connections that died unseen': (proxy) => proxy.strand(),
  'connection refused': async (proxy) => proxy.refuse(),
}

/** What the log must say of each target that does not work. */
const SAID: Readonly<Record<Target, RegExp>> = {
  queue: /a delivery failed: (not )?parked.*"to":"amqp","error":"[^"]{10,}/,
  store: /the ledger (is down|took no note).*"error":"[^"]{10,}/,
  channel: /a delivery failed: (not )?parked.*"to":"wecom-[0-9a-f]{12}","error":"[^"]{10,}/,
}

describeService('rabbitmq', (rabbitmq) => {
  describeService('redis', (redis) => {
    let queue: RabbitQueue
    let robot: FakeRobot<WecomMessage>
    let proxies: Readonly<Record<Target, TcpProxy>>
    let clock: ShiftedClock
    let app: App
    let lines: string[] = []
    let cases = 0
    let prefix = ''
    const slowest = { ms: 0, where: '' }
    const totals = { cases: 0, callbacks: 0, at200: 0, at503: 0, parked: 0, lost: 0 }

    beforeAll(async () => {
      queue = await createRabbitQueue(rabbitmq, `reliability-faults-${process.pid}`)
      robot = await serveRobot(WECOM)
      proxies = {
        queue: await startTcpProxy(rabbitmq),
        store: await startTcpProxy(redis),
        channel: await startTcpProxy(new URL(robot.endpoint).host),
      }
      clock = shiftedClock()
    })
    beforeEach(async () => {
      cases += 1
      prefix = `reliability-faults-${process.pid}-${cases}:`
      lines = []
      const env = {
        CALLBACK_TOKEN: TOKEN,
        QUEUE_URL: queue.url(proxies.queue.address),
        STORE_URL: `redis://${proxies.store.address}/0?prefix=${prefix}`,
        ALERT_URLS: `wecom://${WECOM_KEY}?endpoint=http://${proxies.channel.address}`,
      }
      app = await openApp(env, createLog({ level: 'info', secrets: [], write: (line) => lines.push(line) }))
    })
    afterEach(async () => {
      await app.close()
      await removeKeys(redis, prefix)
    })
    afterAll(async () => {
      clock.restore()
      await Promise.all([
        queue.remove(),
        robot.stop(),
        ...Object.values(proxies).map(async (one) => one.close()),
      ])
      process.stdout.write(
        `faults: ${totals.cases} cases, ${totals.callbacks} callbacks under a fault: ${totals.at200} answered 200 ` +
          `(${totals.parked} parked), ${totals.at503} answered 503, lost ${totals.lost}; ` +
          `the slowest took ${(slowest.ms / 1000).toFixed(2)} s (${slowest.where})\n`,
      )
    })

    const relay = async (id: string, state: string): Promise<IntegratedResponse> => {
      const request = toGatewayRequest(callbackEvent(callbackXml(id, `input/${id}.mp4`, state)), null)
      return toIntegratedResponse(await app.relay(request, { remainingMs: null }))
    }

    const restore = async (): Promise<void> => {
      for (const proxy of Object.values(proxies)) {
        // A black hole's connections do not come back to life.
        if (proxy.isBlackHole) proxy.strand()
        await proxy.pass()
      }
    }

    /** Sends callbacks at once under the faults, ends those, repeats what was not answered 200, sweeps, and counts what arrived. */
    async function under(
      where: string,
      fault: (proxy: TcpProxy) => unknown,
      targets: readonly Target[],
      warm: boolean,
    ) {
      const first = runId('f', cases * 1000)
      if (warm) {
        expect(outcomeOf(await relay(first, 'Success'))).toBe('queued')
        expect(outcomeOf(await relay(runId('f', cases * 1000 + 1), 'Failed'))).toBe('alerted')
      }
      lines = []
      for (const target of targets) await fault(proxies[target])
      const sent = Array.from({ length: SUCCESSES + FAILURES }, (_, n) => {
        return { id: runId('f', cases * 1000 + 10 + n), state: n < SUCCESSES ? 'Success' : 'Failed' }
      })
      const answers = await Promise.all(
        sent.map(async ({ id, state }) => {
          const start = performance.now()
          const answer = await relay(id, state)
          const ms = performance.now() - start
          if (ms > slowest.ms) Object.assign(slowest, { ms, where })
          return { id, state, answer, ms }
        }),
      )
      const said = lines.join('')

      await restore()
      await Promise.all(
        answers.map(async ({ id, state, answer }) => {
          // A claim that could not be given back is held until its lease ends.
          const end = performance.now() + 8000
          for (let status = answer.statusCode; status !== 200 && performance.now() < end;) {
            await sleep(300)
            status = (await relay(id, state)).statusCode
          }
        }),
      )
      // The connections must have recovered by themselves: what comes now goes straight through.
      const after = await relay(runId('f', cases * 1000 + 2), 'Success')
      let waiting = 1
      for (let sweeps = 0; waiting > 0 && sweeps < 10; sweeps++) {
        await clock.pass(120_000)
        waiting = (await app.sweep(null)).waiting
      }
      const queued = new Set((await queue.drain()).map(({ id }) => id))
      const told = robot.taken.map(({ markdown }) => markdown.content).join('\n')
      const lost = answers.filter(
        ({ id, state }) => !(state === 'Success' ? queued.has(id) : told.includes(id)),
      )

      totals.cases += 1
      totals.callbacks += answers.length
      totals.at200 += answers.filter(({ answer }) => answer.statusCode === 200).length
      totals.at503 += answers.filter(({ answer }) => answer.statusCode === 503).length
      totals.parked += answers.filter(({ answer }) => outcomeOf(answer) === 'parked').length
      totals.lost += lost.length
      expect(lost).toEqual([])
      expect(answers.filter(({ ms }) => ms > LONGEST_MS)).toEqual([])
      expect(answers.filter(({ answer }) => ![200, 503].includes(answer.statusCode))).toEqual([])
      expect(outcomeOf(after)).toBe('queued')
      return { answers, said }
    }

    describe.each(['queue', 'store', 'channel'] as const)('between relay and %s', (target) => {
      describe.each(Object.entries(FAULTS))('%s', (name, fault) => {
        test.each([
          ['after the first callbacks', true],
          ['from the start', false],
        ])('%s', async (when, warm) => {
          const { answers, said } = await under(`${target}: ${name}, ${when}`, fault, [target], warm)
          // With one of the three out of order, nobody needs to send anything again.
          expect(answers.filter(({ answer }) => answer.statusCode !== 200)).toEqual([])
          const affected = answers.filter(
            ({ state }) => state === (target === 'queue' ? 'Success' : 'Failed'),
          )
          const failed =
            target === 'store'
              ? /the ledger (is down|took no note)/.test(said)
              : affected.some(({ answer }) => outcomeOf(answer) === 'parked')
          if (failed) expect(said).toMatch(SAID[target])
          if (/black|reset|refused/.test(name)) expect(failed).toBe(true)
        })
      })
    })

    test('a connection to the ledger that died unseen: what was delivered without a claim is noted all the same', async () => {
      expect(outcomeOf(await relay(runId('g', 1), 'Success'))).toBe('queued')
      proxies.store.strand()
      expect(outcomeOf(await relay(runId('g', 2), 'Success'))).toBe('queued')
      expect(outcomeOf(await relay(runId('g', 2), 'Success'))).toBe('duplicate')
      expect((await queue.drain()).map(({ id }) => id)).toEqual([runId('g', 1), runId('g', 2)])
    })

    test.each(Object.entries(FAULTS))('%s everywhere at once', async (name, fault) => {
      await under(`everywhere: ${name}`, fault, ['queue', 'store', 'channel'], true)
    })
  })
})
