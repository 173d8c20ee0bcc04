import { openCosStore } from '../../support/open-drivers'
import { sha256 } from '../../../src/sha256'
import type { ParkedItem, Store, Turn } from '../../../src/stores/store'
import { startFakeCos, type FakeCos } from '../../support/fake-cos'
import { shiftedClock, type ShiftedClock } from '../../support/shifted-clock'
import { groupAt, itemAbout } from '../../contracts/outbox-contract'
import { storeContract } from '../../contracts/store-contract'
import { messageItem } from '../../support/store-setup'

const BUCKET = 'media-1250000000'
const DAY = 86_400_000

let fake: FakeCos
let clock: ShiftedClock

beforeAll(async () => {
  fake = await startFakeCos()
})
afterAll(async () => fake.close())

function open(parameters = ''): Store {
  const url = `cos://${BUCKET}/转码/relay?region=ap-guangzhou&endpoint=${fake.endpoint}${parameters}`
  return openCosStore(url, { credentials: () => fake.credentials, region: null })
}

function reset(): void {
  fake.objects.clear()
  fake.requests.splice(0)
  fake.failure = null
  fake.hasVersions = false
  fake.broken.clear()
  fake.longestPage = 1000
  fake.removesMany = true
  fake.keeps.clear()
}

describe('the cos store', () => {
  // COS does not promise that of two claims at the same instant one fails, so the races are left out.
  storeContract(
    () => {
      clock = shiftedClock()
      fake.longestPage = 7
      return {
        open: async () => open(),
        again: async () => open(),
        pass: clock.pass,
        spoil: async (id) => {
          const [key, object] = [...fake.objects].find(([, { body }]) => body.startsWith(`{"id":"${id}",`))!
          fake.objects.set(key, { ...object, body: object.body.slice(0, 40), etag: '"spoiled"' })
        },
        cleanUp: async () => {
          clock.restore()
          reset()
        },
      }
    },
    { atomic: false, many: 1000 },
  )
})

