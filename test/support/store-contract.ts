import type { CloudEvent } from '../../src/callback/cloud-event'
import type { ParkedItem, Store } from '../../src/stores/store'

/** How the contract suite handles one store. */
export interface StoreSetup {
  /** A store on an empty medium. */
  readonly open: () => Promise<Store>
  /** Another store on the same medium, as a second process would open it; null when the medium is the store itself. */
  readonly again: (() => Promise<Store>) | null
  /** Lets time pass for the store: by the clock it asks, or by waiting. */
  readonly pass: (ms: number) => Promise<void>
  readonly cleanUp: () => Promise<void>
}

/** Leases are short, so that a store on a real clock is waited for only briefly. */
const LEASE = 400
const LONG = 60_000

const STRANGE = [
  '',
  'A',
  'a',
  'ä',
  'wf-运行-成功/失败',
  '../../etc/passwd',
  '..',
  '.',
  '/',
  'a/b',
  'a//b',
  'a\\b',
  'a b',
  'a%2Fb',
  'a?b#c&d=e',
  '*',
  'con',
  'x.done',
  'x.1',
  '__proto__',
  'constructor',
  '😀',
  'line\nbreak\u0000nul',
  'k'.repeat(1000),
  `${'k'.repeat(999)}l`,
  '名'.repeat(1000),
]

export function messageItem(id: string, changes: Partial<ParkedItem> = {}): ParkedItem {
  const event: CloudEvent = {
    specversion: '1.0',
    id: `run-${id}`,
    source: '/cos/bucket-1250000000',
    subject: '目录/视频 "1".mp4',
    type: 'com.tencentcloud.ci.workflow.succeeded',
    datacontenttype: 'application/json',
    state: 'Success',
    verdict: 'succeeded',
    data: {
      runId: `run-${id}`,
      bucket: 'bucket-1250000000',
      object: '目录/视频 "1".mp4',
      state: 'Success',
      createdAt: null,
      headers: {},
      workflow: { id: 'w1', name: '转码\n流程' },
      tasks: [],
    },
  }
  return {
    id,
    status: 'waiting',
    group: 'bucket-1250000000/目录/视频 "1".mp4',
    parkedAt: 1_700_000_000_000,
    tries: 0,
    dueAt: 1_700_000_000_000,
    lastError: null,
    parcel: { kind: 'message', event },
    ...changes,
  }
}

/**
 * What every store promises; written once, run by each. `atomic: false` leaves the races out, for a medium on which they may be won
 * twice.
 */
