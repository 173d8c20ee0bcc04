import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request, type IncomingHttpHeaders } from 'node:http'
import { connect, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { localTools, type RawConnection, rawConnection, type Served } from './local-tools'

/** What npm start takes from whom: it may serve one server, and every user and every web page of this machine reaches it. */

const tools = localTools()
const { serve, body, queued } = tools

const MB = 1024 * 1024
const LONGEST = 6 * MB
const QUIET = { ALERT_URLS: 'file:/dev/null' }

const rssMb = ({ gateway }: Served): number => {
  const status = readFileSync(`/proc/${String(gateway.child.pid)}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** A request with just these headers: fetch() would not send a Host or an Origin of our choice. */
function ask(
  { port }: Served,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string; host?: string } = {},
): Promise<Answer> {
  const { method = 'GET', headers = {}, host = '127.0.0.1' } = options
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, path, method, headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    sent.on('error', reject)
    sent.end(options.body)
  })
}

const head = (server: Served, path: string, ...lines: readonly string[]): string =>
  [`POST ${path} HTTP/1.1`, `Host: 127.0.0.1:${String(server.port)}`, ...lines, '', ''].join('\r\n')

describe('without the token', () => {
  test.each([
    ['a length', 'Content-Length: 1000000'],
    ['chunks', 'Transfer-Encoding: chunked'],
    ['a length over the limit', 'Content-Length: 999999999999'],
    ['100-continue', 'Content-Length: 1000000\r\nExpect: 100-continue'],
  ])('a request is answered 401 at its headers, and its connection ended: %s', async (_what, line) => {
    const server = await serve()
    for (const path of ['/wrong', '/apigw/wrong?token=local2', '/local/x']) {
      const { ended } = rawConnection(server.port, head(server, path, line))
      const answer = await ended
      expect(answer).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/)
      expect(answer).toMatch(/^connection: close\r$/im)
      expect(answer).toMatch(/\{"error":"unauthorized"\}$/)
    }
    // And the log says that somebody has tried.
    await server.gateway.seen(/401 unauthorized[^]*401 unauthorized[^]*401 unauthorized/)
  })

  test('a hundred connections with unfinished bodies hold no memory', async () => {
    const server = await serve({ ...QUIET, CALLBACK_TOKEN: 'a'.repeat(32) })
    const before = rssMb(server)
    const chunk = Buffer.alloc(MB, 'x')
    const sockets = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const socket = connect(server.port, '127.0.0.1')
        socket.on('error', () => {})
        socket.write(head(server, '/wrong', `Content-Length: ${9 * MB}`))
        for (let sent = 0; sent < 7; sent += 1)
          if (!socket.write(chunk) && !socket.destroyed)
            await Promise.race([once(socket, 'drain'), once(socket, 'close')])
        return socket
      }),
    )
    // v0.1: 700.
    expect(rssMb(server) - before).toBeLessThan(150)
    sockets.forEach((socket) => socket.destroy())
    expect((await ask(server, `/${'a'.repeat(32)}`)).status).toBe(200)
  })

  test('a thousand connections that say nothing, or half of a header, keep nobody out', async () => {
    const server = await serve(QUIET)
    const before = rssMb(server)
    const silent: Socket[] = []
    for (let count = 0; count < 1000; count += 1) {
      const socket = connect(server.port, '127.0.0.1').on('error', () => {})
      silent.push(socket)
      await once(socket, 'connect')
      if (count % 2 === 0) socket.write('POST /local HTTP/1.1\r\nX-Slow: ')
    }
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(server, '/local')))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    const open = silent.filter((socket) => !socket.destroyed && !socket.readableEnded)
    expect(open.length).toBeLessThan(400)
    expect(rssMb(server) - before).toBeLessThan(100)
    silent.forEach((socket) => socket.destroy())
  })

  test('requests one behind the other on one connection get one answer', async () => {
    const server = await serve(QUIET)
    const one = `GET /wrong HTTP/1.1\r\nHost: localhost:${String(server.port)}\r\n\r\n`
    const answer = await rawConnection(server.port, one.repeat(5000)).ended
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect((await ask(server, '/local')).status).toBe(200)
  })

  test('headers that never end are cut off in time', async () => {
    const server = await serve(QUIET)
    const { ended, socket } = rawConnection(server.port, 'POST /local HTTP/1.1\r\n')
    const drip = setInterval(() => socket.write('X-A: b\r\n'), 500)
    expect(await ended).toMatch(/^(HTTP\/1\.1 408 |$)/)
    clearInterval(drip)
  })
})

describe('with the token', () => {
  test('a body over the limit is refused at its headers', async () => {
    const server = await serve()
    const { ended } = rawConnection(server.port, head(server, '/local', `Content-Length: ${LONGEST + 1}`))
    expect(await ended).toMatch(/^HTTP\/1\.1 413 [^]*"error":"too-large"/)
  })

  test('a body without end is refused once it is over the limit', async () => {
    const server = await serve()
    const { socket, ended } = rawConnection(server.port, head(server, '/local', 'Transfer-Encoding: chunked'))
    const chunk = `${(64 * 1024).toString(16)}\r\n${'x'.repeat(64 * 1024)}\r\n`
    while (!socket.destroyed && !socket.readableEnded)
      if (!socket.write(chunk)) await Promise.race([once(socket, 'drain'), ended])
    expect(await ended).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('as many bodies as fit are taken; the next is told to come again, and then is taken', async () => {
    const server = await serve(QUIET)
    const before = rssMb(server)
    const held = Array.from({ length: 4 }, () => {
      const { socket } = rawConnection(server.port, head(server, '/local', `Content-Length: ${LONGEST}`))
      socket.write(Buffer.alloc(LONGEST - 1, ' '))
      return socket
    })
    // Until the server has read them: then it holds all that it may.
    let refused: Answer
    do {
      refused = await ask(server, '/local', { method: 'POST', body: body('success.xml') })
    } while (refused.status === 200)
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1'])
    expect(JSON.parse(refused.text)).toMatchObject({ error: 'busy' })
    // Whoever has no token hears so all the same, and looking takes no room.
    expect((await ask(server, '/wrong', { method: 'POST', body: 'x' })).status).toBe(401)
    expect((await ask(server, '/local')).status).toBe(200)
    expect(rssMb(server) - before).toBeLessThan(150)

    held.forEach((socket) => socket.destroy())
    let taken: Answer
    do {
      taken = await ask(server, '/local', { method: 'POST', body: body('job-failed.xml') })
    } while (taken.status === 503)
    expect(JSON.parse(taken.text)).toMatchObject({ outcome: 'alerted' })
  })

  test('of very many requests at once, those beyond the bound are told to come again', async () => {
    const server = await serve(QUIET)
    const unfinished = head(server, '/local', 'Content-Length: 10') + 'abc'
    const connections: RawConnection[] = []
    // Not more at a time than the system lets wait for a server to accept them (511): beyond that it may lose a few.
    for (let wave = 0; wave < 3; wave++) {
      const more = Array.from({ length: 200 }, () => rawConnection(server.port, unfinished))
      await Promise.all(more.map(({ socket }) => once(socket, 'connect')))
      connections.push(...more)
    }
    const refused: string[] = []
    await new Promise<void>((allRefused) => {
      for (const { ended } of connections)
        void ended.then((answer) => {
          if (refused.push(answer.slice(0, 13)) === 600 - 256) allRefused()
        })
    })
    expect(new Set(refused)).toEqual(new Set(['HTTP/1.1 503 ']))
    expect(connections.filter(({ received }) => received() === '')).toHaveLength(256)
    expect((await ask(server, '/wrong')).status).toBe(401)
    connections.forEach(({ socket }) => socket.destroy())
    expect(await server.gateway.interrupt()).toBe(0)
    expect(server.gateway.output.stderr).toBe('')
  })

  test('100-continue is said, and the body then read', async () => {
    const server = await serve()
    const sent = body('success.xml')
    const length = `Content-Length: ${Buffer.byteLength(sent)}`
    const connection = rawConnection(server.port, head(server, '/local', length, 'Expect: 100-continue'))
    await connection.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/)
    connection.socket.write(sent)
    await connection.until(/HTTP\/1\.1 200 OK[^]*"outcome":"queued"/)
    connection.socket.destroy()
  })

  test('requests one behind the other are answered in their order', async () => {
    const server = await serve(QUIET)
    const of = (text: string): string =>
      head(server, '/local', `Content-Length: ${Buffer.byteLength(text)}`) + text
    const connection = rawConnection(
      server.port,
      of(body('success.xml')) + of('<a') + of(body('failed.xml')) + of(body('success.json')),
    )
    const answers = await connection.until(/(HTTP\/1\.1[^]*){4}\}$/)
    expect(Array.from(answers.matchAll(/"(?:outcome|error)":"([^"]+)"/g), ([, word]) => word)).toEqual([
      'queued',
      'malformed-xml',
      'alerted',
      'queued',
    ])
    connection.socket.destroy()
  })

  test('a stop answers 503 to a body that is still coming, and does not wait for it', async () => {
    const server = await serve()
    const slow = rawConnection(
      server.port,
      head(server, '/local', 'Content-Length: 1000', 'Expect: 100-continue'),
    )
    await slow.until(/100 Continue/)
    slow.socket.write('<Response>')
    const silent = rawConnection(server.port, 'POST /local HTTP/1.1\r\nHost')
    await once(silent.socket, 'connect')
    const exit = server.gateway.interrupt()
    expect(await slow.ended).toMatch(/HTTP\/1\.1 503 [^]*Retry-After: 1[^]*"error":"stopping"/i)
    await silent.ended
    expect(await exit).toBe(0)
  })
})

describe('a web page', () => {
  const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']

  test.each([
    ['of another site', { origin: 'https://evil.example' }, 403],
    ['of another port', { origin: 'http://127.0.0.1:1' }, 403],
    ['in a sandbox, or a file', { origin: 'null' }, 403],
    ['of another scheme', { origin: 'https://127.0.0.1:PORT' }, 403],
    ['that shows an image', { 'sec-fetch-site': 'cross-site' }, 403],
    ['of another port, without Origin', { 'sec-fetch-site': 'same-site' }, 403],
    ['under a name of its own (DNS rebinding)', { host: 'evil.example:PORT' }, 421],
    ['under a name that ends like ours', { host: 'evil.localhost:PORT' }, 421],
    ['under another port', { host: '127.0.0.1:1' }, 421],
    ['under our name without the port', { host: '127.0.0.1' }, 421],
    ['under an address with a name before it', { host: 'a@127.0.0.1:PORT' }, 421],
  ])('%s is refused whatever it sends', async (_what, headers, status) => {
    const server = await serve()
    const filled = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace('PORT', String(server.port))]),
    )
    for (const method of METHODS) {
      const sent = method === 'POST' || method === 'PUT' ? { body: body('success.xml') } : {}
      const answer = await ask(server, '/local', { method, headers: filled, ...sent })
      expect([method, answer.status, answer.headers['access-control-allow-origin']]).toEqual([
        method,
        status,
        undefined,
      ])
    }
    // Never seen by the handler: no log line, and nothing queued.
    await server.gateway.interrupt()
    expect(server.gateway.output.stdout).not.toMatch(/queued|looked at/)
    expect(queued).toThrow('ENOENT')
  })

  test.each([
    ['the address bar', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }],
    ['curl', {}],
    ['by name', { host: 'localhost:PORT' }],
    ['by a name in capitals', { host: 'LocalHost:PORT' }],
    ['by IPv6', { host: '[::1]:PORT' }],
    ['itself', { origin: 'http://127.0.0.1:PORT', 'sec-fetch-site': 'same-origin' }],
  ])('%s is let in', async (_what, headers) => {
    const server = await serve()
    const filled = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace('PORT', String(server.port))]),
    )
    expect((await ask(server, '/local', { headers: filled })).status).toBe(200)
  })
})

describe('what is hardly HTTP', () => {
  test.each([
    ['noise', '\u0016\u0003\u0001\u0002\u0000\r\n\r\n', /^HTTP\/1\.1 400 /],
    [
      'two hosts',
      'GET /local HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nHost: evil.example\r\n\r\n',
      /^HTTP\/1\.1 4(00|21) /,
    ],
    ['an empty host', 'GET /local HTTP/1.1\r\nHost:\r\n\r\n', /^HTTP\/1\.1 421 /],
    ['no host', 'GET /local HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['HTTP/1.0 without a host', 'GET /local HTTP/1.0\r\n\r\n', /^HTTP\/1\.1 421 /],
    ['HTTP/1.0 with it', 'GET /local HTTP/1.0\r\nHost: 127.0.0.1:PORT\r\n\r\n', /^HTTP\/1\.1 200 /],
    [
      'a proxy request',
      'GET http://evil.example/local HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    ['no path', 'OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['a tunnel', 'CONNECT 127.0.0.1:PORT HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n', /^(HTTP\/1\.1 4\d\d |$)/],
    [
      'a web socket',
      'GET /local HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nConnection: upgrade\r\nUpgrade: websocket\r\nOrigin: http://evil.example\r\n\r\n',
      /^HTTP\/1\.1 403 /,
    ],
    [
      'headers of 20 KB',
      `GET /local HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      /^HTTP\/1\.1 431 /,
    ],
    [
      'two lengths',
      'POST /local HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      /^HTTP\/1\.1 400 /,
    ],
    [
      'a length and chunks',
      'POST /local HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    [
      'another expectation',
      'POST /wrong HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nExpect: tea\r\nContent-Length: 0\r\n\r\n',
      /^HTTP\/1\.1 4\d\d /,
    ],
  ])('%s is answered, and the next request too', async (_what, said, answer) => {
    const server = await serve()
    const connection = rawConnection(server.port, said.replaceAll('PORT', String(server.port)))
    const closes = answer.test('') ? connection.ended : connection.until(answer)
    expect(await closes).toMatch(answer)
    connection.socket.destroy()
    expect((await ask(server, '/local')).status).toBe(200)
    expect(await server.gateway.interrupt()).toBe(0)
    expect(server.gateway.output.stderr).toBe('')
  })

  test('a client that goes away in the middle of its body is no fault', async () => {
    const server = await serve()
    const length = 'Content-Length: 1000'
    const connection = rawConnection(server.port, head(server, '/local', length, 'Expect: 100-continue'))
    await connection.until(/100 Continue/)
    connection.socket.write('<Resp')
    connection.socket.destroy()
    expect((await ask(server, '/local')).status).toBe(200)
    expect(await server.gateway.interrupt()).toBe(0)
    expect(server.gateway.output.stderr).toBe('')
  })
})