describe('of its own', () => {
  let store: Store
  beforeEach(() => {
    clock = shiftedClock()
    store = open()
  })
  afterEach(() => {
    clock.restore()
    reset()
  })

  test('keeps all below its prefix', async () => {
    await store.claim('../../x', 1000)
    await store.park(messageItem('..'))
    await store.take('..', 1000)
    await store.setNote('/', 'x', null)
    await store.admit('?', 1, 1000)
    await store.tidy()
    expect(fake.objects.size).toBe(7)
    for (const key of fake.objects.keys()) {
      expect(key).toMatch(
        /^转码\/relay\/((claims|ids|leases|notes|windows)\/[0-9a-f/]+|tidied|outbox\/[a-z0-9~=-]+\/[0-9a-f]{32}\/[0-9a-z.]+)$/,
      )
    }
  })

  test('a callback costs two requests: claim and settle', async () => {
    expect((await store.claim('run-1', 60_000)).kind).toBe('claimed')
    await store.settle('run-1', 60_000)
    expect(fake.requests).toHaveLength(2)
  })

  test('the note that comes with claims costs one request a minute, and no claim', async () => {
    await store.setNote('n', 'x', null)
    fake.requests.splice(0)
    const noted = async (key: string) => (await store.claim(key, 60_000, 'n')).note
    expect(await Promise.all(Array.from('abcdefgh', noted))).toEqual(Array(8).fill('x'))
    expect(fake.requests).toHaveLength(9)
    await store.setNote('n', 'y', null)
    expect(await noted('i')).toBe('x')
    await clock.pass(60_000)
    expect(await noted('j')).toBe('y')
    // A clock that was set back does not keep it for long.
    await store.setNote('n', 'z', null)
    await clock.pass(-3_600_000)
    expect(await noted('k')).toBe('z')
    await clock.pass(3_600_000)
  })

  test('a note that cannot be had, or not soon, is absent from the claim', async () => {
    await store.setNote('n', 'x', null)
    const [key = ''] = fake.objects.keys()
    fake.broken.set(key, 'refuses')
    expect(await store.claim('a', 60_000, 'n')).toEqual({ kind: 'claimed', holder: expect.any(String) })
    await clock.pass(60_000)
    fake.broken.set(key, 'hangs')
    const before = performance.now()
    expect(await store.claim('b', 60_000, 'n')).toEqual({ kind: 'claimed', holder: expect.any(String) })
    expect(performance.now() - before).toBeLessThan(900)
    await clock.pass(60_000)
    fake.broken.clear()
    expect((await store.claim('c', 60_000, 'n')).note).toBe('x')
    fake.objects.get(key)!.body = 'no JSON'
    await clock.pass(60_000)
    expect((await store.claim('d', 60_000, 'n')).note).toBeNull()
  })

  test('of two that come upon the same ended lease, the later leaves it to the first', async () => {
    await store.claim('k', 1000)
    await clock.pass(1000)
    const [one, two] = await Promise.all([store.claim('k', 1000), open().claim('k', 1000)])
    expect([one.kind, two.kind].sort()).toEqual(['claimed', 'held'])
  })

  test('a takeover that a crash left behind delays the next only briefly', async () => {
    await store.claim('k', 1000)
    const [[key, ended] = ['', undefined]] = [...fake.objects]
    await clock.pass(1000)
    expect((await store.claim('k', 1000)).kind).toBe('claimed')
    // As if the taker had died before it wrote its claim.
    fake.objects.set(key, ended!)
    const claim = await store.claim('k', 1000)
    expect(claim).toEqual({ kind: 'held', retryAfterMs: expect.any(Number) })
    await clock.pass((claim as { retryAfterMs: number }).retryAfterMs)
    expect((await store.claim('k', 1000)).kind).toBe('claimed')
    expect((await store.claim('k', 1000)).kind).toBe('held')
  })

  /** Empties the line as a sweep does; what was delivered, in order. */
  const drain = async (from: Store = store): Promise<string[]> => {
    const ids: string[] = []
    for (;;) {
      const limits = { groups: 64, items: 256, bytes: 4e6, leaseMs: 300_000 }
      const turns = await from.takeDue({ kind: 'waiting', destination: 'queue' }, Date.now(), limits)
      if (turns.length === 0) return ids
      const batch = turns.flatMap(({ items }) => items.map(({ id }) => id))
      ids.push(...batch)
      await from.giveBack(turns, batch)
    }
  }
  const parkAll = async (items: readonly ParkedItem[]): Promise<void> => {
    for (let start = 0; start < items.length; start += 50)
      await Promise.all(items.slice(start, start + 50).map((item) => store.park(item)))
  }

  test('to park an item costs two requests, and to count them one for a thousand', async () => {
    await store.lines()
    fake.requests.splice(0)
    await parkAll(Array.from({ length: 1001 }, (_, n) => itemAbout(`o${n % 9}`, n)))
    expect(fake.requests).toHaveLength(2002)
    fake.requests.splice(0)
    expect(await store.lines()).toMatchObject([{ items: 1001 }])
    // And a look whether anything of v0.1 is left.
    expect(fake.requests).toEqual(['GET /', 'GET /', 'GET /'])
  })

  test('to deliver an item costs one request and a small part of those for its batch', async () => {
    const items = Array.from({ length: 1200 }, (_, n) => itemAbout(`o${n % 4}`, n))
    await parkAll(items)
    fake.requests.splice(0)
    const ids = await drain(open())
    expect(ids.sort()).toEqual(items.map(({ id }) => id).sort())
    expect(fake.requests.length / items.length).toBeLessThan(1.1)
    expect([...fake.objects.keys()]).toEqual([])
  })

  test('one of a group of its own costs a lease, too', async () => {
    const items = Array.from({ length: 600 }, (_, n) => itemAbout(`o${n}`, n))
    await parkAll(items)
    fake.requests.splice(0)
    expect(await drain(open())).toHaveLength(600)
    expect(fake.requests.length / items.length).toBeLessThan(2.1)
  })

  test('removes one by one where COS does not let many go at once, and asks for that only once', async () => {
    fake.removesMany = false
    await parkAll([1, 2, 3].map((n) => itemAbout('o', n)))
    expect(await drain()).toHaveLength(3)
    await parkAll([4, 5].map((n) => itemAbout('o', n)))
    await store.remove(['o-4', 'o-5'])
    expect(fake.requests.filter((request) => request === 'POST /')).toHaveLength(1)
    expect([...fake.objects.keys()]).toEqual([])
  })

  test('what COS does not remove with the others is removed by itself', async () => {
    await parkAll([1, 2].map((n) => itemAbout('o', n)))
    for (const key of fake.objects.keys()) if (key.includes('/ids/')) fake.keeps.add(key)
    await store.remove(['o-1', 'o-2'])
    expect([...fake.objects.keys()]).toEqual([])
  })

  test('keys that XML has signs for, or none, are removed as well', async () => {
    for (const prefix of [`a&b<c>"d'`, 'tab\there']) {
      const url = `cos://${BUCKET}/${encodeURIComponent(prefix)}?region=ap-guangzhou&endpoint=${fake.endpoint}`
      const other = openCosStore(url, { credentials: () => fake.credentials, region: null })
      await other.park(itemAbout('o', 1))
      await other.park(itemAbout('o', 2))
      expect(await other.lines()).toMatchObject([{ items: 2 }])
      expect(await drain(other)).toEqual(['o-1', 'o-2'])
      expect([...fake.objects.keys()]).toEqual([])
    }
  })

  test('a run goes on where the last one was stopped, after those it had come to', async () => {
    const real = process.hrtime
    let passed = 0
    const clock = jest.spyOn(process, 'hrtime').mockImplementation(() => {
      const [seconds, nanoseconds] = real()
      return [seconds + passed, nanoseconds]
    })
    try {
      fake.longestPage = 10
      await parkAll(Array.from({ length: 40 }, (_, n) => itemAbout(`o${n}`, n)))
      const first = open()
      const limits = { groups: 3, items: 3, bytes: 4e6, leaseMs: 300_000 }
      const line = { kind: 'waiting', destination: 'queue' } as const
      const idsIn = (turns: readonly Turn[]): string[] =>
        turns.flatMap(({ items }) => items.map(({ id }) => id))
      const before = [...(await first.takeDue(line, Date.now(), limits))]
      passed += 6
      before.push(...(await first.takeDue(line, Date.now(), limits)))
      const marks = [...fake.objects.keys()].filter((key) => key.includes('/marks/'))
      expect(marks).toHaveLength(1)
      // Stopped: its leases are over by the time of the next one.
      for (const key of fake.objects.keys()) if (key.includes('/leases/')) fake.objects.delete(key)
      const after = await open().takeDue(line, Date.now(), limits)
      expect(after).toHaveLength(3)
      expect(idsIn(after).filter((id) => idsIn(before).includes(id))).toEqual([])
      // A mark that cannot be read, or leads nowhere, is none.
      for (const body of ['', 'x', 'f'.repeat(32)]) {
        fake.objects.get(marks[0]!)!.body = body
        for (const key of fake.objects.keys()) if (key.includes('/leases/')) fake.objects.delete(key)
        expect(await open().takeDue(line, Date.now(), limits)).toHaveLength(3)
      }
    } finally {
      clock.mockRestore()
    }
  })

  test('a look for what is due ends after bounded work, and the next one, of another instance too, goes on there', async () => {
    fake.longestPage = 5
    const wait = { dueAt: Date.now() + DAY, waitMs: 2 * DAY }
    await parkAll(Array.from({ length: 200 }, (_, n) => itemAbout(`o${n}`, n, wait)))
    // In the last of the groups, in the order of their names.
    const groups = [...fake.objects.keys()].flatMap(
      (key) => /outbox\/[^/]+\/([0-9a-f]+)/.exec(key)?.[1] ?? [],
    )
    const last = groups.sort().at(-1)!
    const [n] = Array.from({ length: 200 }, (_, one) => one).filter(
      (one) => sha256(groupAt('queue', `o${one}`), 'hex').slice(0, 32) === last,
    )
    await store.park(itemAbout(`o${n!}`, n!))
    const real = process.hrtime
    let looks = 0
    const ticking = jest.spyOn(process, 'hrtime').mockImplementation(() => {
      const [seconds, nanoseconds] = real()
      looks += 1
      return [seconds + looks * 0.04, nanoseconds]
    })
    try {
      const limits = { groups: 3, items: 3, bytes: 4e6, leaseMs: 300_000 }
      const found: string[] = []
      let calls = 0
      for (; found.length === 0 && calls < 40; calls++) {
        fake.requests.splice(0)
        const turns = await open().takeDue({ kind: 'waiting', destination: 'queue' }, Date.now(), limits)
        expect(fake.requests.length).toBeLessThan(40)
        found.push(...turns.flatMap(({ items }) => items.map(({ id }) => id)))
      }
      expect(found).toEqual([`o${n!}-${n!}`])
      expect(calls).toBeGreaterThan(2)
    } finally {
      ticking.mockRestore()
    }
  })

  test('what is none of ours below the outbox is told, and in nobody’s way', async () => {
    await parkAll([itemAbout('o', 1), itemAbout('p', 2), itemAbout('q', 3, { status: 'dead' })])
    const group = [...fake.objects.keys()].find((key) => key.includes('/waiting~queue/'))!
    const folder = group.slice(0, group.lastIndexOf('/'))
    const put = (key: string): unknown =>
      fake.objects.set(key, { body: 'x', etag: `"${key}"`, modified: Date.now() })
    const foreign = [
      'outbox/readme.txt',
      'outbox/waiting~queue/0readme',
      'outbox/waiting~queue/zz/deep/er',
      'outbox/dead~queue/0 a+b',
      'outbox/dead~queue/名',
      'outbox/waiting~Q/x',
      'outbox/asleep~queue/x',
    ].map((key) => `转码/relay/${key}`)
    for (const key of [...foreign, `${folder}/0`, `${folder}/~`]) put(key)
    for (const key of ['outbox/', 'outbox/waiting~queue/', 'outbox/dead~queue/', 'ids/'])
      put(`转码/relay/${key}`)
    put(`${folder}/`)
    fake.longestPage = 2
    expect(await drain()).toEqual(['o-1', 'p-2'])
    expect(await store.lines()).toMatchObject([{ line: { kind: 'dead', destination: 'queue' }, items: 1 }])
    expect((await store.page({ kind: 'dead', destination: 'queue' }, null, 9)).headers).toHaveLength(1)
    const told = (await store.strays()).map(({ place }) => place)
    expect(told.sort()).toEqual([...foreign, `${folder}/0`, `${folder}/~`].sort())
    // Those that are there no more are not told again.
    for (const key of foreign) fake.objects.delete(key)
    await store.lines()
    expect(await store.strays()).toHaveLength(2)
  })

  test('an object that is longer than any item is none, and is not read', async () => {
    await parkAll([itemAbout('o', 1), itemAbout('o', 2)])
    const [key, object] = [...fake.objects].find(([, { body }]) => body.startsWith('{"id":"o-1"'))!
    fake.objects.set(key, { ...object, body: object.body + ' '.repeat(33 * 2 ** 20) })
    expect(await drain()).toEqual(['o-2'])
    expect(await store.strays()).toEqual([
      { place: key, problem: 'it is longer than anything that is kept here' },
    ])
  })

  test('tidying up removes what leads from an id to nothing, once it is old', async () => {
    await parkAll([itemAbout('o', 1), itemAbout('o', 2)])
    const [lost] = [...fake.objects.keys()].filter((key) => key.includes('/outbox/'))
    fake.objects.delete(lost!)
    await clock.pass(6 * DAY)
    await store.tidy()
    expect(fake.objects.size).toBe(4)
    await clock.pass(2 * DAY)
    await store.tidy()
    expect(fake.objects.size).toBe(3)
    expect(await drain()).toHaveLength(1)
  })

  test('tidying up removes what expired a week ago, once a day, and nothing else', async () => {
    await store.claim('abandoned', 1000)
    await store.settle('over', 1000)
    await store.settle('done', 30 * DAY)
    await store.setNote('short', 'x', 1000)
    await store.setNote('lasting', 'x', null)
    await store.admit('robot', 1, 1000)
    await store.park(messageItem('i'))
    await clock.pass(6 * DAY)
    await store.tidy()
    expect(fake.objects.size).toBe(9)
    await clock.pass(DAY)
    fake.requests.splice(0)
    await open().tidy()
    expect(fake.objects.size).toBe(5)
    const requests = fake.requests.length
    await store.tidy()
    expect(fake.requests.length).toBe(requests + 1)
    expect(await store.claim('done', 1000)).toEqual({ kind: 'done' })
    expect(await store.note('lasting')).toBe('x')
    expect(await store.lines()).toHaveLength(1)
  })

  test('tidying up stops when its time is up, and goes on the next time', async () => {
    for (let i = 0; i < 40; i++) await store.settle(`over ${i}`, 1000)
    await clock.pass(8 * DAY)
    let looks = 0
    await store.tidy(() => ++looks > 5)
    expect(fake.objects.size).toBe(35)
    await store.tidy()
    expect(fake.objects.size).toBe(1)
  })

  test('refuses a bucket with versioning, in which it would claim what is done', async () => {
    fake.hasVersions = true
    await expect(store.claim('k', 1000)).rejects.toThrow(
      `cos: ${BUCKET}: versioning is on, so that COS cannot tell whether an object exists: use a bucket that never had it`,
    )
  })

  test("a refusal quotes COS's code, words and request id, and hands on its wait", async () => {
    fake.failure = { status: 503, code: 'SlowDown', headers: { 'retry-after': '7' } }
    const error = await store.claim('k', 1000).catch((error: unknown) => error)
    expect(error).toMatchObject({
      name: 'PeerError',
      message: `cos: ${BUCKET}: creating: answered 503 SlowDown SlowDown it is. (request NWRjZmFrZQ==)`,
      failure: { retryAfterMs: 7000, kind: 'throttled' },
    })
    fake.failure = { status: 403, code: 'AccessDenied' }
    const calls = [
      store.settle('k', 1),
      store.release('k', 'h'),
      store.park(messageItem('i')),
      store.lines(),
      store.takeDue({ kind: 'waiting', destination: 'queue' }, 1, {
        groups: 1,
        items: 1,
        bytes: 1,
        leaseMs: 1,
      }),
      store.page({ kind: 'dead', destination: 'queue' }, null, 1),
      store.read('i'),
      store.take('i', 1),
      store.remove(['i']),
      store.note('n'),
      store.setNote('n', 'x', null),
      store.setNote('n', null, null),
      store.admit('n', 1, 1),
      store.tidy(),
    ]
    for (const call of calls) await expect(call).rejects.toThrow('answered 403 AccessDenied')
  })

  test('a bucket that does not exist is an error, not an empty store', async () => {
    fake.failure = { status: 404, code: 'NoSuchBucket' }
    await expect(store.note('n')).rejects.toThrow('answered 404 NoSuchBucket')
    await expect(store.read('i')).rejects.toThrow('answered 404 NoSuchBucket')
    await expect(store.park(messageItem('i'))).rejects.toThrow('answered 404 NoSuchBucket')
    await expect(store.remove(['i', 'j'])).rejects.toThrow('answered 404 NoSuchBucket')
    await expect(store.lines()).rejects.toThrow('answered 404 NoSuchBucket')
  })

  test('a wrong key is refused by its signature', async () => {
    const url = `cos://${BUCKET}/relay?endpoint=${fake.endpoint}`
    const credentials = { ...fake.credentials, secretKey: 'wrongSecretKey' }
    const wrong = openCosStore(url, { credentials: () => credentials, region: 'ap-guangzhou' })
    const error = await wrong.claim('k', 1000).catch((error: unknown) => error)
    expect(String(error)).toContain('answered 403 SignatureDoesNotMatch')
    expect(String(error)).not.toContain('wrongSecretKey')
  })

  test('without credentials, or without an answer, it says so', async () => {
    const gone = await startFakeCos()
    await gone.close()
    const url = `cos://${BUCKET}/relay?region=ap-guangzhou&endpoint=${gone.endpoint}`
    const none = openCosStore(url, { credentials: () => null, region: null })
    await expect(none.note('n')).rejects.toThrow('there are no credentials: give the function a role')
    const nobody = openCosStore(url, { credentials: () => fake.credentials, region: null })
    await expect(nobody.note('n')).rejects.toThrow(/^cos: 127\.0\.0\.1:\d+: ECONNREFUSED$/)
  })
})

