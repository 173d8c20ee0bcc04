import { openCosStore } from '../support/open-drivers'
import type { Store } from '../../src/stores/store'
import { startFakeCos, type FakeCos } from '../support/fake-cos'
import { shiftedClock, type ShiftedClock } from '../support/shifted-clock'
import { messageItem, storeContract } from '../support/store-contract'

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
  fake.longestPage = 1000
}

describe('the cos store', () => {
  // COS does not promise that of two claims at the same instant one fails, so the races are left out.
  storeContract(
    () => {
      clock = shiftedClock()
      fake.longestPage = 2
      return {
        open: async () => open(),
        again: async () => open(),
        pass: clock.pass,
        cleanUp: async () => {
          clock.restore()
          reset()
        },
      }
    },
    { atomic: false },
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
    expect(fake.objects.size).toBe(6)
    for (const key of fake.objects.keys()) {
      expect(key).toMatch(/^转码\/relay\/((claims|items|leases|notes|windows)\/[0-9a-f-]+|tidied)$/)
    }
  })

  test('a callback costs two requests: claim and settle', async () => {
    expect((await store.claim('run-1', 60_000)).kind).toBe('claimed')
    await store.settle('run-1', 60_000)
    expect(fake.requests).toHaveLength(2)
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

  test('lists by LIST alone what has not changed since', async () => {
    fake.longestPage = 3
    for (let i = 0; i < 7; i++) await store.park(messageItem(`i${i}`))
    expect(await store.list()).toHaveLength(7)
    await store.park(messageItem('i3', { tries: 4 }))
    await store.remove('i6')
    fake.requests.splice(0)
    expect((await store.list()).map(({ tries }) => tries)).toEqual([0, 0, 0, 4, 0, 0])
    expect(fake.requests.filter((request) => request === 'GET /')).toHaveLength(2)
    expect(fake.requests.filter((request) => request !== 'GET /')).toHaveLength(1)
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
    expect(fake.objects.size).toBe(8)
    await clock.pass(DAY)
    fake.requests.splice(0)
    await open().tidy()
    expect(fake.objects.size).toBe(4)
    const requests = fake.requests.length
    await store.tidy()
    expect(fake.requests.length).toBe(requests + 1)
    expect(await store.claim('done', 1000)).toEqual({ kind: 'done' })
    expect(await store.note('lasting')).toBe('x')
    expect(await store.list()).toHaveLength(1)
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
      store.list(),
      store.read('i'),
      store.take('i', 1),
      store.remove('i'),
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
    await expect(store.list()).rejects.toThrow('answered 404 NoSuchBucket')
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