describe('the token', () => {
  const REAL = { QUEUE_URL: 'http://127.0.0.1:9/queue', ...QUIET }

  test.each([
    ['a queue', REAL],
    ['an alert channel', { ALERT_URLS: 'console: http://127.0.0.1:9/alerts' }],
    ['a store', { STORE_URL: 'redis://127.0.0.1:9/0', ...QUIET }],
  ])('is random, and shown, when none is set and there is %s beyond this process', async (_what, env) => {
    const server = await serve(env)
    expect(server.token).toMatch(/^[0-9a-f]{32}$/)
    expect((await ask(server, '/local', { method: 'POST', body: body('success.xml') })).status).toBe(401)
    expect((await ask(server, `/${server.token}`)).status).toBe(200)
    const second = await serve(env, ['--json'])
    expect(second.token).toMatch(/^[0-9a-f]{32}$/)
    expect(second.token).not.toBe(server.token)
  })

  test('the samples work under it', async () => {
    const run = tools.tool('start', ['--samples'], { STORE_URL: 'memory:', QUEUE_URL: REAL.QUEUE_URL })
    await run.exit
    expect(run.output.stdout).toMatch(/^✓ wrong-token +401/m)
    expect(run.output.stdout).toMatch(/^✗ url-success +200 +parked/m)
  })

  test('is `local` where nothing leaves this machine', async () => {
    const env = { QUEUE_URL: 'file:q.jsonl', ALERT_URLS: 'console: file:a.jsonl', STORE_URL: 'memory:' }
    expect((await serve(env)).token).toBe('local')
  })

  test('a public one that was chosen for a real queue is warned of', async () => {
    const server = await serve({ ...REAL, CALLBACK_TOKEN: 'local' })
    expect(server.gateway.output.stderr).toMatch(
      /^warn CALLBACK_TOKEN has the public token "local".*QUEUE_URL/,
    )
    expect((await serve(REAL)).gateway.output.stderr).toBe('')
  })
})

