import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { execFileSync } from 'node:child_process'
import { dirname, join, resolve } from 'node:path'
import Redis from 'iovalkey'
import { type FakeCos, startFakeCos } from '../support/fake-cos'
import { type RedisServer, startRedis } from '../support/redis-server'
import { describeService } from '../support/services'
import { temporaryFolder } from '../support/temporary-folder'
import { callbackXml, runOf } from './callbacks'
import { type HttpPeer, startPeer } from './http-peer'
import { openRelay, type Relay } from './open-relay'
import { buildOutbox, type Outbox } from './run-outbox'
import { storeContract } from '../contracts/deployed-store-contract'

const FIXTURES = resolve(__dirname, '..', 'fixtures')

function cosEnv(cos: FakeCos): Record<string, string> {
  return {
    STORE_URL: `cos://media-1250000000/relay?region=ap-guangzhou&endpoint=${cos.endpoint}`,
    TENCENT_SECRET_ID: cos.credentials.secretId,
    TENCENT_SECRET_KEY: cos.credentials.secretKey,
    TENCENT_TOKEN: cos.credentials.sessionToken ?? '',
  }
}

describe('memory:', () => {
  storeContract(async () => ({ env: { STORE_URL: 'memory:' }, stop: async () => undefined }), {
    isShared: false,
  })
})

describe('file:', () => {
  storeContract(async () => {
    const folder = temporaryFolder()
    return { env: { STORE_URL: `file:${folder.path}/store` }, stop: async () => folder.remove() }
  })
})

describeService('redis', () => {
  storeContract(async () => {
    const redis = await startRedis()
    return { env: { STORE_URL: `redis://${redis.address}/0` }, stop: () => redis.stop() }
  })
})

describe('cos:', () => {
  storeContract(
    async () => {
      const cos = await startFakeCos()
      cos.acceptsAnyTime = true
      return { env: cosEnv(cos), stop: () => cos.close() }
    },
    { isExact: false },
  )
})

let queue: HttpPeer
let relay: Relay | null
let outbox: Outbox
beforeAll(() => (outbox = buildOutbox()))
afterAll(() => outbox.remove())
beforeEach(async () => {
  queue = await startPeer()
  relay = null
})
afterEach(async () => {
  await relay?.kill()
  await queue.stop()
})
const opened = (env: Readonly<Record<string, string>>): Relay =>
  (relay = openRelay({ QUEUE_URL: queue.url, ...env }))

/** Parks one for each id, each about an object of its own. */
async function park(env: Readonly<Record<string, string>>, ids: readonly string[]): Promise<Relay> {
  queue.manner = 'refuses'
  const one = opened(env)
  for (const id of ids) expect((await one.post(callbackXml(id, `${id}.mp4`))).outcome).toBe('parked')
  queue.manner = 'takes'
  await one.passTime(15_000)
  return one
}

const straysIn = (one: Relay): readonly { place: string; problem: string }[] =>
  one
    .log()
    .flatMap(({ msg, strays }) =>
      msg === 'the store holds what cannot be read: it is passed over'
        ? (strays as { place: string; problem: string }[])
        : [],
    )

