import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { Agent } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../../src/net/deadline'
import { failureOf, type Failure } from '../../../src/net/failure'
import { ask, type HttpAnswer, post, retryAfterMs } from '../../../src/net/http'
import {
  answers,
  type Behaviour,
  hangsUp,
  type HostilePeer,
  says,
  startHostilePeer,
} from '../../support/hostile-peer'
import { type ShiftedClock, shiftedClock } from '../../support/shifted-clock'

const PEER = { name: 'http', secrets: ['s3cret-path'] }

let server: Server
let listener: RequestListener
let requests: IncomingMessage[]
let connections: number
let clock: ShiftedClock

beforeEach(async () => {
  requests = []
  connections = 0
  listener = (_, response) => response.end('fine')
  server = createServer((request, response) => {
    requests.push(request)
    listener(request, response)
  })
  server.keepAliveTimeout = 600_000
  server.on('connection', () => (connections += 1))
  await listen(server)
  clock = shiftedClock()
})

afterEach(() => {
  clock.restore()
  stop(server)
})

async function listen(one: Server, port = 0): Promise<void> {
  one.listen(port, '127.0.0.1')
  await once(one, 'listening')
}

function stop(one: Server): void {
  one.close()
  one.closeAllConnections()
}

function urlOf(one: { address(): unknown }): URL {
  return new URL(`http://127.0.0.1:${(one.address() as AddressInfo).port}/s3cret-path?key=s3cret-path`)
}

/** A request as that of an event, whose answer's status is all that matters. */
async function send(url: URL, ms = 5_000, body = '{}'): Promise<HttpAnswer> {
  return ask(PEER, { method: 'POST', url, headers: {}, body }, 0, Deadline.in(ms))
}

async function failing(answer: Promise<unknown>): Promise<Failure> {
  return answer.then(
    () => Promise.reject(new Error('it was answered')),
    (error: unknown) => failureOf(error),
  )
}

test('sends what it is told to, and of its own only who it is', async () => {
  const url = urlOf(server)
  const headers = { 'content-type': 'text/plain', authorization: 'Basic x' }
  const answer = await post(PEER, url, 'grüße', headers, Deadline.in(5_000))
  expect(answer).toMatchObject({ status: 200, body: 'fine', cut: null })
  expect(requests[0]).toMatchObject({ method: 'POST', url: '/s3cret-path?key=s3cret-path' })
  expect(requests[0]?.headers).toEqual({
    host: url.host,
    'user-agent': 'cos-callback-relay/unbuilt',
    connection: 'keep-alive',
    'content-length': '7',
    ...headers,
  })
})

test.each([10080, 6000, 6666, 5060])('reaches port %d, which browsers refuse', async (port) => {
  const other = createServer((_, response) => response.end())
  await listen(other, port)
  expect((await send(urlOf(other))).status).toBe(200)
  stop(other)
})

describe('a success counts', () => {
  const bodies: Readonly<Record<string, RequestListener>> = {
    'whose body is cut short': (_, response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('0123456789')
      setTimeout(() => response.destroy(), 20)
    },
    'whose body never ends': (_, response) => {
      response.writeHead(202)
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      }
      response.on('drain', more)
      more()
    },
    'whose body does not come': (_, response) => response.writeHead(200).write('x'),
    'that is said to be compressed': (_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('plain'),
    'that comes with the end of its connection': (_, response) =>
      response.writeHead(202, { connection: 'close' }).end('ok'),
  }
  test.each(Object.entries(bodies))('%s', async (_, body) => {
    listener = body
    expect((await send(urlOf(server))).status).toBeLessThan(300)
    await sleep(100)
    expect((await send(urlOf(server))).status).toBeLessThan(300)
    expect(requests).toHaveLength(2)
  })

  test('without its end, unless it says in words whether it is one', async () => {
    listener = bodies['whose body is cut short'] as RequestListener
    expect(await failing(post(PEER, urlOf(server), '{}', {}, Deadline.in(5_000)))).toMatchObject({
      kind: 'unsure',
      message: `http: ${urlOf(server).host}: answered 200, but its body was cut short`,
    })
    listener = bodies['whose body does not come'] as RequestListener
    expect(await failing(post(PEER, urlOf(server), '{}', {}, Deadline.in(200)))).toMatchObject({
      kind: 'unsure',
      message: `http: ${urlOf(server).host}: answered 200, but its body did not come in time`,
    })
    listener = bodies['whose body never ends'] as RequestListener
    expect(await failing(post(PEER, urlOf(server), '{}', {}, Deadline.in(5_000)))).toMatchObject({
      kind: 'unsure',
      message: `http: ${urlOf(server).host}: answered 202, but its body does not end`,
    })
    expect(requests).toHaveLength(3)
  })

  test('that comes before the request has been read', async () => {
    listener = (request, response) => {
      response.writeHead(200).end()
      setTimeout(() => request.resume(), 100)
    }
    expect((await send(urlOf(server), 5_000, 'x'.repeat(2 ** 24))).status).toBe(200)
    await sleep(200)
    expect(requests[0]?.complete).toBe(true)
  })
})