export function storeContract(setUp: () => StoreSetup, { atomic = true } = {}): void {
  const race = (name: string, run: () => Promise<void>): void => {
    if (atomic) test(name, run)
  }
  let setup: StoreSetup
  let store: Store
  const opened: Store[] = []

  const another = async (): Promise<Store> => {
    if (setup.again === null) return store
    const more = await setup.again()
    opened.push(more)
    return more
  }
  const claimed = async (key: string, leaseMs = LONG): Promise<string> => {
    const claim = await store.claim(key, leaseMs)
    if (claim.kind !== 'claimed') throw new Error(`expected to get the claim, but it is ${claim.kind}`)
    return claim.holder
  }

  beforeEach(async () => {
    setup = setUp()
    store = await setup.open()
    opened.push(store)
  })
  afterEach(async () => {
    for (const one of opened.splice(0)) one.close?.()
    await setup.cleanUp()
  })

  // First, for a client of Redis works off its large buffers behind the scenes for seconds.
  test('an item as large as a callback may be', async () => {
    const bodyBase64 = Buffer.alloc(6 * 1024 * 1024, 'callback ').toString('base64')
    const item = messageItem('large', { parcel: { kind: 'unverified', bodyBase64 } })
    await store.park(item)
    const read = await store.read('large')
    expect(read?.parcel.kind === 'unverified' && read.parcel.bodyBase64 === bodyBase64).toBe(true)
    expect(await store.list()).toHaveLength(1)
  })

  describe('claims', () => {
    test('the first gets the claim, a repeat in progress learns how long it is held', async () => {
      await claimed('run-1+Success')
      const repeat = await (await another()).claim('run-1+Success', LONG)
      expect(repeat).toEqual({ kind: 'held', retryAfterMs: expect.any(Number) })
      const { retryAfterMs } = repeat as { retryAfterMs: number }
      expect(retryAfterMs).toBeGreaterThan(0)
      expect(retryAfterMs).toBeLessThanOrEqual(LONG)
    })

    test('a settled key is done, for everybody', async () => {
      await claimed('k')
      await store.settle('k', LONG)
      expect(await store.claim('k', LONG)).toEqual({ kind: 'done' })
      expect(await (await another()).claim('k', LONG)).toEqual({ kind: 'done' })
    })

    test('a released claim can be had at once, with a new holder', async () => {
      const first = await claimed('k')
      await store.release('k', first)
      expect(await claimed('k')).not.toBe(first)
      expect((await store.claim('k', LONG)).kind).toBe('held')
    })

    test('a lease ends by itself, again and again', async () => {
      const holders = new Set<string>()
      for (let round = 0; round < 4; round++) {
        holders.add(await claimed('k', LEASE))
        expect((await store.claim('k', LEASE)).kind).toBe('held')
        await setup.pass(LEASE)
      }
      expect(holders.size).toBe(4)
    })

    test('releasing many times leaves one holder each time', async () => {
      for (let round = 0; round < 12; round++) {
        const holder = await claimed('k')
        expect((await store.claim('k', LONG)).kind).toBe('held')
        await store.release('k', holder)
      }
    })

    test("a late holder's release does not free the claim of the next", async () => {
      const late = await claimed('k', LEASE)
      await setup.pass(LEASE)
      await claimed('k')
      await store.release('k', late)
      expect((await store.claim('k', LONG)).kind).toBe('held')
    })

    test('a release with a made-up holder, or of a key nobody claimed, does nothing', async () => {
      await claimed('k')
      for (const holder of ['', 'nobody', '1', '1-x', '../1', '-1']) await store.release('k', holder)
      expect((await store.claim('k', LONG)).kind).toBe('held')
      await store.release('never claimed', 'nobody')
      await claimed('never claimed')
    })

    test('a release after the settling leaves the key done', async () => {
      const holder = await claimed('k')
      await store.settle('k', LONG)
      await store.release('k', holder)
      expect(await store.claim('k', LONG)).toEqual({ kind: 'done' })
    })

    test('settles without a claim, and though another holds it', async () => {
      await store.settle('unclaimed', LONG)
      expect(await store.claim('unclaimed', LONG)).toEqual({ kind: 'done' })
      await claimed('k', LEASE)
      await setup.pass(LEASE)
      await claimed('k')
      await (await another()).settle('k', LONG)
      expect(await store.claim('k', LONG)).toEqual({ kind: 'done' })
    })

    test('done ends after its time; settling again prolongs it', async () => {
      await claimed('k')
      await store.settle('k', LEASE)
      await store.settle('longer', LEASE)
      await store.settle('longer', LONG)
      await setup.pass(LEASE)
      await claimed('k')
      expect(await store.claim('longer', LONG)).toEqual({ kind: 'done' })
      await store.settle('k', LONG)
      expect(await store.claim('k', LONG)).toEqual({ kind: 'done' })
    })

    test('strange keys stay apart', async () => {
      for (const key of STRANGE) await claimed(key)
      for (const key of STRANGE) expect((await store.claim(key, LONG)).kind).toBe('held')
      await store.settle('A', LONG)
      for (const key of STRANGE) {
        expect((await store.claim(key, LONG)).kind).toBe(key === 'A' ? 'done' : 'held')
      }
    })

    race('of 50 claims at once, one gets it', async () => {
      const stores = [store, await another()]
      for (let round = 0; round < 5; round++) {
        const claims = await Promise.all(
          Array.from({ length: 50 }, async (_, i) => stores[i % 2]!.claim(`race ${round}`, LONG)),
        )
        expect(claims.filter(({ kind }) => kind === 'claimed')).toHaveLength(1)
        expect(claims.filter(({ kind }) => kind === 'held')).toHaveLength(49)
      }
    })

    race('of 50 claims at once on an ended lease, one gets it', async () => {
      const stores = [store, await another()]
      for (let round = 0; round < 3; round++) {
        await store.claim(`ended ${round}`, LEASE)
        await setup.pass(LEASE)
        // Long, lest it end while a slow disk keeps the others waiting.
        const claims = await Promise.all(
          Array.from({ length: 50 }, async (_, i) => stores[i % 2]!.claim(`ended ${round}`, LONG)),
        )
        expect(claims.filter(({ kind }) => kind === 'claimed')).toHaveLength(1)
      }
    })

    test('tidying up frees nothing that is held and forgets nothing that is done', async () => {
      await claimed('held')
      await store.settle('done', LONG)
      await claimed('ended', LEASE)
      await store.settle('over', LEASE)
      await setup.pass(LEASE)
      await store.tidy()
      expect((await store.claim('held', LONG)).kind).toBe('held')
      expect(await store.claim('done', LONG)).toEqual({ kind: 'done' })
      await claimed('ended')
      await claimed('over')
    })
  })

  describe('parked items', () => {
    test('every kind of parcel comes back as it was parked', async () => {
      const { parcel } = messageItem('x')
      if (parcel.kind !== 'message') throw new Error('not a message')
      const items = [
        messageItem('message'),
        messageItem('alert', {
          parcel: {
            kind: 'alert',
            channel: 'wecom-1a2b',
            alert: {
              id: 'a1',
              severity: 'error',
              title: '失败 **x**](http://evil)',
              facts: [{ label: 'Object', value: 'a\r\nb' }],
              itemsHeading: 'Failed tasks',
              items: [{ title: 't', facts: [] }],
              more: 'and {count} more',
              footer: [],
              incident: null,
              event: parcel.event,
            },
          },
        }),
        messageItem('resolve', { parcel: { kind: 'resolve', channel: 'pagerduty-1', incident: 'w/o' } }),
        messageItem('unverified', { parcel: { kind: 'unverified', bodyBase64: 'PGE+' } }),
        messageItem('unreadable', {
          status: 'quarantined',
          lastError: 'not well formed, line 3:\n"<a>" is open',
          parcel: { kind: 'unreadable', bodyBase64: '', error: 'malformed', message: 'line 3' },
        }),
        messageItem('dead', { status: 'dead', tries: 48, dueAt: 1_800_000_000_123, lastError: '超时' }),
      ]
      for (const item of items) await store.park(item)
      const other = await another()
      for (const item of items) expect(await other.read(item.id)).toEqual(item)
    })

    test('lists headers, the oldest first, then by id', async () => {
      const at = 1_700_000_000_000
      expect(await store.list()).toEqual([])
      await store.park(messageItem('c', { parkedAt: at + 5 }))
      await store.park(messageItem('b', { parkedAt: at, tries: 3, dueAt: at + 9, lastError: 'no answer' }))
      await store.park(messageItem('a', { parkedAt: at, status: 'dead' }))
      await store.park(messageItem('B', { parkedAt: at + 1, status: 'quarantined' }))
      const list = await store.list()
      expect(list.map(({ id }) => id)).toEqual(['a', 'b', 'B', 'c'])
      expect(list[1]).toEqual({
        id: 'b',
        status: 'waiting',
        group: 'bucket-1250000000/目录/视频 "1".mp4',
        parkedAt: at,
        tries: 3,
        dueAt: at + 9,
        lastError: 'no answer',
      })
    })

    test('a long group and a long error are listed whole', async () => {
      const item = messageItem('long', { group: `b/${'名'.repeat(850)}`, lastError: '错'.repeat(3000) })
      await store.park(item)
      expect(await store.list()).toEqual([
        expect.objectContaining({ group: item.group, lastError: item.lastError }),
      ])
    })

    test('parking again replaces the item, but for the time of the first parking', async () => {
      const first = messageItem('i', { parkedAt: 1000 })
      const second = messageItem('i', { parkedAt: 2000, tries: 1, dueAt: 9000, lastError: 'refused' })
      await store.park(first)
      await store.park(second)
      expect(await store.read('i')).toEqual({ ...second, parkedAt: 1000 })
      expect(await store.list()).toHaveLength(1)
    })

    test('an item is taken by one, until its lease ends', async () => {
      await store.park(messageItem('i'))
      expect(await store.take('i', LEASE)).toEqual(messageItem('i'))
      expect(await (await another()).take('i', LEASE)).toBeNull()
      expect(await store.read('i')).toEqual(messageItem('i'))
      await setup.pass(LEASE)
      expect(await store.take('i', LEASE)).toEqual(messageItem('i'))
      expect(await store.take('i', LEASE)).toBeNull()
    })

    test('parking ends the lease', async () => {
      await store.park(messageItem('i'))
      await store.take('i', LONG)
      await store.park(messageItem('i', { tries: 1 }))
      expect(await store.take('i', LONG)).toEqual(messageItem('i', { tries: 1 }))
      expect(await store.take('i', LONG)).toBeNull()
    })

    test('removal ends the lease and the item', async () => {
      await store.park(messageItem('i'))
      await store.take('i', LONG)
      await store.remove('i')
      expect(await store.read('i')).toBeNull()
      expect(await store.take('i', LONG)).toBeNull()
      expect(await store.list()).toEqual([])
      await store.park(messageItem('i', { parkedAt: 5 }))
      expect(await store.take('i', LONG)).toEqual(messageItem('i', { parkedAt: 5 }))
    })

    test('there is nothing to read, take or remove where nothing was parked', async () => {
      expect(await store.read('none')).toBeNull()
      expect(await store.take('none', LONG)).toBeNull()
      await store.remove('none')
      expect(await store.list()).toEqual([])
    })

    race('of 30 takers at once, one gets the item', async () => {
      await store.park(messageItem('i'))
      const stores = [store, await another()]
      const taken = await Promise.all(
        Array.from({ length: 30 }, async (_, i) => stores[i % 2]!.take('i', LONG)),
      )
      expect(taken.filter((item) => item !== null)).toHaveLength(1)
    })

    test('ids that differ in case only, and long ones, stay apart', async () => {
      const ids = ['a', 'A', 'a.b', 'A.b', '.', '..', '-', 'x'.repeat(200), `${'x'.repeat(199)}X`]
      for (const [i, id] of ids.entries()) await store.park(messageItem(id, { tries: i }))
      for (const [i, id] of ids.entries()) expect((await store.read(id))?.tries).toBe(i)
      expect(await store.list()).toHaveLength(ids.length)
    })

    test('tidying up leaves items alone', async () => {
      await store.park(messageItem('i'))
      await store.take('i', LONG)
      await store.tidy()
      expect(await store.read('i')).toEqual(messageItem('i'))
      expect(await store.take('i', LONG)).toBeNull()
    })

    test('what is changed after parking or reading does not change the item', async () => {
      const item = messageItem('i', { parcel: { kind: 'resolve', channel: 'c', incident: 'before' } })
      await store.park(item)
      ;(item.parcel as { incident: string }).incident = 'after'
      ;((await store.read('i'))!.parcel as { incident: string }).incident = 'after'
      expect((await store.read('i'))?.parcel).toEqual({ kind: 'resolve', channel: 'c', incident: 'before' })
    })
  })

  describe('notes', () => {
    test('are kept for good, replaced and erased', async () => {
      expect(await store.note('watermark')).toBeNull()
      await store.setNote('watermark', '2026-01-01', null)
      expect(await (await another()).note('watermark')).toBe('2026-01-01')
      await store.setNote('watermark', '', null)
      expect(await store.note('watermark')).toBe('')
      await store.setNote('watermark', null, null)
      expect(await store.note('watermark')).toBeNull()
      await store.setNote('watermark', null, 5)
    })

    test('end after their time', async () => {
      await store.setNote('throttle', 'on', LEASE)
      await store.setNote('kept', 'yes', LEASE)
      await store.setNote('kept', 'yes', null)
      expect(await store.note('throttle')).toBe('on')
      await setup.pass(LEASE)
      await store.tidy()
      expect(await store.note('throttle')).toBeNull()
      expect(await store.note('kept')).toBe('yes')
    })

    test('with strange names and values stay apart, from claims and items too', async () => {
      for (const name of STRANGE) await store.setNote(name, `值 of ${name}\n`, null)
      for (const name of STRANGE) expect(await store.note(name)).toBe(`值 of ${name}\n`)
      for (const key of STRANGE) await claimed(key)
      expect(await store.list()).toEqual([])
    })
  })

  describe('admission', () => {
    test('counts up to the limit, then tells the wait', async () => {
      for (let i = 0; i < 3; i++) expect(await store.admit('robot', 3, LONG)).toBe(0)
      const wait = await (await another()).admit('robot', 3, LONG)
      expect(wait).toBeGreaterThan(0)
      expect(wait).toBeLessThanOrEqual(LONG)
      expect(await store.admit('another robot', 3, LONG)).toBe(0)
    })

    test('lets one more go after the wait it told', async () => {
      expect(await store.admit('robot', 2, LEASE)).toBe(0)
      expect(await store.admit('robot', 2, LEASE)).toBe(0)
      const wait = await store.admit('robot', 2, LEASE)
      expect(wait).toBeGreaterThan(0)
      await setup.pass(wait)
      expect(await store.admit('robot', 2, LEASE)).toBe(0)
    })

    test('what was refused is not counted', async () => {
      expect(await store.admit('robot', 1, LEASE)).toBe(0)
      for (let i = 0; i < 5; i++) expect(await store.admit('robot', 1, LEASE)).toBeGreaterThan(0)
      await setup.pass(LEASE)
      expect(await store.admit('robot', 1, LEASE)).toBe(0)
    })

    race('of 40 at once, no more than the limit go', async () => {
      const stores = [store, await another()]
      const waits = await Promise.all(
        Array.from({ length: 40 }, async (_, i) => stores[i % 2]!.admit('robot', 5, LONG)),
      )
      const admitted = waits.filter((wait) => wait === 0).length
      expect(admitted).toBeGreaterThan(0)
      expect(admitted).toBeLessThanOrEqual(5)
    })

    test('strange names', async () => {
      for (const name of STRANGE) expect(await store.admit(name, 1, LONG)).toBe(0)
      for (const name of STRANGE) expect(await store.admit(name, 1, LONG)).toBeGreaterThan(0)
    })
  })
}