describe('what cannot be read in a file store is passed over, named once a sweep and by the outbox command', () => {
  const folder = temporaryFolder()
  const store = join(folder.path, 'store')
  const env = { STORE_URL: `file:${store}` }
  afterEach(() => rmSync(store, { recursive: true, force: true }))
  afterAll(() => folder.remove())

  const digest = 'a'.repeat(64)
  /** Of the items that are there, by their places in the outbox. */
  const itemFiles = (): string[] =>
    readdirSync(join(store, 'outbox'), { recursive: true, encoding: 'utf8' })
      .map((name) => join(store, 'outbox', name))
      .filter((path) => statSync(path).isFile())
  const parts = (): { path: string; line: Record<string, unknown>; parcel: string } => {
    const [path = ''] = itemFiles()
    const [line = '', parcel = ''] = readFileSync(path, 'utf8').split('\n')
    return { path, line: JSON.parse(line) as Record<string, unknown>, parcel }
  }
  /** Spoils the one item that is there. */
  const changed = (changes: Record<string, unknown>, parcel?: string): void => {
    const item = parts()
    writeFileSync(item.path, `${JSON.stringify({ ...item.line, ...changes })}\n${parcel ?? item.parcel}\n`)
  }
  /** Where items stand now, and where v0.1 kept them. */
  const beside = (): string => dirname(parts().path)
  const before = (): string => {
    mkdirSync(join(store, 'items'), { recursive: true })
    return join(store, 'items')
  }

  test.each([
    ['a stray file', () => writeFileSync(join(beside(), '.DS_Store'), 'x'), '/.DS_Store'],
    [
      'a stray file of a line',
      () => writeFileSync(join(store, 'outbox', '.DS_Store'), 'x'),
      'outbox/.DS_Store',
    ],
    ['an empty file', () => writeFileSync(join(before(), digest), ''), `items/${digest}`],
    ['random bytes', () => writeFileSync(join(before(), digest), Buffer.alloc(9000, 0xfe)), digest],
    ['a folder', () => mkdirSync(join(before(), digest)), digest],
    ['a link', () => symlinkSync('/etc/passwd', join(before(), digest)), digest],
    ['a pipe', () => execFileSync('mkfifo', [join(before(), digest)]), digest],
    ['a foreign folder', () => mkdirSync(join(store, 'backup')), 'backup'],
    ['a stray note', () => writeFileSync(join(store, 'notes-copy'), 'x'), 'notes-copy'],
  ])('%s', async (_, spoil, named) => {
    const one = await park(env, ['i1', 'i2'])
    spoil()
    expect(await one.sweep()).toMatchObject({ delivered: 2, failed: 0, waiting: 0 })
    expect(straysIn(one).filter(({ place }) => place.includes(named))).toHaveLength(1)
    const { code, out } = await outbox.run(env, 'list')
    expect(code).toBe(0)
    expect(out).toContain(named)
    expect((await one.post(callbackXml('i1', 'i1.mp4'))).outcome).toBe('duplicate')
  })

  test.each([
    ['cut off in its first line', (text: string) => text.slice(0, 40)],
    ['cut off in its parcel', (text: string) => text.slice(0, -40)],
    ['without its first line', (text: string) => text.slice(text.indexOf('\n') + 1)],
  ])('an item %s, and those of its group go on', async (_, spoil) => {
    queue.manner = 'refuses'
    const one = opened(env)
    await one.post(callbackXml('i1', 'same.mp4'))
    const { path } = parts()
    for (const id of ['i2', 'i3']) await one.post(callbackXml(id, 'same.mp4'))
    writeFileSync(path, spoil(readFileSync(path, 'utf8')))
    queue.manner = 'takes'
    await one.passTime(15_000)
    expect(await one.sweep()).toMatchObject({ delivered: 2 })
    expect(queue.taken.map(runOf)).toEqual(['i2', 'i3'])
    expect(straysIn(one).length).toBeGreaterThan(0)
    expect((await outbox.run(env, 'list')).out).toContain('unreadable')
  })

  test.each<[string, [Record<string, unknown>, string?]]>([
    ['an unknown status', [{ status: 'asleep' }]],
    ['a time that is a text', [{ dueAt: 'soon' }]],
    ['a time beyond all dates', [{ parkedAt: 1e300 }]],
    ['tries that are none', [{ tries: -1 }]],
    ['no group', [{ group: null }]],
    ['an error that is an object', [{ lastError: {} }]],
    ['an id that is a path', [{ id: '../../x' }]],
    ['the id of another', [{ id: 'another' }]],
    ['a version that is a path', [{ version: '../../logs' }]],
    ['a parcel of an unknown kind', [{}, '{"kind":"novel"}']],
    ['an alert without facts', [{}, '{"kind":"alert","channel":"c","alert":{"id":"x"}}']],
    ['a parcel that is null', [{}, 'null']],
  ])('an item with %s', async (_, [changes, parcel]) => {
    const one = await park(env, ['i1'])
    // What a version that is a path would lead to.
    for (const name of ['logs', 'logs.1', 'logs.2']) writeFileSync(join(folder.path, name), 'precious')
    changed(changes, parcel)
    expect(await one.sweep()).toMatchObject({ delivered: 0, failed: 0, dead: 0 })
    expect(straysIn(one)).toHaveLength(1)
    for (const name of ['logs', 'logs.1', 'logs.2'])
      expect(readFileSync(join(folder.path, name), 'utf8')).toBe('precious')
    // The callback can be parked anew in its place.
    expect((await outbox.run(env, 'list')).out).toMatch(/unreadable; passed over/)
    expect(itemFiles()).toHaveLength(1)
  })

  test('in every other folder, too, and no loop', async () => {
    const alerts = await startPeer()
    try {
      const one = opened({ ...env, ALERT_URLS: 'wecom://key-0123456789?endpoint=http://127.0.0.1:9' })
      await one.post(callbackXml('i1', 'a.mp4', 'Failed'))
      const inFolders = [
        'tmp',
        'claims',
        'leases',
        'notes',
        'windows',
        `claims/${readdirSync(join(store, 'claims'))[0]!}`,
      ]
      for (const name of inFolders) {
        mkdirSync(join(store, name), { recursive: true })
        writeFileSync(join(store, name, '.DS_Store'), 'x')
      }
      for (const name of readdirSync(join(store, 'windows')).filter((window) => window.length === 64))
        for (const stray of ['.DS_Store', 'NaN', '-1'])
          writeFileSync(join(store, 'windows', name, stray), 'x')
      writeFileSync(join(store, 'tidied'), 'x')
      await one.passTime(3_600_000)
      await one.post(callbackXml('i2', 'b.mp4', 'Failed'))
      await one.sweep()
      const named = straysIn(one).map(({ place }) => place)
      for (const name of inFolders) expect(named).toContain(`${name}/.DS_Store`)
      expect(one.log().filter(({ msg }) => msg.startsWith('the sweep could not'))).toEqual([])
    } finally {
      await alerts.stop()
    }
  })

  test('a mark of what is settled that a loss of power emptied still holds; an empty lease holds nobody off', async () => {
    const one = opened(env)
    await one.post(callbackXml('i1'))
    const [shard = ''] = readdirSync(join(store, 'claims'))
    const [mark = ''] = readdirSync(join(store, 'claims', shard))
    expect(mark.endsWith('.done')).toBe(true)
    writeFileSync(join(store, 'claims', shard, mark), '')
    expect((await one.post(callbackXml('i1'))).outcome).toBe('duplicate')
    rmSync(join(store, 'claims', shard, mark))
    writeFileSync(join(store, 'claims', shard, mark.replace('.done', '.1')), '')
    expect((await one.post(callbackXml('i1'))).outcome).toBe('queued')
  })
})

