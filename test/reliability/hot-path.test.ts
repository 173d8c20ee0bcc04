import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { openApp } from '../../src/app'
import { toGatewayRequest } from '../../src/gateway/request'
import { createLog } from '../../src/log'
import { PAGERDUTY, PAGERDUTY_KEY, serveRobot, WECOM, WECOM_KEY } from '../support/fake-robot'
import { describeService } from '../support/services'
import { temporaryFolder } from '../support/temporary-folder'
import { callbackEvent, callbackXml, runId, TOKEN } from '../artifact/callbacks'
import { removeKeys } from '../support/redis-keys'

/** Every command that Redis gets for keys with this prefix, by name, as it tells itself (MONITOR); those that a script runs do not count. */
async function watchRedis(
  address: string,
  prefix: string,
): Promise<{ take: () => Promise<string[]>; close: () => void }> {
  const [host = '', port] = address.split(':')
  const socket = connect({ host, port: Number(port) })
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
        return command !== undefined && source !== 'lua' && line.includes(prefix)
          ? [command.toLowerCase()]
          : []
      })
    },
    close: () => socket.destroy(),
  }
}

describeService('redis', (redis) => {
  const prefix = `reliability-hot-${process.pid}:`
  const folder = temporaryFolder()
  afterAll(async () => {
    await removeKeys(redis, prefix)
    folder.remove()
  })

  test('claim and settle cost two round trips to Redis a callback', async () => {
    const wecom = await serveRobot(WECOM)
    const pagerduty = await serveRobot(PAGERDUTY)
    const watch = await watchRedis(redis, prefix)
    const env = (queue: string, alerts: string) => ({
      CALLBACK_TOKEN: TOKEN,
      QUEUE_URL: queue,
      STORE_URL: `redis://${redis}/0?prefix=${prefix}`,
      ...(alerts && { ALERT_URLS: alerts }),
    })
    const log = createLog({ level: 'silent', secrets: [], write: () => undefined })
    const good = `file:${folder.path}/queue.jsonl`
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
      const app = await openApp(env(queue, alerts), log)
      const relay = async (runId_: string) =>
        app.relay(toGatewayRequest(callbackEvent(callbackXml(runId_, 'input/clip.mp4', state)), null), {
          remainingMs: null,
        })
      await relay(runId('w', number++))
      await watch.take()
      const { status } = await relay(id ?? runId('w', number++))
      expect(status).toBe(200)
      const commands = await watch.take()
      await app.close()
      return commands
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
      expect(costs['success, PagerDuty configured']).toHaveLength(3)
      expect(costs['success parked']).toHaveLength(3)
      expect(costs['failure, WeCom']).toHaveLength(3)
      expect(costs['failure, PagerDuty']).toHaveLength(4)
    } finally {
      watch.close()
      await Promise.all([wecom.stop(), pagerduty.stop()])
    }
  })
})
