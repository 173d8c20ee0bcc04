import { Connection } from 'rabbitmq-client'
import { callbackXml } from '../artifact/callbacks'
import { openRelay, type Relay } from '../artifact/open-relay'
import { createVhost, setMemoryAlarm } from '../support/rabbit-vhost'
import { describeService } from '../support/services'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy'

const HOUR = 3_600_000

// Here, where nothing else runs: the alarm is the whole broker's.
describeService('rabbitmq', (server) => {
  let vhost: ReturnType<typeof createVhost>
  let admin: Connection
  let proxy: TcpProxy
  let relay: Relay

  beforeAll(async () => {
    vhost = createVhost(`memory-alarm-${process.pid}`)
    admin = new Connection(`amqp://guest:guest@${server}/${vhost.name}`)
    proxy = await startTcpProxy(server)
  })
  afterEach(async () => {
    setMemoryAlarm(false)
    await relay.kill()
  })
  afterAll(async () => {
    await admin.close()
    await proxy.close()
    vhost.remove()
  })

  test.each(['warm', 'fresh'])(
    'RabbitMQ is out of memory under a %s instance: each message arrives once, over one connection',
    async (instance) => {
      const queue = `blocked-${instance}`
      await admin.queueDeclare({ queue })
      relay = openRelay({
        QUEUE_URL: `amqp://guest:guest@${proxy.address}/${vhost.name}?queue=${queue}`,
        STORE_URL: 'memory:',
      })
      const before = instance === 'warm' ? 1 : 0
      if (before === 1) expect((await relay.post(callbackXml('w0'))).outcome).toBe('queued')
      const connections = proxy.connections - before
      setMemoryAlarm(true)
      for (let i = 1; i <= 5; i++) expect((await relay.post(callbackXml(`w${i}`))).outcome).toBe('parked')
      // Not longer than a broker that lives is silent: over what may be dead, another connection would be right.
      for (let i = 0; i < 3; i++) {
        await relay.passTime(20_000)
        expect(await relay.sweep()).toMatchObject({ delivered: 0, dead: 0, waiting: 5 })
      }
      expect(proxy.connections - connections).toBe(1)
      expect(JSON.stringify(relay.log())).toMatch(/the broker takes no messages now \(low on memory\)/)

      setMemoryAlarm(false)
      // It reads on: the first message was on its way.
      const count = async (): Promise<number> =>
        (await admin.queueDeclare({ queue, passive: true })).messageCount
      while ((await count()) === before) await new Promise((resolve) => setTimeout(resolve, 20))
      for (let i = 0; i < 10; i++) {
        await relay.passTime(HOUR)
        if ((await relay.sweep()).waiting === 0) break
      }
      expect(await count()).toBe(5 + before)
    },
  )
})
