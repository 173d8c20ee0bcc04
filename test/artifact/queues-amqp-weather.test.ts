import { Connection } from 'rabbitmq-client'
import { createVhost } from '../support/rabbit-vhost'
import { describeService } from '../support/services'
import { startTcpProxy } from '../support/tcp-proxy'
import { callbackXml } from './callbacks'
import { openRelay } from './open-relay'

describeService('rabbitmq', (server) => {
  let vhost: ReturnType<typeof createVhost>
  let admin: Connection

  beforeAll(() => {
    vhost = createVhost(`artifact-weather-${process.pid}`)
    admin = new Connection(`amqp://guest:guest@${server}/${vhost.name}`)
  })
  afterAll(async () => {
    await admin.close()
    vhost.remove()
  })

  test('a round trip of 600 ms: delivered by the sweep at the latest, once', async () => {
    const proxy = await startTcpProxy(server)
    proxy.latency(300)
    await admin.queueDeclare({ queue: 'far' })
    const relay = openRelay({
      QUEUE_URL: `amqp://guest:guest@${proxy.address}/${vhost.name}?queue=far`,
      STORE_URL: 'memory:',
    })
    try {
      expect((await relay.post(callbackXml('i1'))).status).toBe(200)
      await relay.passTime(3_600_000)
      expect(await relay.sweep()).toMatchObject({ waiting: 0, dead: 0 })
      expect((await admin.queueDeclare({ queue: 'far', passive: true })).messageCount).toBe(1)
    } finally {
      await relay.kill()
      await proxy.close()
    }
  })

  test('a confirm after 2.5, 5 and 10 s: delivered by the first sweep, and two copies at most', async () => {
    await Promise.all(
      [2_500, 5_000, 10_000].map(async (ms) => {
        const queue = `late-${ms}`
        const proxy = await startTcpProxy(server)
        proxy.lateAfter('specversion', ms)
        await admin.queueDeclare({ queue })
        const relay = openRelay({
          QUEUE_URL: `amqp://guest:guest@${proxy.address}/${vhost.name}?queue=${queue}`,
          STORE_URL: 'memory:',
        })
        try {
          expect((await relay.post(callbackXml('i1'))).outcome).toBe('parked')
          await relay.passTime(3_600_000)
          expect(await relay.sweep()).toMatchObject({ delivered: 1, waiting: 0, dead: 0 })
          const { messageCount } = await admin.queueDeclare({ queue, passive: true })
          expect(messageCount).toBeGreaterThanOrEqual(1)
          expect(messageCount).toBeLessThanOrEqual(2)
        } finally {
          await relay.kill()
          await proxy.close()
        }
      }),
    )
  })

  test('declare=1: a queue with other arguments is taken as it is; one that was deleted is made anew', async () => {
    await admin.queueDeclare({ queue: 'own', durable: true, arguments: { 'x-max-length': 1_000 } })
    const relay = openRelay({
      QUEUE_URL: `amqp://guest:guest@${server}/${vhost.name}?queue=own&declare=1`,
      STORE_URL: 'memory:',
    })
    try {
      expect((await relay.post(callbackXml('i1'))).outcome).toBe('queued')
      await admin.queueDelete({ queue: 'own' })
      expect((await relay.post(callbackXml('i2'))).outcome).toBe('queued')
      expect((await admin.queueDeclare({ queue: 'own', passive: true })).messageCount).toBe(1)
    } finally {
      await relay.kill()
    }
  })
})