test('a refusal counts without its end', async () => {
  listener = (_, response) => response.writeHead(429, { 'retry-after': '7' }).write('too ma')
  const answer = await post(PEER, urlOf(server), '{}', {}, Deadline.in(200))
  expect(answer).toMatchObject({ status: 429, body: 'too ma' })
  expect(retryAfterMs(answer.headers)).toBe(7_000)
})

test.each([301, 302, 307, 308])('a %d is an answer', async (status) => {
  listener = (_, response) => response.writeHead(status, { location: '/elsewhere' }).end()
  expect((await send(urlOf(server))).status).toBe(status)
  expect(requests).toHaveLength(1)
})

test('is unsure once the request has left', async () => {
  listener = () => undefined
  const late = await failing(send(urlOf(server), 200))
  expect(late).toMatchObject({ kind: 'unsure', message: expect.stringMatching(/no answer within the time/) })
  listener = (request) => request.socket.destroy()
  expect(await failing(send(urlOf(server)))).toMatchObject({ kind: 'unsure' })
  expect(requests).toHaveLength(2)
  expect(late.message).not.toContain('s3cret')
})

test('is sure while part of the request is still here', async () => {
  const peer = await startHostilePeer()
  peer.behave((socket) => socket.pause())
  const url = new URL(`http://${peer.address}/`)
  expect(await failing(send(url, 300, 'x'.repeat(2 ** 25)))).toMatchObject({ kind: 'down' })
  await peer.close()
})

test('is sure when nobody is there', async () => {
  const url = urlOf(server)
  stop(server)
  expect(await failing(send(url))).toMatchObject({
    kind: 'down',
    message: `http: ${url.host}: ECONNREFUSED`,
  })
  expect(await failing(send(url, 0))).toMatchObject({ kind: 'down' })
})

describe('connections', () => {
  test('are kept', async () => {
    for (let time = 0; time < 5; time += 1) await send(urlOf(server))
    await Promise.all(Array.from({ length: 10 }, () => send(urlOf(server))))
    await Promise.all(Array.from({ length: 10 }, () => send(urlOf(server))))
    expect(connections).toBe(10)
  })

  test('are not trusted when they were idle for over a second', async () => {
    await send(urlOf(server))
    await clock.pass(900)
    await send(urlOf(server))
    expect(connections).toBe(1)
    await clock.pass(1_100)
    await send(urlOf(server))
    expect(connections).toBe(2)
    await clock.pass(-3_600_000)
    await send(urlOf(server))
    expect(connections).toBe(3)
  })

  test('are not trusted when their end lies there unread', async () => {
    await send(urlOf(server))
    server.closeIdleConnections()
    await send(urlOf(server))
    expect([requests.length, connections]).toEqual([2, 2])
  })

  test('on which something came that nobody asked for are not used', async () => {
    const peer = await startHostilePeer()
    const sockets: unknown[] = []
    peer.behave((socket) => {
      sockets.push(socket)
      socket.on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
        setTimeout(() => socket.write('HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n'), 50)
      })
    })
    const url = new URL(`http://${peer.address}/`)
    expect((await send(url)).status).toBe(200)
    await sleep(100)
    expect((await send(url)).status).toBe(200)
    expect(sockets).toHaveLength(2)
    await peer.close()
  })

  test('can be those of an agent', async () => {
    const agent = new Agent({ keepAlive: true })
    const request = { method: 'GET', url: urlOf(server), headers: {}, agent } as const
    expect(await ask(PEER, request, 99, Deadline.in(5_000))).toMatchObject({ status: 200, body: 'fine' })
    expect(Object.keys(agent.freeSockets)).toHaveLength(1)
    agent.destroy()
    stop(server)
    expect(await failing(ask(PEER, request, 99, Deadline.in(5_000)))).toMatchObject({
      kind: 'down',
      message: expect.stringMatching(/ECONNREFUSED$/),
    })
  })
})

