import { type AddressInfo, createServer } from 'node:net'
import { workflowCallback } from '../support/failed-callback'
import { type FakeRobot, serveRobot, WECOM, WECOM_KEY, type WecomMessage } from '../support/fake-robot'
import { type RedisServer, startRedis } from '../support/redis-server'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy'
import { temporaryFolder } from '../support/temporary-folder'
import { callbackXml, runId } from './callbacks'
import { type HttpPeer, startPeer } from './http-peer'
import { openRelay, type Relay } from './open-relay'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

let receiver: HttpPeer
let robot: FakeRobot<WecomMessage>
let redis: RedisServer
let relay: Relay

beforeAll(async () => {
  receiver = await startPeer()
  robot = await serveRobot(WECOM)
  redis = await startRedis()
})
afterEach(async () => relay.kill())
afterAll(async () => {
  await Promise.all([receiver.stop(), robot.stop(), redis.stop()])
})

/** What stands at the other end of a network, how a callback comes to it, and how often it has taken it. */
interface Destination {
  readonly address: () => string
  readonly env: (address: string) => Readonly<Record<string, string>>
  readonly state: 'Success' | 'Failed'
  readonly taken: (id: string) => Promise<number>
}

const STREAM = 'weather'
const DESTINATIONS: Readonly<Record<string, Destination>> = {
  'an HTTP queue': {
    address: () => new URL(receiver.url).host,
    env: (address) => ({ QUEUE_URL: `http://${address}/`, STORE_URL: 'memory:' }),
    state: 'Success',
    taken: async (id) => Promise.resolve(receiver.taken.filter((event) => event.id.includes(id)).length),
  },
  'a robot': {
    address: () => new URL(robot.endpoint).host,
    env: (address) => ({
      ALERT_URLS: `wecom://${WECOM_KEY}?endpoint=http://${address}`,
      STORE_URL: 'memory:',
    }),
    state: 'Failed',
    taken: async (id) =>
      Promise.resolve(robot.taken.filter((message) => JSON.stringify(message).includes(id)).length),
  },
  'a Redis stream': {
    address: () => redis.address,
    env: (address) => ({ QUEUE_URL: `redis://${address}/0?stream=${STREAM}`, STORE_URL: 'memory:' }),
    state: 'Success',
    taken: async (id) => {
      const all = await redis.command('XRANGE', STREAM, '-', '+')
      return (all.match(new RegExp(`"runId":"${id}"`, 'g')) ?? []).length
    },
  },
  'a Redis store': {
    address: () => redis.address,
    env: (address) => ({ QUEUE_URL: receiver.url, STORE_URL: `redis://${address}/0?prefix=weather` }),
    state: 'Success',
    taken: async (id) => Promise.resolve(receiver.taken.filter((event) => event.id.includes(id)).length),
  },
}

let count = 0
const post = async (state: 'Success' | 'Failed') => {
  const id = runId('w', (count += 1))
  const body =
    state === 'Success'
      ? callbackXml(id)
      : workflowCallback({ runId: id, object: `${id}.mp4`, workflow: 'w', tasks: ['t'] })
  return { id, answered: await relay.post(body) }
}

describe.each(Object.entries(DESTINATIONS))('%s', (_, { address, env, state, taken }) => {
  let proxy: TcpProxy

  beforeEach(async () => {
    proxy = await startTcpProxy(address())
    relay = openRelay(env(proxy.address))
  })
  afterEach(async () => proxy.close())

  test.each([300, 600])(
    'with a round trip of %i ms: each callback is delivered once, by the sweep at the latest',
    async (ms) => {
      proxy.latency(ms / 2)
      const sent = [await post(state), await post(state)]
      for (const { answered } of sent) expect(answered.status).toBe(200)
      await relay.passTime(HOUR)
      expect(await relay.sweep()).toMatchObject({ dead: 0, waiting: 0 })
      for (const { id } of sent) expect(await taken(id)).toBe(1)
    },
  )

  test('was frozen for a quarter of an hour, and a router forgot its connections: the first callback goes through', async () => {
    const outcome = state === 'Success' ? 'queued' : 'alerted'
    expect((await post(state)).answered.outcome).toBe(outcome)
    for (const far of [false, true]) {
      proxy.strand()
      if (far) proxy.latency(40)
      await relay.passTime(15 * MINUTE)
      const { id, answered } = await post(state)
      expect(answered.outcome).toBe(outcome)
      expect(answered.ms).toBeLessThan(2_500)
      expect(await taken(id)).toBe(1)
      expect(JSON.stringify(relay.log())).not.toMatch(/ledger is down/)
    }
  })
})

describe.each([
  ['is cut short', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', true],
  ['never ends', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', false],
])('an answer whose body %s', (_, words, isCut) => {
  test('is a success of an HTTP queue, which is sent it once; a robot may have shown it, and is asked five times at most', async () => {
    const requests: { readonly path: string; readonly body: string }[] = []
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        const body = chunk.toString()
        const [, path] = /^POST (\S+)/.exec(body) ?? []
        if (path === undefined) return
        requests.push({ path, body })
        socket.write(words)
        if (isCut) setTimeout(() => socket.destroy(), 20)
      })
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const address = `127.0.0.1:${String((server.address() as AddressInfo).port)}`
    const folder = temporaryFolder()
    relay = openRelay({
      QUEUE_URL: `http://${address}/queue`,
      ALERT_URLS: `wecom://k?endpoint=http://${address}`,
      STORE_URL: `file:${folder.path}`,
    })
    try {
      expect((await post('Success')).answered.outcome).toBe('queued')
      expect((await post('Failed')).answered).toMatchObject({ status: 200, outcome: 'parked' })
      await relay.kill()
      // A sweep gives each try twenty seconds: a new one is cut off by its own end.
      relay = openRelay(
        { ALERT_URLS: `wecom://k?endpoint=http://${address}`, STORE_URL: `file:${folder.path}` },
        { remainingMs: { callback: 3_000, sweep: 4_000 } },
      )
      for (let i = 0; i < (isCut ? 12 : 2); i += 1) {
        await relay.passTime(8 * HOUR)
        await relay.sweep()
      }
      expect(requests.filter(({ path }) => path === '/queue')).toHaveLength(1)
      // Once it is given up, the robot is told of that.
      const alerts = requests.filter(({ path, body }) => path !== '/queue' && !body.includes('given up'))
      expect(alerts.length).toBeGreaterThan(1)
      expect(alerts.length).toBeLessThanOrEqual(5)
    } finally {
      await relay.kill()
      await new Promise((done) => server.close(done))
      folder.remove()
    }
  })
})

test.each([
  [
    'is not there',
    '/nowhere/ca.pem',
    /NODE_EXTRA_CA_CERTS: the file \/nowhere\/ca\.pem cannot be read \(ENOENT\)/,
  ],
  ['holds no certificate', __filename, /NODE_EXTRA_CA_CERTS: the file \S+ holds no certificate \(PEM\)/],
])(
  'a file of certificates that %s: what goes by TLS waits and says so, all else goes on',
  async (_, file, words) => {
    relay = openRelay({
      QUEUE_URL: receiver.url,
      ALERT_URLS: 'alertmanagers://127.0.0.1:1',
      STORE_URL: 'memory:',
      NODE_EXTRA_CA_CERTS: file,
    })
    expect((await post('Success')).answered.outcome).toBe('queued')
    expect((await post('Failed')).answered.outcome).toBe('parked')
    expect(
      relay
        .log()
        .map(({ error }) => String(error))
        .join(),
    ).toMatch(words)
  },
)
