import { Deadline } from '../../../src/net/deadline'
import { sha256 } from '../../../src/sha256'
import { openRedisStore } from '../../support/open-drivers'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { redisConnection } from '../../../src/net/redis-connection'
import { lineOf, nameOfLine } from '../../../src/stores/line'
import type { Store, Turn } from '../../../src/stores/store'
import { describeService } from '../../support/services'
import { startTcpProxy } from '../../support/tcp-proxy'
import { listAll } from '../../support/list-all'
import { storeContract } from '../../contracts/store-contract'
import { messageItem } from '../../support/store-setup'

const CONTEXT = { credentials: () => null, region: null }

const digestOf = (key: string): string => sha256(key, 'base64url').slice(0, 22)

describeService('redis', (address) => {
  const prefix = `test-${process.pid}:`
  const url = `redis://${address}/14?prefix=${prefix}`
  const connection = redisConnection('test', new URL(`redis://${address}/14`))
  const command = async (...words: string[]): Promise<unknown> => connection.command(words, Deadline.in(5000))

  const wipe = async (): Promise<void> => {
    const keys = (await command('KEYS', `${prefix}*`)) as string[]
    if (keys.length > 0) await command('DEL', ...keys)
  }
  afterAll(async () => {
    await wipe()
    connection.close()
  })

  storeContract(() => {
    const open = async (): Promise<Store> => openRedisStore(url, CONTEXT)
    return {
      open,
      again: open,
      pass: async (ms) => sleep(ms + 5),
      cleanUp: wipe,
    }
  })

  describe('of its own', () => {
    let store: Store
    beforeEach(() => {
      store = openRedisStore(url, CONTEXT)
    })
    afterEach(async () => {
      store.close?.()
      await wipe()
    })

    test('writes below its prefix only, and what is not an item or a lasting note ends by itself', async () => {
      await store.claim('held', 60_000)
      await store.settle('done', 60_000)
      await store.setNote('short', 'x', 60_000)
      await store.setNote('lasting', 'x', null)
      await store.admit('robot', 1, 60_000)
      const item = messageItem('i')
      const { group } = item
      const line = nameOfLine(lineOf(item))
      await store.park(item)
      const turn = (await store.take('i', 60_000)) as Turn
      const endings: Record<string, boolean> = {}
      for (const key of (await command('KEYS', '*')) as string[]) {
        endings[key] = Number(await command('PTTL', key)) > 0
      }
      expect(endings).toEqual({
        [`${prefix}c${digestOf('held')}`]: true,
        [`${prefix}c${digestOf('done')}`]: true,
        [`${prefix}note:short`]: true,
        [`${prefix}note:lasting`]: false,
        [`${prefix}window:robot`]: true,
        [`${prefix}outbox:items`]: false,
        [`${prefix}outbox:counts`]: false,
        [`${prefix}outbox:due:${line}`]: false,
        [`${prefix}outbox:off:${line}`]: false,
        [`${prefix}outbox:heads:${line}`]: false,
        [`${prefix}outbox:group:${group}`]: false,
        [`${prefix}outbox:lease:${group}`]: true,
      })
      await store.remove(['i'])
      await store.giveBack([turn])
      expect(await command('KEYS', `${prefix}outbox:*`)).toEqual([])
    })

    test('claim and settle cost one round trip each', async () => {
      const proxy = await countingProxy(address)
      const counted = openRedisStore(`redis://${proxy.address}/14?prefix=${prefix}`, CONTEXT)
      // Opens the connection, and lets the server learn the script.
      await counted.claim('first', 1000)
      const before = proxy.roundTrips()
      for (let i = 0; i < 20; i++) {
        expect((await counted.claim(`run-${i}`, 60_000)).kind).toBe('claimed')
        await counted.settle(`run-${i}`, 60_000)
      }
      expect(proxy.roundTrips() - before).toBe(40)
      counted.close?.()
      await proxy.close()
    })

    test('a note that comes with the claim costs no round trip, and what is no note no claim', async () => {
      const proxy = await countingProxy(address)
      const counted = openRedisStore(`redis://${proxy.address}/14?prefix=${prefix}`, CONTEXT)
      await counted.setNote('n', 'x', null)
      await counted.claim('first', 1000, 'n')
      const before = proxy.roundTrips()
      for (let i = 0; i < 20; i++)
        expect(await counted.claim(`run-${i}`, 60_000, 'n')).toMatchObject({ kind: 'claimed', note: 'x' })
      expect(proxy.roundTrips() - before).toBe(20)
      await command('DEL', `${prefix}note:n`)
      await command('HSET', `${prefix}note:n`, 'a', 'b')
      expect(await counted.claim('odd', 60_000, 'n')).toMatchObject({ kind: 'claimed', note: null })
      counted.close?.()
      await proxy.close()
    })

    test('fails while the server cannot be reached, and works again as soon as it can', async () => {
      const proxy = await startTcpProxy(address)
      const cut = openRedisStore(`redis://${proxy.address}/14?prefix=${prefix}`, CONTEXT)
      await cut.claim('a', 60_000)
      await proxy.refuse()
      await expect(cut.claim('b', 60_000)).rejects.toMatchObject({ name: 'PeerError' })
      await expect(cut.park(messageItem('i'))).rejects.toThrow(`redis: ${proxy.address}:`)
      await proxy.pass()
      expect((await cut.claim('a', 60_000)).kind).toBe('held')
      expect((await cut.claim('b', 60_000)).kind).toBe('claimed')
      await cut.park(messageItem('i'))
      expect(await listAll(store)).toHaveLength(1)
      cut.close?.()
      await proxy.close()
    })

    test('works on after the server forgot its scripts', async () => {
      await store.claim('a', 60_000)
      await command('SCRIPT', 'FLUSH')
      expect((await store.claim('a', 60_000)).kind).toBe('held')
      expect((await store.claim('b', 60_000)).kind).toBe('claimed')
    })

    test('has its keys in Redis under relay: unless told otherwise', async () => {
      const plain = openRedisStore(`redis://${address}/14`, CONTEXT)
      const key = `plain-${process.pid}`
      await plain.settle(key, 60_000)
      expect(await command('DEL', `relay:c${digestOf(key)}`)).toBe(1)
      plain.close?.()
    })
  })
})

