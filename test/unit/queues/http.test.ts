import { Deadline } from '../../../src/net/deadline'
import { openHttpQueue } from '../../support/open-drivers'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HTTP } from 'cloudevents'
import { Webhook } from 'standardwebhooks'
import { sampleEvent } from '../../support/events'

const CONTEXT = { credentials: () => null, region: null }
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw+/A='

interface Received {
  readonly request: IncomingMessage
  readonly body: string
}

describe('opening', () => {
  test.each([
    ['http://example.com/hook', 'plain http is for loopback only'],
    ['http://10.0.0.1/hook', 'plain http is for loopback only'],
    ['https://example.com/hook#key=1', 'after # only secret=whsec_… may follow'],
    ['https://example.com/hook#secret=MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'the secret must be whsec_'],
    ['https://example.com/hook#secret=whsec_c2hvcnQ=', 'the base64 of 24 to 64 bytes'],
    ['https://u:100%@example.com/hook', 'the password has a "%"'],
    ['https://', 'not a URL of the form'],
  ])('%s: %s', (url, words) => {
    expect(() => openHttpQueue(url, CONTEXT)).toThrow(words)
  })

  test.each(['https://example.com/hook', 'http://localhost:1/', 'http://[::1]:1/', 'http://127.0.0.1:1/'])(
    '%s',
    (url) => {
      expect(openHttpQueue(url, CONTEXT).scheme).toBe(new URL(url).protocol.slice(0, -1))
    },
  )
})

describe('http', () => {
  let server: Server
  let address: string
  let inbox: Received[] = []
  let answer: { status: number; headers?: Record<string, string> } = { status: 204 }

  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { status, headers } = request.url?.startsWith('/refuse') ? { status: 500, headers: {} } : answer
        if (status < 300) inbox.push({ request, body: Buffer.concat(chunks).toString() })
        response.writeHead(status, headers).end('words that may quote the path')
      })
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    address = `127.0.0.1:${String((server.address() as AddressInfo).port)}`
  })

  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  beforeEach(() => {
    inbox = []
    answer = { status: 204 }
  })

  const publish = async (url: string, id = 'one'): Promise<void> =>
    openHttpQueue(url, CONTEXT).publish(sampleEvent(id), Deadline.in(5000))

  test('POSTs a CloudEvent that the official package reads', async () => {
    await publish(`http://${address}/hook?a=1`)
    const [received] = inbox
    expect(received?.request).toMatchObject({ method: 'POST', url: '/hook?a=1' })
    const read = HTTP.toEvent({ headers: received?.request.headers ?? {}, body: received?.body })
    expect(read).toMatchObject({
      ...sampleEvent('one'),
      time: new Date(sampleEvent('one').time ?? '').toISOString(),
    })
    expect(received?.request.headers).not.toHaveProperty('webhook-signature')
    expect(received?.request.headers).not.toHaveProperty('authorization')
  })

  test('signs so that Standard Webhooks verifies it', async () => {
    await publish(`http://${address}/#secret=${SECRET}`, '签-1')
    await publish(`http://${address}/#secret=${encodeURIComponent(SECRET)}`, 'signed-2')
    expect(inbox).toHaveLength(2)
    for (const { request, body } of inbox) {
      const headers = request.headers as Record<string, string>
      expect(new Webhook(SECRET).verify(body, headers)).toEqual(JSON.parse(body))
      expect(() => new Webhook(SECRET).verify(`${body} `, headers)).toThrow()
      expect(() => new Webhook('whsec_bm90LXRoZS1zZWNyZXQtYXQtYWxs').verify(body, headers)).toThrow()
    }
  })

  test('sends the credentials of the URL as a header', async () => {
    await publish(`http://user:p%40ss@${address}/`)
    expect(inbox[0]?.request.headers.authorization).toBe(
      `Basic ${Buffer.from('user:p@ss').toString('base64')}`,
    )
  })

  test.each([301, 302, 307, 308])('does not follow a %d', async (status) => {
    answer = { status, headers: { location: `http://${address}/elsewhere` } }
    await expect(publish(`http://${address}/hook`)).rejects.toMatchObject({
      message: `http: ${address}: answered ${String(status)}: redirects are not followed, give the address it leads to`,
    })
  })

  test.each([
    [429, '7', { retryAfterMs: 7000, kind: 'throttled' }],
    [429, undefined, { retryAfterMs: null, kind: 'throttled' }],
    [503, '120', { retryAfterMs: 120_000, kind: 'down' }],
    [502, 'soon', { retryAfterMs: null, kind: 'down' }],
    [504, '1', { retryAfterMs: 1000, kind: 'down' }],
    [400, '9', { retryAfterMs: null, kind: 'refused', isFinal: false }],
    [410, undefined, { retryAfterMs: null, kind: 'refused', isFinal: true }],
  ])('hands on what a %d with Retry-After %s means', async (status, retryAfter, fields) => {
    answer = { status, ...(retryAfter === undefined ? {} : { headers: { 'retry-after': retryAfter } }) }
    await expect(publish(`http://${address}/hook`)).rejects.toMatchObject({
      message: expect.stringContaining(`http: ${address}: answered ${String(status)}`),
      failure: fields,
    })
  })

  test.each([
    [401, 'check the login, or the secret, in the URL'],
    [404, 'check the path in the URL'],
    [413, 'raise the largest body that the receiver takes'],
  ])('says what to do about a %d', async (status, advice) => {
    answer = { status }
    await expect(publish(`http://${address}/hook`)).rejects.toThrow(`answered ${String(status)}: ${advice}`)
  })
})