describeService('redis', () => {
  let redis: RedisServer
  let client: Redis
  beforeEach(async () => {
    redis = await startRedis()
    client = new Redis(redis.port, '127.0.0.1')
  })
  afterEach(async () => {
    client.disconnect()
    await redis.stop()
  })

  test('what cannot be read is passed over and named, and those of its group go on', async () => {
    const env = { STORE_URL: `redis://${redis.address}/0` }
    const one = await park(env, ['i1', 'i2', 'i3'])
    const items = 'relay:outbox:items'
    const [broken = '', without = ''] = await client.hkeys(items)
    await client.hset(items, broken, '{"id":')
    await client.hset(items, without, (await client.hget(items, without))!.split('\n').slice(0, 2).join('\n'))
    // Where v0.1 kept its own.
    await client.hset('relay:items:headers', 'stranger', 'no JSON')
    await client.hset('relay:items:headers', 'other', '{"id":"../x"}')
    expect(await one.sweep()).toMatchObject({ delivered: 1, failed: 0, waiting: 0 })
    const named = straysIn(one).map(({ place }) => place)
    for (const id of [broken, without]) expect(named).toContain(`${items}/${id}`)
    for (const id of ['stranger', 'other']) expect(named).toContain(`relay:items:headers/${id}`)
    const { code, out } = await outbox.run(env, 'list')
    expect(code).toBe(0)
    for (const id of [broken, without, 'stranger', 'other']) expect(out).toContain(id)
    expect(await client.hlen(items)).toBe(2)
    expect(await client.hlen('relay:items:headers')).toBe(2)
    // Parked anew, it is an item again; dropped, it is gone.
    expect((await outbox.run(env, 'drop', broken)).code).toBe(0)
    expect(await client.hkeys(items)).toEqual([without])
  })

  test('what cannot be read stands in no way of those behind it', async () => {
    queue.manner = 'refuses'
    const one = opened({ STORE_URL: `redis://${redis.address}/0` })
    for (let i = 0; i < 20; i++) await one.post(callbackXml(`i${i}`, 'same.mp4'))
    const group = (await client.keys('relay:outbox:group:*'))[0]!
    const ids = await client.zrange(group, 0, -1)
    for (const place of [0, 1, 2, 7, 19]) await client.hset('relay:outbox:items', ids[place]!, 'x')
    await client.hdel('relay:outbox:items', ids[9]!)
    queue.manner = 'takes'
    await one.passTime(15_000)
    expect(await one.sweep()).toMatchObject({ delivered: 14, failed: 0, waiting: 0 })
    const expected = Array.from({ length: 20 }, (_, i) => i).filter((i) => ![0, 1, 2, 7, 9, 19].includes(i))
    expect(queue.taken.map(runOf)).toEqual(expected.map((i) => `i${i}`))
    expect((await client.keys('relay:outbox:*')).sort()).toEqual([
      'relay:outbox:items',
      'relay:outbox:unreadable',
    ])
  })

  test('a server whose memory is full is drained all the same', async () => {
    queue.manner = 'refuses'
    const one = opened({ STORE_URL: `redis://${redis.address}/0` })
    for (let i = 0; i < 30; i++) await one.post(callbackXml(`i${i}`, `${i % 3}.mp4`))
    await redis.command('CONFIG', 'SET', 'maxmemory', '1')
    expect((await one.post(callbackXml('i-more'))).status).toBe(503)
    queue.manner = 'takes'
    await one.passTime(15_000)
    expect(await one.sweep()).toMatchObject({ delivered: 30, waiting: 0 })
    expect(new Set(queue.taken.map(runOf)).size).toBe(30)
    expect(queue.taken).toHaveLength(30)
  })

  test('a store written by v0.1 is drained', async () => {
    for (const line of readFileSync(join(FIXTURES, 'store-v0.1-redis.jsonl'), 'utf8').trim().split('\n'))
      await client.call(...(JSON.parse(line) as [string, ...string[]]))
    await drained({ STORE_URL: `redis://${redis.address}/0` })
  })
})

