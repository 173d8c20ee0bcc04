import { readdirSync, readlinkSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRabbitQueue } from '../support/rabbit-queue'
import { serveRobot, WECOM, WECOM_KEY } from '../support/fake-robot'
import { startRedis } from '../support/redis-server'
import { describeService } from '../support/services'
import { callbackXml, runId } from './callbacks'
import { openRelay, type Relay } from './open-relay'

const CALLBACKS = 3000
const AT_ONCE = 16

interface Open {
  readonly sockets: number
  readonly timers: number
}

/** What the process holds, by the system's word and by its own. */
async function openIn(relay: Relay): Promise<Open> {
  const before = relay.printed().length
  process.kill(relay.pid, 'SIGUSR2')
  const told = (): RegExpExecArray | null => /timers: (\d+)/.exec(relay.printed().slice(before))
  while (told() === null) await sleep(5)
  const sockets = readdirSync(`/proc/${relay.pid}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${relay.pid}/fd/${fd}`).startsWith('socket:')
    } catch {
      return false
    }
  })
  return { sockets: sockets.length, timers: Number(told()?.[1]) }
}

// `npm run bench -- --soak` looks at the memory, for longer.
describeService('rabbitmq', (rabbitmq) => {
  describeService('redis', () => {
    test('a warm instance holds no more sockets and timers after 3,000 callbacks than after the first', async () => {
      const redis = await startRedis()
      const queue = await createRabbitQueue(rabbitmq, `soak-${process.pid}`)
      const robot = await serveRobot(WECOM)
      const relay = openRelay(
        {
          QUEUE_URL: queue.url(),
          STORE_URL: `redis://${redis.address}/0`,
          ALERT_URLS: `wecom://${WECOM_KEY}?endpoint=${robot.endpoint}`,
          LOG_LEVEL: 'error',
        },
        { execArgv: ['--require', resolve(__dirname, 'count-timers.cjs')], heapMb: 80 },
      )
      let sent = 0
      /** Each tenth one failed: most of these wait for the channel's limit. */
      const send = async (): Promise<void> => {
        const number = (sent += 1)
        const failed = number % 10 === 2
        const body = callbackXml(runId('k', number), 'clip.mp4', failed ? 'Failed' : 'Success')
        expect((await relay.post(body)).status).toBe(200)
      }
      const sender = async (): Promise<void> => {
        while (sent < CALLBACKS) await send()
      }
      try {
        await send()
        await send()
        await sleep(100)
        const atStart = await openIn(relay)
        await Promise.all(Array.from({ length: AT_ONCE }, sender))
        // A timer of an answer that came in time may live as long as the longest deadline.
        let atEnd = await openIn(relay)
        for (let tries = 0; tries < 100 && !isAtMost(atEnd, atStart); tries += 1) {
          await sleep(100)
          atEnd = await openIn(relay)
        }
        expect(atEnd.sockets).toBeLessThanOrEqual(atStart.sockets)
        expect(atEnd.timers).toBeLessThanOrEqual(atStart.timers)
        expect(atStart.sockets).toBeGreaterThan(2)
        expect(await queue.drain()).toHaveLength(CALLBACKS - CALLBACKS / 10)
        expect(relay.faults).toEqual([])
      } finally {
        await relay.kill()
        await Promise.all([queue.remove(), robot.stop(), redis.stop()])
      }
    })
  })
})

function isAtMost(a: Open, b: Open): boolean {
  return a.sockets <= b.sockets && a.timers <= b.timers
}