describe('a peer that', () => {
  let peer: HostilePeer

  beforeEach(async () => (peer = await startHostilePeer()))
  afterEach(async () => peer.close())

  const head = (status: number, ...lines: string[]): string =>
    [`HTTP/1.1 ${status} As It Is`, ...lines, '', ''].join('\r\n')

  test.each<[string, Behaviour, string, RegExp]>([
    ['speaks first, of mail', says('220 mail.example.com ESMTP\r\n'), 'down', /Parse Error: Expected HTTP/],
    ['speaks AMQP', answers('AMQP\u0000\u0000\u0009\u0001'), 'down', /Parse Error: Expected HTTP/],
    ['hangs up', hangsUp, 'unsure', /socket hang up/],
    ['says half a status line', answers('HTTP/1.1 20'), 'unsure', /no answer within the time allowed/],
    [
      'hangs up after half a status line',
      (s) => s.once('data', () => s.end('HTTP/1.1 20')),
      'unsure',
      /hang up/,
    ],
    [
      'sends headers without end',
      answers('HTTP/1.1 200 OK\r\n', 'x: y\r\n'.repeat(9_999)),
      'unsure',
      /Header/,
    ],
    [
      'sends provisional answers only',
      answers(head(100).repeat(99)),
      'unsure',
      /only provisional answers, without end/,
    ],
    [
      'says two lengths',
      answers(head(200, 'content-length: 5', 'content-length: 7')),
      'unsure',
      /Parse Error/,
    ],
  ])('%s', async (_, behaviour, kind, words) => {
    peer.behave(behaviour)
    const failure = await failing(send(new URL(`http://${peer.address}/s3cret-path`), 500))
    expect(failure).toMatchObject({ kind, message: expect.stringMatching(words) })
    expect(failure.message).toMatch(/^http: 127\.0\.0\.1:\d+: /)
  })

  test('turns to another protocol has given that for an answer', async () => {
    peer.behave(answers(head(101, 'connection: upgrade', 'upgrade: h2c')))
    expect((await send(new URL(`http://${peer.address}/`))).status).toBe(101)
  })

  test('answers after provisional ones has answered', async () => {
    peer.behave(answers(head(100) + head(103, 'link: </x>') + head(201, 'content-length: 0')))
    expect((await send(new URL(`http://${peer.address}/`))).status).toBe(201)
  })

  test('answers twice has answered once', async () => {
    peer.behave(answers(head(200, 'content-length: 0') + head(500, 'content-length: 0')))
    expect((await send(new URL(`http://${peer.address}/`))).status).toBe(200)
    expect((await send(new URL(`http://${peer.address}/`))).status).toBe(200)
  })
})

test.each([
  ['120', 120_000],
  [' 1 ', 1_000],
  ['1.5', 1_500],
  ['0.0001', 1],
  ['0', 0],
  ['31536000', 86_400_000],
  ['9'.repeat(400), 86_400_000],
  ['Wed, 21 Oct 2026 07:28:10 GMT', 10_000],
  ['Wed, 21 Oct 2026 07:27:00 GMT', 0],
  ['Wed, 21 Oct 2099 07:28:00 GMT', 86_400_000],
  ['-5', null],
  ['1e3', null],
  ['-1e999', null],
  ['soon', null],
  ['', null],
  [undefined, null],
])('Retry-After: %s', (value, ms) => {
  const now = Date.parse('2026-10-21T07:28:00Z')
  expect(retryAfterMs(value === undefined ? {} : { 'retry-after': value }, now)).toBe(ms)
})