test('a file store written by v0.1 is drained', async () => {
  const folder = temporaryFolder()
  try {
    cpSync(join(FIXTURES, 'store-v0.1'), join(folder.path, 'store'), { recursive: true })
    await drained({ STORE_URL: `file:${folder.path}/store` })
  } finally {
    await relay?.kill()
    folder.remove()
  }
})

/** Three messages, two alerts for a channel that is no longer there, and a body that could not be read. */
async function drained(env: Readonly<Record<string, string>>): Promise<void> {
  const alerts = await startPeer()
  // What v0.1 parked goes out as it is, without state and verdict beside the data.
  queue.isStrict = false
  try {
    const one = opened({ ...env, ALERT_URLS: alerts.url })
    expect(await one.sweep()).toMatchObject({ delivered: 3, failed: 0, dead: 2, waiting: 0 })
    const ids = queue.taken.map(runOf)
    expect([...ids].sort()).toEqual(['i1', 'i2', 'i3'])
    expect(ids.indexOf('i1')).toBeLessThan(ids.indexOf('i2'))
    expect(alerts.taken).toHaveLength(1)
    expect(String(alerts.taken[0]!.data['text'])).toContain('Workflow failed: transcode · c.mp4')
    expect(straysIn(one)).toEqual([])
    const listed = JSON.parse((await outbox.run(env, 'list', '--json')).out) as { status: string }[]
    expect(listed.map(({ status }) => status).sort()).toEqual(['dead', 'dead', 'quarantined'])
  } finally {
    await alerts.stop()
  }
}

test('what cannot be read below the prefix of a bucket is passed over and named', async () => {
  const cos = await startFakeCos()
  cos.acceptsAnyTime = true
  try {
    const one = await park(cosEnv(cos), ['i1', 'i2', 'i3'])
    const put = (key: string, body: string): unknown =>
      cos.objects.set(key, { body, etag: `"${key}${body.length}"`, modified: Date.now() })
    const [spoiled = ''] = [...cos.objects.keys()].filter((key) => key.startsWith('relay/outbox/'))
    put(spoiled, 'no item')
    put('relay/items/', '')
    put('relay/outbox/', '')
    put('relay/outbox/report.csv', 'a,b')
    put('relay/items/report.csv', 'a,b')
    put(`relay/items/${'b'.repeat(64)}`, '')
    put(`relay/claims/${'c'.repeat(64)}`, 'x')
    put('relay/notes/readme', 'x')
    expect(await one.sweep()).toMatchObject({ delivered: 2, failed: 0, waiting: 0 })
    const named = straysIn(one).map(({ place }) => place)
    expect(named.sort()).toEqual(
      [spoiled, 'relay/outbox/report.csv', 'relay/items/report.csv', `relay/items/${'b'.repeat(64)}`].sort(),
    )
    expect((await outbox.run(cosEnv(cos), 'list')).out).toContain('report.csv')
  } finally {
    await relay?.kill()
    await cos.close()
  }
})
