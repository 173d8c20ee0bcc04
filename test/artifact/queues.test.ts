import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startFakeCmq } from '../support/fake-cmq'
import { queueContract } from '../contracts/queue-contract'
import { startRedis } from '../support/redis-server'
import { describeService } from '../support/services'
import { TOKEN } from './callbacks'
import { openRelay } from './open-relay'

const PASSWORD = 'p@ss/word:%1'

describeService('redis', () => {
  queueContract('redis', async () => {
    const redis = await startRedis(['--requirepass', PASSWORD])
    const login = `:${encodeURIComponent(PASSWORD)}`
    return {
      server: redis.address,
      env: (address) => ({ QUEUE_URL: `redis://${login}@${address}/5?stream=s` }),
      refuse: {
        env: (address) => ({ QUEUE_URL: `redis://:wrong-secret@${address}/5?stream=s` }),
        words: /WRONGPASS/,
      },
      secrets: [PASSWORD, 'wrong-secret'],
      async received() {
        const said = await redis.command(
          'AUTH',
          PASSWORD,
          '\r\nSELECT',
          '5\r\nXRANGE',
          's',
          '-',
          '+\r\nDEL',
          's',
        )
        return [...said.matchAll(/^\{"specversion".*\}$/gm)].map(([event]) => JSON.parse(event) as unknown)
      },
      close: () => redis.stop(),
    }
  })
})

queueContract('http', async () => {
  let inbox: unknown[] = []
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw+/A='
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const isRefused = request.url?.startsWith('/refuse') === true
      if (!isRefused) inbox.push(JSON.parse(Buffer.concat(chunks).toString()))
      response.writeHead(isRefused ? 500 : 204).end(isRefused ? `not ${String(request.url)}` : '')
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    server: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    env: (address) => ({ QUEUE_URL: `http://user:p%40ss-word@${address}/path-secret#secret=${secret}` }),
    refuse: {
      env: (address) => ({
        QUEUE_URL: `http://${address}/refuse/path-secret?sig=sig-secret#secret=${secret}`,
      }),
      words: /answered 500$/,
    },
    secrets: [secret, 'path-secret', 'sig-secret', 'p@ss-word', 'user:p@ss-word'],
    received: () => {
      const events = inbox
      inbox = []
      return Promise.resolve(events)
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
})

queueContract('cmq', async () => {
  const keys = {
    secretId: 'AKIDcontract',
    secretKey: 'contract-secret-key',
    sessionToken: 'session/token+==',
  }
  const fake = await startFakeCmq('orders', keys)
  const role = {
    TENCENTCLOUD_SECRETID: keys.secretId,
    TENCENTCLOUD_SECRETKEY: keys.secretKey,
    TENCENTCLOUD_SESSIONTOKEN: keys.sessionToken,
  }
  return {
    server: fake.address,
    env: (address) => ({ ...role, QUEUE_URL: `cmq://orders?region=gz&endpoint=http://${address}` }),
    refuse: {
      env: (address) => ({ ...role, QUEUE_URL: `cmq://nothing?region=gz&endpoint=http://${address}` }),
      words: /queue "nothing": code 4440: .*not existed/,
    },
    secrets: Object.values(keys),
    received: () => {
      const events = fake.messages.map((message) => JSON.parse(message) as unknown)
      fake.messages = []
      return Promise.resolve(events)
    },
    close: () => fake.close(),
  }
})

queueContract(
  'file',
  () => {
    const dir = mkdtempSync(join(tmpdir(), 'relay-file-queue-'))
    const file = join(dir, 'made by it', '队列.jsonl')
    return Promise.resolve({
      server: '127.0.0.1:1',
      env: () => ({ QUEUE_URL: `file:${encodeURI(file)}` }),
      refuse: { env: () => ({ QUEUE_URL: `file:${dir}` }), words: /EISDIR/ },
      secrets: [],
      received() {
        if (!existsSync(file)) return Promise.resolve([])
        const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
        rmSync(file)
        return Promise.resolve(lines.map((line) => JSON.parse(line) as unknown))
      },
      close: () => rmSync(dir, { recursive: true }),
    })
  },
  'disk',
)

test.each([
  ['cmq', { QUEUE_URL: 'cmq://orders' }],
  ['cos', { STORE_URL: 'cos://media-1250000000/relay' }],
])('%s without a region is in that of the function, wherever the buckets of CI are', async (_, env) => {
  const all = {
    QUEUE_URL: 'file:/dev/null',
    COS_REGION: 'xx-nowhere',
    TENCENT_SECRET_ID: 'x',
    TENCENT_SECRET_KEY: 'x',
    ...env,
  }
  const relay = openRelay({ ...all, TENCENTCLOUD_REGION: 'ap-guangzhou' })
  const lost = openRelay(all)
  const about = { httpMethod: 'GET', path: `/${TOKEN}`, headers: {}, queryString: {} }
  expect((await relay.handle(about)).statusCode).toBe(200)
  expect((await lost.handle(about)).statusCode).toBe(503)
  expect(lost.printed()).toMatch(/the region is not known|a region is missing/)
  await Promise.all([relay.kill(), lost.kill()])
})
