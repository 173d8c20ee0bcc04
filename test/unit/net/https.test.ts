import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createSecureContext, type TLSSocket } from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../../src/net/deadline'
import { failureOf, type Failure } from '../../../src/net/failure'
import { ask, type HttpAnswer } from '../../../src/net/http'
import { makeCertificate } from '../../support/certificate'
import { answers, startHostilePeer } from '../../support/hostile-peer'
import { type ShiftedClock, shiftedClock } from '../../support/shifted-clock'
import { startTcpProxy } from '../../support/tcp-proxy'
import { temporaryFolder } from '../../support/temporary-folder'

const PEER = { name: 'https', secrets: [] }

const folder = temporaryFolder()
const named = makeCertificate(folder.path, 'DNS:localhost')
const front = makeCertificate(folder.path, 'DNS:front.example')
const stranger = makeCertificate(folder.path, 'IP:127.0.0.1')

let server: Server
let port: number
let clock: ShiftedClock
/** The names asked for, the connections made, and those that requests came on. */
let names: unknown[]
let made: Socket[]
let used: Socket[]

beforeAll(() => {
  const bundle = join(folder.path, 'extra.pem')
  writeFileSync(bundle, `${front.cert.toString()}${named.cert.toString()}`)
  process.env['NODE_EXTRA_CA_CERTS'] = bundle
})

beforeEach(async () => {
  names = []
  made = []
  used = []
  clock = shiftedClock()
  // A front that many share: it has a certificate for each name, and one of its own for whoever says none.
  server = createServer(
    {
      ...stranger,
      SNICallback: (name, done) => {
        names.push(name)
        done(null, name === 'localhost' ? createSecureContext(named) : createSecureContext(front))
      },
    },
    (request, response) => {
      used.push(request.socket)
      response.end('fine')
    },
  )
  server.on('secureConnection', (socket: TLSSocket) => made.push(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})

afterEach(() => {
  clock.restore()
  server.close()
  server.closeAllConnections()
})

afterAll(() => {
  delete process.env['NODE_EXTRA_CA_CERTS']
  folder.remove()
})

async function send(host: string, ms = 5_000): Promise<HttpAnswer> {
  const url = new URL(`https://${host}/`)
  return ask(PEER, { method: 'POST', url, headers: {}, body: '{}' }, 0, Deadline.in(ms))
}

async function failing(answer: Promise<unknown>): Promise<Failure> {
  return answer.then(
    () => Promise.reject(new Error('it was answered')),
    (error: unknown) => failureOf(error),
  )
}

test('a front that picks its certificate by name is reached, and trusted by the file that NODE_EXTRA_CA_CERTS names', async () => {
  expect((await send(`localhost:${port}`)).status).toBe(200)
  expect(names).toEqual(['localhost'])
})

test('a certificate that nobody has signed is refused, and the error says what to do', async () => {
  expect(await failing(send(`127.0.0.1:${port}`))).toMatchObject({
    kind: 'down',
    message: expect.stringMatching(
      /^https: 127\.0\.0\.1:\d+: DEPTH_ZERO_SELF_SIGNED_CERT: .*NODE_EXTRA_CA_CERTS/,
    ),
  })
  expect([names, used]).toEqual([[], []])
})

test('what answers in the clear does not get the request', async () => {
  const peer = await startHostilePeer()
  peer.behave(answers('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))
  const failure = await failing(send(`localhost:${peer.port}`))
  await peer.close()
  expect(failure).toMatchObject({
    kind: 'down',
    message: expect.stringMatching(/^https: localhost:\d+: \w+: it does not speak TLS as it should$/),
  })
})

test('a connection that is still being made survives its try, and serves the next one', async () => {
  const proxy = await startTcpProxy(`127.0.0.1:${port}`)
  proxy.latency(300)
  const failure = await failing(send(`localhost:${proxy.port}`, 250))
  const { status } = await send(`localhost:${proxy.port}`)
  await proxy.close()
  expect(failure).toMatchObject({
    kind: 'down',
    message: expect.stringMatching(/no connection within the time allowed$/),
  })
  expect([status, used.length, used[0] === made[0]]).toEqual([200, 1, true])
})

test('one that was made after its try is kept for a second, and not longer', async () => {
  const proxy = await startTcpProxy(`127.0.0.1:${port}`)
  proxy.latency(100)
  await failing(send(`localhost:${proxy.port}`, 50))
  await sleep(500)
  await send(`localhost:${proxy.port}`)
  const before = made.length
  await clock.pass(900_000)
  await send(`localhost:${proxy.port}`)
  await proxy.close()
  expect([before, made.length]).toEqual([1, 2])
  expect((made[1] as TLSSocket).isSessionReused()).toBe(true)
})

test('of connections that come to nothing few are held', async () => {
  const open = new Set<Socket>()
  const silent = createTcpServer((socket) => {
    open.add(socket.resume().on('error', () => undefined))
    socket.on('close', () => open.delete(socket))
  }).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const host = `localhost:${(silent.address() as AddressInfo).port}`
  for (let round = 0; round < 3; round += 1)
    await Promise.all(Array.from({ length: 8 }, async () => failing(send(host, 100))))
  await sleep(100)
  const held = open.size
  for (const socket of open) socket.destroy()
  silent.close()
  expect(held).toBe(4)
})
