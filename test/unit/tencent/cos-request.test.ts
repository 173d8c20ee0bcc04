import { Deadline } from '../../../src/net/deadline'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { cosRefusal, cosRequest, errorField, type CosTarget } from '../../../src/tencent/cos-request'

const CREDENTIALS = { secretId: 'AKIDx', secretKey: 'sEcReT', sessionToken: 'toKeN' }

let server: Server
let target: CosTarget
let answers: ((socket: Socket, reply: (status: number, headers: object, body: string) => void) => void)[]
let seen: string[]

beforeEach(async () => {
  answers = []
  seen = []
  server = createServer((request, response) => {
    seen.push(`${String(request.method)} ${String(request.url)}`)
    const reply = (status: number, headers: object, body: string): void => {
      response.writeHead(status, { ...headers })
      response.end(body)
    }
    const next = answers.shift()
    if (next === undefined) reply(200, {}, 'fine')
    else next(request.socket, reply)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const endpoint = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  target = { service: 'cos', bucket: 'b-1250000000', region: 'ap-guangzhou', endpoint }
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
})

const ask = async (path = '/k', deadline = Deadline.in(5000)) =>
  cosRequest(target, { method: 'GET', path, query: { 'a b': 'c/d' }, deadline }, CREDENTIALS)

test('encodes path and query', async () => {
  const answer = await ask("/目录/a b+c'(1)*!~")
  expect(answer).toMatchObject({ status: 200, body: 'fine' })
  expect(seen).toEqual(['GET /%E7%9B%AE%E5%BD%95/a%20b%2Bc%27%281%29%2A%21~?a%20b=c%2Fd'])
})

test('follows no redirect', async () => {
  answers.push((_, reply) => reply(302, { location: '/elsewhere' }, ''))
  const answer = await ask()
  expect(answer.status).toBe(302)
  expect(answer.headers.location).toBe('/elsewhere')
  expect(seen).toHaveLength(1)
})

test('sends nothing again that may have been read, nor on a connection whose end lies there unread', async () => {
  await ask()
  server.closeIdleConnections()
  expect((await ask()).body).toBe('fine')
  answers.push((socket) => socket.destroy())
  await expect(ask()).rejects.toThrow(/^cos: 127\.0\.0\.1:\d+: socket hang up$/)
  expect(seen).toHaveLength(3)
})

test('a connection cut on its first use, or in the middle of an answer, is an error', async () => {
  answers.push((socket) => socket.destroy())
  await expect(ask()).rejects.toThrow(/^cos: 127\.0\.0\.1:\d+: socket hang up$/)
  const half = ['HTTP/1.1 200 OK', 'HTTP/1.1 404 Not Found'].map(
    (line) => `${line}\r\nContent-Length: 10\r\n\r\nhalf`,
  )
  for (const answer of half) {
    answers.push((socket) => socket.end(answer))
    await expect(ask()).rejects.toThrow(/answered (200|404), but its body was cut short$/)
  }
})

test('gives up when its time is over, before and within an answer', async () => {
  answers.push(() => undefined)
  await expect(ask('/k', Deadline.in(20))).rejects.toThrow('no answer within the time allowed')
  answers.push((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'))
  await expect(ask('/k', Deadline.in(20))).rejects.toThrow('answered 200, but its body did not come in time')
  await expect(ask('/k', Deadline.in(0))).rejects.toThrow('no time was left for it')
})

test('an error says nothing of the keys', async () => {
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
  const error = await ask().catch((error: unknown) => error)
  expect(String(error)).toMatch(/^PeerError: cos: 127\.0\.0\.1:\d+: ECONNREFUSED$/)
  expect(JSON.stringify(error)).not.toMatch(/AKIDx|sEcReT|toKeN/)
  server.listen()
})

describe('a refusal', () => {
  const answer = (body: string, headers: Record<string, string> = {}) => ({
    peer: { name: 'cos', secrets: ['AKIDx'] },
    status: 503,
    body,
    headers,
    cut: null,
  })

  test('quotes what the answer says', () => {
    const xml =
      '<?xml version="1.0"?>\n<Error>\n <Code>SlowDown</Code>\n <Message> Reduce it. </Message><RequestId>R1</RequestId></Error>'
    expect(cosRefusal(target, 'listing', answer(xml, { 'retry-after': '2' }))).toMatchObject({
      message: 'cos: b-1250000000: listing: answered 503 SlowDown Reduce it. (request R1)',
      failure: { retryAfterMs: 2000, kind: 'throttled' },
    })
  })

  test('does without what the answer does not say', () => {
    expect(cosRefusal(target, 'listing', answer('<html>')).message).toBe(
      'cos: b-1250000000: listing: answered 503',
    )
    expect(cosRefusal(target, 'listing', answer('', { 'x-cos-request-id': 'R2' })).message).toBe(
      'cos: b-1250000000: listing: answered 503 (request R2)',
    )
    expect(errorField(answer('<Code>Outside</Code>'), 'Code')).toBeNull()
  })

  test('is short, and repeats no key, not even the half of one', () => {
    const told = (message: string): string =>
      cosRefusal(target, 'listing', answer(`<Error><Message>${message}</Message></Error>`)).message
    expect(told('x'.repeat(9000)).length).toBeLessThan(600)
    for (let before = 440; before < 480; before += 1)
      expect(told(`${'x'.repeat(before)}AKIDx`)).not.toContain('AKI')
  })
})
