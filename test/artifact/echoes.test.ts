import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder'
import { callbackXml, TOKEN } from './callbacks'
import { openRelay } from './open-relay'
import { buildOutbox, type Outbox } from './run-outbox'

let folder: TemporaryFolder
let outbox: Outbox
beforeAll(() => (outbox = buildOutbox()))
afterAll(() => outbox.remove())
beforeEach(() => (folder = temporaryFolder()))
afterEach(() => folder.remove())

test('a robot that quotes the request in its refusal: the signature stands nowhere', async () => {
  const signs: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      const { sign } = JSON.parse(body) as { sign?: string }
      const inUrl = new URL(request.url ?? '', 'http://x').searchParams.get('sign')
      signs.push(sign ?? inUrl ?? '')
      response.setHeader('content-type', 'application/json')
      const words = `sign not match: ${request.url ?? ''} ${sign ?? inUrl ?? ''}`
      response.end(JSON.stringify({ errcode: 310000, errmsg: words, code: 19021, msg: words }))
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const endpoint = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
  const store = `file:${join(folder.path, 'store')}`
  const relay = openRelay({
    ALERT_URLS:
      `dingtalk://566cc69da782ec33e42541b09b08551f?secret=SECb1a2c3d4e5f60718293a4b5c&endpoint=${endpoint} ` +
      `feishu://7c9d4a5e-1b2f-4e0a-9d3c-5f6a7b8c9d0e?secret=GfZx8Qd1kL0s&endpoint=${endpoint}`,
    STORE_URL: store,
  })
  expect((await relay.post(callbackXml('i1', 'a.mp4', 'Failed'))).outcome).toBe('parked')
  const { out } = await outbox.run({ STORE_URL: store }, 'list', '--json')
  expect(signs).toHaveLength(2)
  expect(out).toContain('sign not match')
  for (const sign of signs) {
    expect(sign).toHaveLength(44)
    for (const form of [sign, encodeURIComponent(sign)]) {
      expect(out).not.toContain(form)
      expect(relay.printed()).not.toContain(form)
    }
  }
  await relay.kill()
  server.closeAllConnections()
  await new Promise((closed) => server.close(closed))
})

test('a body that names its own callback URL: the outbox command prints no token', async () => {
  const store = `file:${join(folder.path, 'store')}`
  const relay = openRelay({ QUEUE_URL: 'amqp://127.0.0.1:9/?queue=q', STORE_URL: store })
  const url = `https://x.tencentscf.com/cos/${TOKEN}`
  const job = (id: string): string =>
    `<Response><JobsDetail>${id}<State>Success</State><Operation><Url>${url}</Url></Operation></JobsDetail></Response>`
  expect((await relay.post(job('<JobId>j1</JobId>'))).outcome).toBe('parked')
  expect((await relay.post(job(''))).status).toBe(400)
  await relay.kill()
  const env = { STORE_URL: store, CALLBACK_TOKEN: `another-0123456789abcdef, ${TOKEN}` }
  const { out } = await outbox.run(env, 'list', '--json')
  const ids = (JSON.parse(out) as { id: string }[]).map(({ id }) => id)
  expect(ids).toHaveLength(2)
  for (const id of ids)
    for (const form of [[], ['--json']]) {
      const shown = await outbox.run(env, 'show', id, ...form)
      expect(shown.code).toBe(0)
      expect(shown.out).toContain('x.tencentscf.com/cos/[redacted]')
      expect(shown.out).not.toContain(TOKEN)
      for (const [, base64 = ''] of shown.out.matchAll(/"bodyBase64": "([^"]*)"/g))
        expect(Buffer.from(base64, 'base64').toString()).toContain('x.tencentscf.com/cos/[redacted]')
    }
})