test.each([
  ['cos:', /must be named with its APPID/],
  ['cos://media-1250000000:port/relay', /^not a URL of the form cos:/],
  ['cos://bucket/relay?region=ap-guangzhou', /must be named with its APPID/],
  ['cos://evil.example-1250000000/relay?region=ap-guangzhou', /must be named with its APPID/],
  ['cos://media-1250000000?region=ap-guangzhou', /a prefix is missing/],
  ['cos://media-1250000000/?region=ap-guangzhou', /a prefix is missing/],
  ['cos://media-1250000000/a//b?region=ap-guangzhou', /no empty part/],
  ['cos://media-1250000000/%zz?region=ap-guangzhou', /the prefix has a "%"/],
  [`cos://media-1250000000/${'x'.repeat(601)}?region=ap-guangzhou`, /longer than 600 bytes/],
  ['cos://media-1250000000/relay', /a region is missing/],
  ['cos://media-1250000000/relay?region=evil.example/', /a region is missing/],
  [
    'cos://media-1250000000/relay?region=ap-guangzhou&secret=x',
    /unknown parameter \(known: region, endpoint\)/,
  ],
  [
    'cos://media-1250000000/relay?region=ap-guangzhou&endpoint=http://example.com',
    /must be a loopback address/,
  ],
])('refuses %s', (url, message) => {
  expect(() => openCosStore(url, { credentials: () => null, region: null })).toThrow(message)
})