describe('beyond loopback', () => {
  const TOKEN = 'b'.repeat(22)

  test.each([
    ['none', {}],
    ['the public one', { CALLBACK_TOKEN: 'local' }],
    ['a short one', { CALLBACK_TOKEN: 'b'.repeat(21) }],
    ['a short one beside a long one', { CALLBACK_TOKEN: `${TOKEN},local` }],
    ['none, and a real queue', { QUEUE_URL: 'http://127.0.0.1:9/queue' }],
  ])('does not start with %s', async (_what, env) => {
    for (const HOST of ['0.0.0.0', '::', '0']) {
      const { output, exit } = tools.tool('start', [], { HOST, ...env })
      expect(await exit).toBe(1)
      expect(output.stderr).toMatch(
        /^npm start: HOST \S+ is beyond this machine, where the cloud's rule for tokens holds: CALLBACK_TOKEN: .*at least 22.*\n$/,
      )
      expect(output.stdout).toBe('')
    }
  })

  test('warns, and is reached by each address of this machine and no other name', async () => {
    const server = await serve({ HOST: '0.0.0.0', CALLBACK_TOKEN: TOKEN })
    expect(server.gateway.output.stderr).toMatch(
      /^warn HOST 0\.0\.0\.0: other machines can reach this server/,
    )
    const addresses = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .flatMap(({ address, family }) => (family === 'IPv4' ? [address] : []))
    for (const host of addresses)
      expect([host, (await ask(server, `/${TOKEN}`, { host })).status]).toEqual([host, 200])
    const elsewhere = { host: `192.0.2.1:${String(server.port)}` }
    expect((await ask(server, `/${TOKEN}`, { headers: elsewhere })).status).toBe(421)
  })

  test.each(['localhost', '::1', '127.0.0.2'])('%s is not beyond it', async (HOST) => {
    const server = await serve({ HOST })
    expect(server.token).toBe('local')
    expect(server.gateway.output.stderr).toBe('')
    const answer = await fetch(`${server.origin}/local`)
    expect(answer.status).toBe(200)
  })
})
