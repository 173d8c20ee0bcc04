import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startHostilePeer } from '../support/hostile-peer'
import { type RedisServer, startRedis } from '../support/redis-server'
import { describeService } from '../support/services'
import { startTcpProxy } from '../support/tcp-proxy'
import { callbackXml } from './callbacks'
import { openRelay, type Relay } from './open-relay'

describeService('redis', () => {
  let redis: RedisServer
  let relay: Relay

  async function start(settings: readonly string[] = [], login = '', database = '0'): Promise<void> {
    redis = await startRedis(settings)
    relay = openRelay({
      QUEUE_URL: 'file:/dev/null',
      STORE_URL: `redis://${login}${redis.address}/${database}`,
    })
  }

  afterEach(async () => {
    await relay.kill()
    await redis.stop()
  })

  const outcomeOf = async (id: string): Promise<unknown> => {
    const { status, outcome } = await relay.post(callbackXml(id))
    expect(status).toBe(200)
    return outcome
  }

  test('a Redis that has lost its scripts: no callback is routed twice', async () => {
    await start()
    expect(await outcomeOf('i1')).toBe('queued')
    await redis.command('SCRIPT', 'FLUSH')
    expect(await outcomeOf('i1')).toBe('duplicate')
    await redis.command('SCRIPT', 'FLUSH')
    expect(await outcomeOf('i2')).toBe('queued')
    expect(await outcomeOf('i2')).toBe('duplicate')
    expect(relay.printed()).not.toContain('ledger')
  })

  test.each([
    ['NOAUTH', ['--requirepass', 'a-password'], '', '0'],
    ['WRONGPASS', ['--requirepass', 'a-password'], ':wrong-password@', '0'],
    ['OOM', ['--maxmemory', '1', '--maxmemory-policy', 'noeviction'], '', '0'],
    ['READONLY', ['--replicaof', '127.0.0.1 1', '--replica-serve-stale-data', 'yes'], '', '0'],
    ['MASTERDOWN', ['--replicaof', '127.0.0.1 1', '--replica-serve-stale-data', 'no'], '', '0'],
    ['DB index is out of range', [], '', '99'],
  ])('%s: its own words, and the event goes out', async (words, settings, login, database) => {
    await start(settings, login, database)
    expect(await outcomeOf('i1')).toBe('queued')
    expect(relay.printed()).toContain(`the server answered: `)
    expect(relay.printed()).toContain(words)
    expect(relay.printed()).not.toMatch(/wrong-password|a-password/)
  })

  test.each([
    ['a long password, which it cuts', `L0ngSecret-${'abcdefghij'.repeat(15)}`],
    ['one with a line end, of which it makes a blank', 'first-half%0Asecond-half-of-the-password'],
  ])('a Redis that knows no AUTH quotes what it was given: %s', async (_, password) => {
    await start(['--rename-command', 'AUTH', ''], `:${password}@`)
    expect(await outcomeOf('i1')).toBe('queued')
    expect(relay.printed()).toContain('the server answered: ERR to AUTH')
    expect(relay.printed()).not.toMatch(/L0ngSecret|abcdefghij|first-half|second-half/)
  })

  test('a Redis that takes no more says so, and serves as soon as it can', async () => {
    await start(['--maxmemory', '1', '--maxmemory-policy', 'noeviction'])
    expect(await outcomeOf('i1')).toBe('queued')
    await redis.command('CONFIG', 'SET', 'maxmemory', '0')
    expect(await outcomeOf('i2')).toBe('queued')
    expect(await outcomeOf('i2')).toBe('duplicate')
  })

  test('a replica that becomes the master is served by the same instance', async () => {
    await start(['--replicaof', '127.0.0.1 1'])
    expect(await outcomeOf('i1')).toBe('queued')
    await redis.command('REPLICAOF', 'NO', 'ONE')
    expect(await outcomeOf('i2')).toBe('queued')
    expect(await outcomeOf('i2')).toBe('duplicate')
  })
})

describeService('redis', () => {
  test('a Redis that was restarted, and knows nothing any more, serves at once', async () => {
    const first = await startRedis()
    const proxy = await startTcpProxy(first.address)
    const relay = openRelay({ QUEUE_URL: 'file:/dev/null', STORE_URL: `redis://${proxy.address}/0` })
    expect(await relay.post(callbackXml('i1'))).toMatchObject({ outcome: 'queued' })
    const { port } = proxy
    await proxy.close()
    await first.stop()
    const second = await startRedis()
    const again = await startTcpProxy(second.address, port)
    expect(await relay.post(callbackXml('i2'))).toMatchObject({ outcome: 'queued' })
    expect(await relay.post(callbackXml('i2'))).toMatchObject({ outcome: 'duplicate' })
    expect(relay.printed()).not.toContain('ledger')
    await relay.kill()
    await again.close()
    await second.stop()
  })

  test('a Redis that is loading is asked again at the next callback, on a new connection', async () => {
    const redis = await startRedis()
    const peer = await startHostilePeer()
    let connections = 0
    peer.behave((socket) => {
      connections += 1
      if (connections === 1) {
        socket.on('data', () => socket.write('-LOADING Redis is loading the dataset in memory\r\n'))
        return
      }
      const real = connect({ host: '127.0.0.1', port: redis.port })
      socket.pipe(real).pipe(socket)
      socket.on('close', () => real.destroy())
    })
    const relay = openRelay({ QUEUE_URL: 'file:/dev/null', STORE_URL: `redis://${peer.address}/0` })
    expect(await relay.post(callbackXml('i1'))).toMatchObject({ status: 200, outcome: 'queued' })
    expect(relay.printed()).toContain('LOADING Redis is loading the dataset in memory')
    expect(await relay.post(callbackXml('i2'))).toMatchObject({ status: 200, outcome: 'queued' })
    expect(await relay.post(callbackXml('i2'))).toMatchObject({ status: 200, outcome: 'duplicate' })
    await relay.kill()
    await peer.close()
    await redis.stop()
  })

  test('the words of a message of ours are not taken for those of Redis', async () => {
    const redis = await startRedis()
    const dir = mkdtempSync(join(tmpdir(), 'relay-redis-words-'))
    const queue = join(dir, 'queue.jsonl')
    const relay = openRelay({
      QUEUE_URL: `file:${queue}`,
      STORE_URL: `redis://${redis.address}/0?prefix=NOSCRIPT:`,
    })
    expect(await relay.post(callbackXml('NOSCRIPT'))).toMatchObject({ outcome: 'queued' })
    expect(await relay.post(callbackXml('NOSCRIPT'))).toMatchObject({ outcome: 'duplicate' })
    expect(readFileSync(queue, 'utf8').trim().split('\n')).toHaveLength(1)
    await relay.kill()
    await redis.stop()
    rmSync(dir, { recursive: true })
  })
})
