import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { PAGERDUTY, PAGERDUTY_KEY, serveRobot, WECOM, WECOM_KEY } from '../support/fake-robot'
import { startRedis } from '../support/redis-server'
import { describeService } from '../support/services'
import { callbackXml, runId } from '../artifact/callbacks'
import { openRelay } from '../artifact/open-relay'

/** Every command that a Redis gets, by name, as it tells itself (MONITOR); those that a script runs do not count. */
async function watchRedis(port: number): Promise<{ take: () => Promise<string[]>; close: () => void }> {
  const socket = connect({ host: '127.0.0.1', port })
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  socket.write('MONITOR\r\n')
  while (!text.includes('+OK')) await sleep(5)
  return {
    async take() {
      await sleep(50)
      const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\r\n')
      text = ''
      return lines.flatMap((line) => {
        const [, source, command] = /^\+[\d.]+ \[\d+ ([^\]]+)\] "(\w+)"/.exec(line) ?? []
        return command !== undefined && source !== 'lua' ? [command.toLowerCase()] : []
      })
    },
    close: () => socket.destroy(),
  }
}

describeService('redis', () => {
  test('claim and settle cost two round trips to Redis a callback', async () => {
    const redis = await startRedis()
    const wecom = await serveRobot(WECOM)
    const pagerduty = await serveRobot(PAGERDUTY)
    const watch = await watchRedis(redis.port)
    const good = 'file:/dev/null'
    const bad = 'amqp://127.0.0.1:1/?queue=none'
    const robot = `wecom://${WECOM_KEY}?endpoint=${wecom.endpoint}`
    const pager = `pagerduty://${PAGERDUTY_KEY}?endpoint=${pagerduty.endpoint}`
    let number = 0

    /** The commands of one callback, after a first one that opened what is to be opened. */
    const commandsOf = async (
      queue: string,
      alerts: string,
      state: string,
      id?: string,
    ): Promise<string[]> => {
      const relay = openRelay({
        QUEUE_URL: queue,
        STORE_URL: `redis://${redis.address}/0`,
        ALERT_URLS: alerts,
      })
      try {
        await relay.post(callbackXml(runId('w', number++), 'input/clip.mp4', state))
        await watch.take()
        const { status } = await relay.post(callbackXml(id ?? runId('w', number++), 'input/clip.mp4', state))
        expect(status).toBe(200)
        return await watch.take()
      } finally {
        await relay.kill()
      }
    }
    try {
      const costs = {
        success: await commandsOf(good, '', 'Success'),
        'success, PagerDuty configured': await commandsOf(good, pager, 'Success'),
        duplicate: await commandsOf(good, '', 'Success', runId('w', 0)),
        'success parked': await commandsOf(bad, '', 'Success'),
        'failure, WeCom': await commandsOf(good, robot, 'Failed'),
        'failure, PagerDuty': await commandsOf(good, pager, 'Failed'),
      }
      process.stdout.write(
        `hot path: round trips to Redis a callback: ${Object.entries(costs)
          .map(([what, commands]) => `${what} ${commands.length} (${commands.join(', ')})`)
          .join('; ')}\n`,
      )
      expect(costs.success).toEqual(['evalsha', 'set'])
      expect(costs.duplicate).toEqual(['evalsha'])
      expect(costs['success, PagerDuty configured']).toHaveLength(5)
      expect(costs['success parked']).toHaveLength(3)
      expect(costs['failure, WeCom']).toHaveLength(3)
      expect(costs['failure, PagerDuty']).toHaveLength(5)
    } finally {
      watch.close()
      await Promise.all([wecom.stop(), pagerduty.stop(), redis.stop()])
    }
  })
})