test('a server that is not there is an error without credentials', async () => {
  const store = openRedisStore('redis://user:s3cret@127.0.0.1:1/0', CONTEXT)
  const errors = await Promise.all([
    store.claim('k', 1).catch(String),
    store.settle('k', 1).catch(String),
    listAll(store).catch(String),
  ])
  for (const error of errors) {
    expect(error).toContain('redis: 127.0.0.1:1: ECONNREFUSED')
    expect(error).not.toContain('s3cret')
  }
  store.close?.()
})

const ENCODE =
  '; percent-encode what is special in a user name or password: % ? # & @ / are written %25 %3F %23 %26 %40 %2F'

test.each([
  ['redis:', 'the host is missing: redis://host:6379/0'],
  ['redis://', 'the host is missing: redis://host:6379/0'],
  [
    'redis://user:s3cret@host:port/0',
    `not a URL of the form redis://user:password@host:6379/0?prefix=relay:${ENCODE}`,
  ],
  [
    'redis://user:s3cret@host/zero',
    `the path must be the number of the database: redis://host:6379/0${ENCODE}`,
  ],
  ['redis://user:s3cret@host/0?perfix=a', 'unknown parameter "perfix": did you mean prefix? (known: prefix)'],
])('refuses %s in words that do not repeat it', (url, message) => {
  expect(() => openRedisStore(url, CONTEXT)).toThrow(new Error(message))
})

interface CountingProxy {
  readonly address: string
  /** How often the client sent something and waited. */
  readonly roundTrips: () => number
  readonly close: () => Promise<void>
}

async function countingProxy(address: string): Promise<CountingProxy> {
  const [host = '', port = ''] = address.split(':')
  const sockets: Socket[] = []
  let count = 0
  let isAsking = false
  const server: Server = createServer((client) => {
    const upstream = connect(Number(port), host)
    sockets.push(client, upstream)
    client.on('data', (data) => {
      if (!isAsking) count++
      isAsking = true
      upstream.write(data)
    })
    upstream.on('data', (data) => {
      isAsking = false
      client.write(data)
    })
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.forEach((each) => each.destroy()))
    }
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    roundTrips: () => count,
    close: async () => {
      sockets.forEach((socket) => socket.destroy())
      await new Promise((done) => server.close(done))
    },
  }
}
