import { type Line, lineOf } from '../../src/stores/line'
import type { ItemHeader, LineCount, ParkedItem, Store, TakeLimits, Turn } from '../../src/stores/store'
import { sha256 } from '../../src/sha256'
import { eachOpensStore, LEASE, LONG, messageItem, STRANGE, type StoreSetup } from '../support/store-setup'

export interface OutboxTraits {
  /** False leaves the races out, for a medium on which they may be won twice. */
  readonly atomic?: boolean
  /** How many items make many. */
  readonly many?: number
}

const HOUR = 3_600_000
/** When the first of the items of these tests arrived, and was due. */
const THEN = 1_700_000_000_000
const ALL: TakeLimits = { groups: 10_000, items: 10_000, bytes: 1e9, leaseMs: LONG }
const QUEUE: Line = { kind: 'waiting', destination: 'queue' }

/** The group of one object at one destination. */
export function groupAt(destination: string, object: string): string {
  return `${destination}-${sha256(object, 'base64url').slice(0, 22)}`
}

/** The `n`th to arrive, about one object; due at once. */
export function itemAbout(object: string, n: number, changes: Partial<ParkedItem> = {}): ParkedItem {
  const group = groupAt('queue', object)
  return messageItem(`${object}-${n}`, { group, parkedAt: THEN + n, dueAt: THEN + n, ...changes })
}

/** What every outbox promises. */
export function outboxContract(
  setUp: () => StoreSetup,
  { atomic = true, many = 5000 }: OutboxTraits = {},
): void {
  const under = eachOpensStore(setUp)
  const race = (name: string, run: () => Promise<void>): void => {
    if (atomic) test(name, run)
  }
  const parkAll = async (items: readonly ParkedItem[], store: Store = under.store): Promise<void> => {
    for (let start = 0; start < items.length; start += 50)
      await Promise.all(items.slice(start, start + 50).map((item) => store.park(item)))
  }
  const take = async (
    limits: Partial<TakeLimits> = {},
    line: Line = QUEUE,
    now = Date.now(),
    store: Store = under.store,
  ): Promise<readonly Turn[]> => store.takeDue(line, now, { ...ALL, ...limits })
  const idsIn = (turns: readonly Turn[]): string[][] => turns.map(({ items }) => items.map(({ id }) => id))
  const idsOn = async (line: Line, most = 1000): Promise<string[]> => {
    const ids: string[] = []
    for (let from: string | null = null, pages = 0; ; pages++) {
      if (pages > 10_000) throw new Error('the pages do not end')
      const page: { headers: readonly ItemHeader[]; next: string | null } = await under.store.page(
        line,
        from,
        most,
      )
      expect(page.headers.length).toBeLessThanOrEqual(most)
      ids.push(...page.headers.map(({ id }) => id))
      if (page.next === null) return ids
      from = page.next
    }
  }
  const lines = async (): Promise<Record<string, [number, number]>> => sorted(await under.store.lines())

  // First, for a client of Redis works off its large buffers behind the scenes for seconds.
  test('an item as large as a callback may be', async () => {
    const bodyBase64 = Buffer.alloc(6 * 1024 * 1024, 'callback ').toString('base64')
    await under.store.park(itemAbout('large', 1, { payload: { kind: 'unverified', bodyBase64 } }))
    await under.store.park(itemAbout('large', 2))
    const read = await under.store.read('large-1')
    expect(read?.payload.kind === 'unverified' && read.payload.bodyBase64 === bodyBase64).toBe(true)
    // One item at least, however large it is, and nothing that would make it more.
    expect(idsIn(await take({ bytes: 1000 }))).toEqual([['large-1']])
    expect(await idsOn(QUEUE)).toEqual(['large-1', 'large-2'])
  })

  describe('one item', () => {
    test('every kind of payload comes back as it was parked', async () => {
      const { payload } = messageItem('x')
      if (payload.kind !== 'message') throw new Error('not a message')
      const items = [
        messageItem('message'),
        messageItem('alert', {
          payload: {
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
              event: payload.event,
            },
          },
        }),
        messageItem('resolve', { payload: { kind: 'resolve', channel: 'pagerduty-1', incident: 'w/o' } }),
        messageItem('unverified', {
          payload: { kind: 'unverified', bodyBase64: 'PGE+', bucket: null, only: ['a', 'b'] },
          ...{ waitMs: 1000, refusals: 2, copies: 1, since: THEN },
        }),
        messageItem('unreadable', {
          status: 'quarantined',
          lastError: 'not well formed, line 3:\n"<a>" is open',
          payload: { kind: 'unreadable', bodyBase64: '', error: 'malformed', message: 'line 3' },
        }),
        messageItem('dead', { status: 'dead', tries: 48, dueAt: 1_800_000_000_123, lastError: '超时' }),
      ]
      for (const item of items) await under.store.park(item)
      const other = await under.another()
      for (const item of items) expect(await other.read(item.id)).toEqual(item)
      for (const item of items) {
        expect((await other.page(lineOf(item), null, 10)).headers).toContainEqual(headerWithout(item))
      }
    })

    test('a long group and a long error are shown whole', async () => {
      const item = messageItem('long', {
        group: `b/${'名'.repeat(850)}`,
        lastError: '错'.repeat(3000),
      })
      await under.store.park(item)
      const { headers } = await under.store.page(lineOf(item), null, 10)
      expect(headers).toEqual([expect.objectContaining({ group: item.group, lastError: item.lastError })])
    })

    test('parking again replaces it, but for the time of the first parking', async () => {
      const first = messageItem('i', { parkedAt: 1000.00390625 })
      const second = messageItem('i', { parkedAt: 2000, tries: 1, dueAt: 9000, lastError: 'refused' })
      await under.store.park(first)
      await (await under.another()).park(second)
      expect(await under.store.read('i')).toEqual({ ...second, parkedAt: 1000.00390625 })
      expect(await idsOn(lineOf(second))).toEqual(['i'])
      expect(await lines()).toEqual({ [nameOf(second)]: [1, 1000.00390625] })
    })

    test('parking again elsewhere takes it away from where it was', async () => {
      const waiting = itemAbout('a', 1)
      const places: Partial<ParkedItem>[] = [
        { group: `aside-${waiting.group}/a-1` },
        { group: groupAt('wecom-1', 'a') },
        { status: 'dead' },
        { status: 'quarantined' },
        { group: 'digest-wecom-1' },
        { group: groupAt('queue', 'another') },
        {},
      ]
      await under.store.park(waiting)
      for (const changes of places) {
        const item = { ...waiting, ...changes, parkedAt: THEN + 500 }
        await under.store.park(item)
        expect(await lines()).toEqual({ [nameOf(item)]: [1, THEN + 1] })
        expect(await idsOn(lineOf(item))).toEqual(['a-1'])
        expect(await under.store.read('a-1')).toEqual({ ...item, parkedAt: THEN + 1 })
      }
    })

    test('is gone when it is removed, and may come again', async () => {
      await parkAll([itemAbout('a', 1), itemAbout('a', 2), itemAbout('b', 3)])
      await (await under.another()).remove(['a-1', 'none', 'b-3', 'a-1'])
      expect(await under.store.read('a-1')).toBeNull()
      expect(await under.store.take('a-1', LONG)).toBeNull()
      expect(await lines()).toEqual({ 'waiting/queue': [1, THEN + 2] })
      await under.store.park(itemAbout('a', 1, { parkedAt: THEN + 9 }))
      expect(await under.store.read('a-1')).toEqual(itemAbout('a', 1, { parkedAt: THEN + 9 }))
      await under.store.remove(['a-1', 'a-2'])
      expect(await lines()).toEqual({})
      await under.store.remove([])
    })

    test('there is nothing to read, take, remove or count where nothing was parked', async () => {
      expect(await under.store.read('none')).toBeNull()
      expect(await under.store.take('none', LONG)).toBeNull()
      await under.store.remove(['none'])
      expect(await under.store.lines()).toEqual([])
      expect(await take()).toEqual([])
      expect(await under.store.page(QUEUE, null, 10)).toEqual({ headers: [], next: null })
      await under.store.giveBack([], [])
    })

    test('ids that differ in case only, and long ones, stay apart', async () => {
      const ids = ['a', 'A', 'a.b', 'A.b', '.', '..', '-', 'x'.repeat(200), `${'x'.repeat(199)}X`]
      for (const [i, id] of ids.entries()) await under.store.park(messageItem(id, { tries: i }))
      for (const [i, id] of ids.entries()) expect((await under.store.read(id))?.tries).toBe(i)
      expect(await idsOn(lineOf(messageItem('a')))).toHaveLength(ids.length)
    })

    test('what is changed after parking or reading does not change it', async () => {
      const item = messageItem('i', { payload: { kind: 'resolve', channel: 'c', incident: 'before' } })
      await under.store.park(item)
      ;(item.payload as { incident: string }).incident = 'after'
      ;((await under.store.read('i'))!.payload as { incident: string }).incident = 'after'
      const turn = (await under.store.take('i', LONG)) as Turn
      ;(turn.items[0].payload as { incident: string }).incident = 'after'
      expect((await under.store.read('i'))?.payload).toEqual({
        ...{ kind: 'resolve', channel: 'c', incident: 'before' },
      })
    })

    test('tidying up leaves items and turns alone', async () => {
      await parkAll([itemAbout('a', 1), itemAbout('b', 2)])
      await under.store.take('a-1', LONG)
      await under.store.tidy()
      expect(await under.store.read('a-1')).toEqual(itemAbout('a', 1))
      expect(await under.store.take('a-1', LONG)).toBeNull()
      expect(idsIn(await take())).toEqual([['b-2']])
    })
  })

  describe('lines', () => {
    test('groups and destinations of any text stay apart, and are told as they are', async () => {
      const objects = STRANGE.filter((text) => text !== '')
      const items = objects.map((text, n) =>
        messageItem(`i${n}`, { group: groupAt(text, 'x'), parkedAt: THEN + n, dueAt: THEN }),
      )
      await parkAll(items)
      const counts = await (await under.another()).lines()
      expect(counts).toHaveLength(objects.length)
      for (const [n, item] of items.entries()) {
        const [destination] = [objects[n]!]
        expect(counts).toContainEqual({
          line: { kind: 'waiting', destination },
          ...{ items: 1, oldest: item.parkedAt },
        })
        expect(await take({}, { kind: 'waiting', destination })).toEqual([
          { group: item.group, holder: expect.any(String), items: [item] },
        ])
      }
    })

    test('groups of one destination that look alike stay apart', async () => {
      const groups = ['Ab', 'aB', 'AB', 'ab', '__', '--'].map((text) => `queue-${text.padEnd(22, 'x')}`)
      await parkAll(groups.map((group, n) => itemAbout('a', n, { group })))
      expect((await take()).map(({ group }) => group)).toEqual(groups)
    })

    test('every kind of line is counted by itself, with its oldest', async () => {
      const group = groupAt('queue', 'o')
      const items = [
        itemAbout('o', 5),
        itemAbout('o', 3),
        itemAbout('p', 4),
        itemAbout('o', 6, { group: `aside-${group}/o-6` }),
        itemAbout('o', 7, { group: `aside-told-${group}/o-7` }),
        itemAbout('o', 8, { group: `unchecked-${group}` }),
        itemAbout('o', 9, { group: `unchecked-told-${group}` }),
        itemAbout('o', 10, { group: 'digest-wecom-1' }),
        itemAbout('o', 11, { group: 'digest-wecom-1' }),
        itemAbout('o', 12, { group: 'unverified-abc' }),
        itemAbout('o', 13, { status: 'dead' }),
        itemAbout('o', 14, { status: 'quarantined' }),
      ]
      await parkAll(items)
      const expected = {
        'waiting/queue': [3, THEN + 3],
        'aside/queue': [1, THEN + 6],
        'aside-told/queue': [1, THEN + 7],
        'unchecked/nobody': [1, THEN + 8],
        'unchecked-told/nobody': [1, THEN + 9],
        'digest/wecom-1': [2, THEN + 10],
        'waiting/ci': [1, THEN + 12],
        'dead/queue': [1, THEN + 13],
        'quarantined/': [1, THEN + 14],
      }
      expect(await lines()).toEqual(expected)
      // To take, to let time pass and to give back whole changes no count.
      const turns = await take()
      expect(await lines()).toEqual(expected)
      await under.store.giveBack(turns)
      await under.store.tidy()
      expect(await lines()).toEqual(expected)
      await under.store.giveBack(await take(), ['o-3'])
      expect((await lines())['waiting/queue']).toEqual([2, THEN + 4])
    })

    test('a line is paged through in its order, and every item is met once', async () => {
      const objects = ['a', 'b', 'c']
      const items = Array.from({ length: 30 }, (_, n) => itemAbout(objects[n % 3]!, n))
      await parkAll([...items].reverse())
      const aside = items.map((item) => ({
        ...item,
        id: `${item.id}-aside`,
        group: `aside-${item.group}/${item.id}`,
        dueAt: THEN + 100 - item.parkedAt + THEN,
      }))
      await parkAll(aside)
      for (const most of [1, 2, 7, 30, 31]) {
        const ids = await idsOn(QUEUE, most)
        expect([...ids].sort()).toEqual(items.map(({ id }) => id).sort())
        for (const object of objects) {
          const ofOne = ids.filter((id) => id.startsWith(object))
          expect(ofOne).toEqual(items.map(({ id }) => id).filter((id) => id.startsWith(object)))
        }
        // In a line without order: by the time at which they are due.
        expect(await idsOn({ kind: 'aside', destination: 'queue' }, most)).toEqual(
          aside.map(({ id }) => id).reverse(),
        )
      }
      // A line that one page holds is shown by arrival, whatever its groups.
      expect(await idsOn(QUEUE, 100)).toEqual(items.map(({ id }) => id))
    })

    test('a page of a line without order begins behind a time', async () => {
      const items = [1, 2, 3].map((n) => itemAbout('o', n, { status: 'dead' }))
      await parkAll(items)
      const from = async (ms: number): Promise<string[]> =>
        (await under.store.page({ kind: 'dead', destination: 'queue' }, ms, 10)).headers.map(({ id }) => id)
      expect(await from(THEN + 1)).toEqual(['o-2', 'o-3'])
      expect(await from(THEN + 2.5)).toEqual(['o-3'])
      expect(await from(THEN + 3)).toEqual([])
      expect(await from(0)).toEqual(['o-1', 'o-2', 'o-3'])
    })
  })

  describe('turns', () => {
    test('a group comes in order of arrival, whatever the order of parking, down to parts of a millisecond', async () => {
      // As many in one millisecond as the relay tells apart.
      const items = Array.from({ length: 40 }, (_, n) =>
        itemAbout('a', n, { parkedAt: THEN + n / 4096, dueAt: THEN }),
      )
      await parkAll([...items].reverse())
      expect(idsIn(await take())).toEqual([items.map(({ id }) => id)])
    })

    test('a time before 1970, and none at all, has its place', async () => {
      const times = [-8.64e15, -1, -0.5, 0, 0.5, 1, THEN]
      const items = times.map((parkedAt, n) => itemAbout('a', n, { parkedAt, dueAt: 0 }))
      await parkAll([...items].reverse())
      const [turn] = await take()
      expect(turn?.items.map(({ parkedAt }) => parkedAt)).toEqual(times)
      expect(await lines()).toEqual({ 'waiting/queue': [times.length, -8.64e15] })
    })

    test('no more groups, items or bytes are taken than asked for, and every item has its turn', async () => {
      const items = Array.from({ length: 60 }, (_, n) => itemAbout(`o${n % 6}`, n))
      await parkAll(items)
      expect(await take({ groups: 2 })).toHaveLength(2)
      expect(await take({ groups: 1 })).toHaveLength(1)
      const taken = (await take({ items: 2 })).flatMap((turn) => turn.items)
      expect(taken.length).toBeGreaterThan(0)
      expect(taken.length).toBeLessThanOrEqual(2)
      // What is left, for another.
      const rest = await take({}, QUEUE, Date.now(), await under.another())
      expect(rest.length).toBeGreaterThan(0)
      expect(rest.length).toBeLessThanOrEqual(2)
    })

    test('several limits at once, in a loop, empty a line in order', async () => {
      const items = Array.from({ length: 90 }, (_, n) => itemAbout(`o${n % 7}`, n))
      await parkAll(items)
      const delivered: string[] = []
      for (let round = 0; round < 200; round++) {
        const turns = await take({ groups: 3, items: 8, bytes: 4000 })
        if (turns.length === 0) break
        expect(turns.length).toBeLessThanOrEqual(3)
        const ids = idsIn(turns).flat()
        expect(ids.length).toBeLessThanOrEqual(8)
        delivered.push(...ids)
        await under.store.giveBack(turns, ids)
      }
      expect([...delivered].sort()).toEqual(items.map(({ id }) => id).sort())
      for (let object = 0; object < 7; object++) {
        const ofOne = (ids: readonly string[]): string[] => ids.filter((id) => id.startsWith(`o${object}-`))
        expect(ofOne(delivered)).toEqual(ofOne(items.map(({ id }) => id)))
      }
      expect(await lines()).toEqual({})
    })

    test('in order of arrival of their first items', async () => {
      await parkAll([itemAbout('c', 5), itemAbout('a', 7), itemAbout('b', 6), itemAbout('c', 8)])
      expect(idsIn(await take())).toEqual([['c-5', 'c-8'], ['b-6'], ['a-7']])
    })

    test('of more groups than are wanted those come that are due for longest', async () => {
      await parkAll([
        itemAbout('a', 1, { dueAt: THEN + 30 }),
        itemAbout('b', 2, { dueAt: THEN + 10 }),
        itemAbout('c', 3, { dueAt: THEN + 20 }),
      ])
      expect(idsIn(await take({ groups: 2 }))).toEqual([['b-2'], ['c-3']])
    })

    test('a group is due when its first item is: the others wait behind it', async () => {
      const now = Date.now()
      await parkAll([
        itemAbout('a', 1, { dueAt: now + 60_000 }),
        itemAbout('a', 2),
        itemAbout('b', 3),
        itemAbout('b', 4, { dueAt: now + 60_000 }),
      ])
      expect(idsIn(await take({}, QUEUE, now))).toEqual([['b-3', 'b-4']])
      expect(idsIn(await take({}, QUEUE, now + 60_000))).toEqual([['a-1', 'a-2']])
    })

    test('whether due or not, at the end of all time', async () => {
      const now = Date.now()
      await parkAll([
        itemAbout('a', 1, { dueAt: now + 60_000 }),
        itemAbout('b', 2, { dueAt: now + 30 * 24 * HOUR, waitMs: 60 * 24 * HOUR }),
        itemAbout('c', 3, { group: `aside-${groupAt('queue', 'c')}/c-3`, dueAt: now + 60_000 }),
      ])
      expect(idsIn(await take({}, QUEUE, Infinity))).toEqual([['a-1'], ['b-2']])
      expect(idsIn(await take({}, { kind: 'aside', destination: 'queue' }, Infinity))).toEqual([['c-3']])
    })

    test('what a clock that is wrong has put off is due', async () => {
      const now = Date.now()
      const aside = (n: number): string => `aside-${groupAt('queue', 'o')}/o-${n}`
      await parkAll([
        itemAbout('a', 1, { dueAt: now + 62_000, waitMs: 60_000 }),
        itemAbout('b', 2, { dueAt: now + 60_000, waitMs: 60_000 }),
        itemAbout('c', 3, { dueAt: now + HOUR + 60_000 }),
        itemAbout('d', 4, { dueAt: now + HOUR }),
        itemAbout('e', 5, { dueAt: now + 400 * 24 * HOUR, waitMs: 12 * HOUR }),
        itemAbout('o', 6, { group: aside(6), dueAt: now + 62_000, waitMs: 60_000 }),
        itemAbout('o', 7, { group: aside(7), dueAt: now + HOUR, waitMs: HOUR }),
        itemAbout('o', 8, { group: aside(8), dueAt: now + 400 * 24 * HOUR, waitMs: 6 * HOUR }),
      ])
      expect(idsIn(await take({}, QUEUE, now))).toEqual([['a-1'], ['c-3'], ['e-5']])
      const turns = await take({}, { kind: 'aside', destination: 'queue' }, now)
      expect(idsIn(turns)).toEqual([['o-6'], ['o-8']])
    })

    test('in a line without order each item is on its own, and comes when it is due', async () => {
      const now = Date.now()
      const dead = (n: number, dueAt: number): ParkedItem => itemAbout('o', n, { status: 'dead', dueAt })
      await parkAll([dead(1, THEN + 9), dead(2, THEN + 3), dead(3, now + 1000), dead(4, THEN + 6)])
      const line: Line = { kind: 'dead', destination: 'queue' }
      const turns = await take({}, line, now)
      expect(turns.map(({ group }) => group).sort()).toEqual(['o-1', 'o-2', 'o-4'])
      expect(idsIn(turns).sort()).toEqual([['o-1'], ['o-2'], ['o-4']])
      expect(await take({}, line, now)).toEqual([])
      await under.store.giveBack(turns, ['o-2'])
      // The one that is due for longest.
      expect(idsIn(await take({ items: 1 }, line, now))).toEqual([['o-4']])
      // All that is due, in one batch or in several.
      const [one = [], ...others] = idsIn(await take({}, line, now + 1000))
      expect([one, ...others, ...idsIn(await take({}, line, now + 1000))]).toEqual([['o-1'], ['o-3']])
    })

    test('nobody else has a group that is taken, until it is given back or its time is over', async () => {
      await parkAll([itemAbout('a', 1), itemAbout('a', 2), itemAbout('b', 3)])
      const other = await under.another()
      const turns = await take({ items: 1, groups: 1, leaseMs: LEASE })
      expect(idsIn(turns)).toEqual([['a-1']])
      expect(await other.take('a-1', LONG)).toBeNull()
      expect(await other.take('a-2', LONG)).toBeNull()
      expect(idsIn(await take({}, QUEUE, Date.now(), other))).toEqual([['b-3']])
      await under.store.giveBack(turns)
      const [again] = await take({ leaseMs: LEASE }, QUEUE, Date.now(), other)
      expect(again?.items.map(({ id }) => id)).toEqual(['a-1', 'a-2'])
      expect(again?.holder).not.toBe(turns[0]?.holder)
      expect(await take()).toEqual([])
      await under.pass(LEASE)
      expect(idsIn(await take())).toEqual([['a-1', 'a-2']])
    })

    test('one item is taken with its group', async () => {
      await parkAll([itemAbout('a', 1), itemAbout('a', 2, { dueAt: Date.now() + HOUR }), itemAbout('b', 3)])
      const turn = (await under.store.take('a-2', LONG)) as Turn
      expect(turn).toMatchObject({ group: groupAt('queue', 'a'), items: [{ id: 'a-2' }] })
      expect(idsIn(await take())).toEqual([['b-3']])
      await under.store.giveBack([turn], ['a-2'])
      expect(await under.store.read('a-2')).toBeNull()
      expect(idsIn(await take())).toEqual([['a-1']])
    })

    test('an item that is on its own is taken with nothing else', async () => {
      const group = groupAt('queue', 'a')
      await parkAll([itemAbout('a', 1), itemAbout('a', 2, { group: `aside-${group}/a-2` })])
      expect(await under.store.take('a-2', LONG)).toMatchObject({ group: 'a-2' })
      expect(await under.store.take('a-2', LONG)).toBeNull()
      expect(await under.store.take('a-1', LONG)).toMatchObject({ group })
    })

    test('what is parked into a group that is taken waits for its turn', async () => {
      await parkAll([itemAbout('a', 1), itemAbout('a', 2)])
      const turns = await take()
      await (await under.another()).park(itemAbout('a', 3))
      expect(await take()).toEqual([])
      await under.store.giveBack(turns, ['a-1', 'a-2'])
      expect(idsIn(await take())).toEqual([['a-3']])
    })

    test('what failed goes back to its place, or out of the way of its group', async () => {
      const now = Date.now()
      await parkAll([1, 2, 3, 4].map((n) => itemAbout('a', n)))
      const [turn] = await take({ items: 3 })
      if (turn === undefined) throw new Error('nothing was taken')
      const [, second, third] = turn.items
      await under.store.park({ ...third!, tries: 1, dueAt: now + 10_000, waitMs: 10_000 })
      await under.store.park({ ...second!, group: `aside-${second!.group}/a-2`, dueAt: now + 60_000 })
      await under.store.giveBack([turn], ['a-1'])
      expect(await lines()).toEqual({ 'waiting/queue': [2, THEN + 3], 'aside/queue': [1, THEN + 2] })
      // Its first item says when.
      expect(await take({}, QUEUE, now)).toEqual([])
      expect(idsIn(await take({}, QUEUE, now + 10_000))).toEqual([['a-3', 'a-4']])
    })

    test('a group that lost some goes on at once, though its next item was put off', async () => {
      const now = Date.now()
      await parkAll([itemAbout('a', 1), itemAbout('a', 2, { dueAt: now + HOUR })])
      const turns = await take({ items: 1 }, QUEUE, now)
      await under.store.giveBack(turns, ['a-1'])
      const next = await take({}, QUEUE, now)
      expect(idsIn(next)).toEqual([['a-2']])
      // Nothing was lost this time: then it waits on, if it was put off anew.
      await under.store.park({ ...next[0]!.items[0], tries: 1, dueAt: now + 2 * HOUR, waitMs: 2 * HOUR })
      await under.store.giveBack(next)
      expect(await take({}, QUEUE, now)).toEqual([])
    })

    test('whoever comes back late removes what he has delivered, and ends nobody’s turn', async () => {
      await parkAll([itemAbout('a', 1), itemAbout('a', 2)])
      const late = await take({ items: 1, leaseMs: LEASE })
      await under.pass(LEASE)
      const other = await under.another()
      const turns = await take({}, QUEUE, Date.now(), other)
      expect(idsIn(turns)).toEqual([['a-1', 'a-2']])
      await under.store.giveBack(late, ['a-1'])
      expect(await under.store.read('a-1')).toBeNull()
      expect(await take()).toEqual([])
      expect(await under.store.take('a-2', LONG)).toBeNull()
      await other.giveBack(turns, ['a-1', 'a-2'])
      expect(await lines()).toEqual({})
    })

    test('nor does he make due what another, of the same process, has put off meanwhile', async () => {
      await parkAll([itemAbout('a', 1)])
      const late = await take({ leaseMs: LEASE })
      await under.pass(LEASE)
      const turns = await take()
      expect(idsIn(turns)).toEqual([['a-1']])
      await under.store.giveBack(late)
      const now = Date.now()
      await under.store.park({ ...turns[0]!.items[0], tries: 1, dueAt: now + HOUR, waitMs: HOUR })
      await under.store.giveBack(turns)
      expect(await take({}, QUEUE, now)).toEqual([])
    })

    test('what was removed and parked anew while it was taken is due when it says', async () => {
      await parkAll([itemAbout('a', 1)])
      const turns = await take()
      await under.store.remove(['a-1'])
      const now = Date.now()
      await under.store.park({ ...turns[0]!.items[0], tries: 1, dueAt: now + HOUR, waitMs: HOUR })
      await under.store.giveBack(turns)
      expect(await take({}, QUEUE, now)).toEqual([])
    })

    test('a made-up holder gives nothing back', async () => {
      await parkAll([itemAbout('a', 1)])
      const [turn] = await take()
      for (const holder of ['', 'nobody', '1', '1-x', '../1', '-1'])
        await under.store.giveBack([{ ...turn!, holder }])
      expect(await take()).toEqual([])
    })

    test('another process sees at once what the first one changed', async () => {
      const other = await under.another()
      await parkAll(Array.from({ length: 20 }, (_, n) => itemAbout('a', n)))
      // It knows the names of the group by now.
      await under.store.giveBack(await take({ items: 2 }), ['a-0', 'a-1'])
      const turns = await take({ items: 1 }, QUEUE, Date.now(), other)
      expect(idsIn(turns)).toEqual([['a-2']])
      const [item] = turns[0]!.items
      await other.park({ ...item, tries: 1, dueAt: Date.now() + HOUR, waitMs: HOUR })
      await other.giveBack(turns)
      expect(await take()).toEqual([])
      await other.remove(['a-2', 'a-4'])
      expect(idsIn(await take({ items: 3 }))).toEqual([['a-3', 'a-5', 'a-6']])
    })

    test('what another removed since it was listed is passed over, in a line without order, too', async () => {
      const dead: Line = { kind: 'dead', destination: 'queue' }
      await parkAll([1, 2, 3, 4].map((n) => itemAbout('o', n, { status: 'dead' })))
      await parkAll([1, 2, 3, 4].map((n) => itemAbout('a', n)))
      for (const line of [dead, QUEUE]) expect(await take({ items: 1 }, line)).toHaveLength(1)
      await (await under.another()).remove(['o-2', 'o-3'])
      expect(idsIn(await take({ items: 1 }, dead))).toEqual([['o-4']])
      expect(await take({}, dead)).toEqual([])
    })

    test('no group waits until a long one has come to its end', async () => {
      await parkAll(Array.from({ length: 150 }, (_, n) => itemAbout('long', n, { parkedAt: n, dueAt: n })))
      const delivered: string[] = []
      const next = async (): Promise<void> => {
        const turns = await take({ groups: 1, items: 1 })
        delivered.push(...idsIn(turns).flat())
        await under.store.giveBack(turns, idsIn(turns).flat())
      }
      await next()
      // Due for longer than what is left of it, and parked by another.
      await (await under.another()).park(itemAbout('short', 1, { parkedAt: 0, dueAt: 0 }))
      for (let round = 0; round < 100 && !delivered.includes('short-1'); round++) await next()
      expect(delivered).toContain('short-1')
      expect(delivered.length).toBeLessThan(100)
    })

    test('what a wrong clock has put off is found behind more than one look shows', async () => {
      const now = Date.now()
      const aside = (n: number, changes: Partial<ParkedItem>): ParkedItem =>
        itemAbout('o', n, { group: `aside-${groupAt('queue', 'o')}/o-${n}`, ...changes })
      await parkAll(
        Array.from({ length: 25 }, (_, n) => aside(n, { dueAt: now + HOUR / 2 + n, waitMs: HOUR })),
      )
      await parkAll([aside(30, { dueAt: now + 90 * 24 * HOUR, waitMs: HOUR }), aside(31, { dueAt: THEN })])
      const line: Line = { kind: 'aside', destination: 'queue' }
      const taken = [...(await take({}, line, now)), ...(await take({}, line, now))]
      expect(idsIn(taken).flat().sort()).toEqual(['o-30', 'o-31'])
    })

    test('what cannot be read is passed over, told, and holds nobody up', async () => {
      await parkAll([1, 2, 3, 4].map((n) => itemAbout('a', n)))
      await under.store.park(itemAbout('a', 5, { status: 'dead' }))
      for (const id of ['a-1', 'a-3', 'a-5']) if (!(await under.spoil(id))) return
      const turns = await take()
      expect(idsIn(turns)).toEqual([['a-2', 'a-4']])
      await under.store.giveBack(turns, ['a-2', 'a-4'])
      expect(await under.store.take('a-3', LONG)).toBe('unreadable')
      expect(await under.store.read('a-3')).toBeNull()
      expect(await take()).toEqual([])
      expect(await take({}, { kind: 'dead', destination: 'queue' })).toEqual([])
      expect(await idsOn(QUEUE)).toEqual([])
      expect(await under.store.strays()).toHaveLength(3)
      expect(await lines()).toEqual({})
      // It stays where it is, until it is parked anew or dropped.
      const other = await under.another()
      expect(await other.take('a-1', LONG)).toBe('unreadable')
      await under.store.park(itemAbout('a', 1))
      expect(idsIn(await take())).toEqual([['a-1']])
      await under.store.remove(['a-3', 'a-5'])
      expect(await other.take('a-3', LONG)).toBeNull()
    })
  })

  describe('many', () => {
    /** Empties the line as a sweep does; what it delivered, in order. */
    const drain = async (limits: Partial<TakeLimits>, store: Store = under.store): Promise<string[]> => {
      const delivered: string[] = []
      for (;;) {
        const turns = await take({ groups: 64, items: 256, bytes: 4e6, ...limits }, QUEUE, Date.now(), store)
        if (turns.length === 0) return delivered
        const ids = idsIn(turns).flat()
        delivered.push(...ids)
        await store.giveBack(turns, ids)
      }
    }

    test('items of one group are counted and emptied in order', async () => {
      const items = Array.from({ length: many }, (_, n) => itemAbout('a', n))
      await parkAll(items)
      expect(await lines()).toEqual({ 'waiting/queue': [many, THEN] })
      expect(await drain({})).toEqual(items.map(({ id }) => id))
      expect(await lines()).toEqual({})
    }, 120_000)

    test('groups are counted, paged through and emptied; those that are not due are passed over', async () => {
      const now = Date.now()
      const items = Array.from({ length: many }, (_, n) =>
        itemAbout(`o${n}`, n, { dueAt: n % 10 === 3 ? THEN : now + HOUR / 2 }),
      )
      const due = items.filter(({ dueAt }) => dueAt === THEN).map(({ id }) => id)
      await parkAll(items)
      expect(await lines()).toEqual({ 'waiting/queue': [many, THEN] })
      expect((await drain({})).sort()).toEqual([...due].sort())
      expect((await idsOn(QUEUE, 700)).sort()).toEqual(
        items.flatMap(({ id, dueAt }) => (dueAt === THEN ? [] : [id])).sort(),
      )
      expect(await lines()).toEqual({ 'waiting/queue': [many - due.length, THEN] })
    }, 120_000)

    race('of 30 takers of one group at once, one gets it', async () => {
      await parkAll([itemAbout('a', 1)])
      const stores = [under.store, await under.another()]
      const taken = await Promise.all(
        Array.from({ length: 30 }, async (_, i) =>
          i % 3 === 0
            ? stores[i % 2]!.take('a-1', LONG)
            : take({}, QUEUE, Date.now(), stores[i % 2]).then(([turn]) => turn ?? null),
        ),
      )
      expect(taken.filter((turn) => turn !== null)).toHaveLength(1)
    })

    race('several takers of a line share it: no group has two, and no item is delivered twice', async () => {
      const items = Array.from({ length: 300 }, (_, n) => itemAbout(`o${n % 30}`, n))
      await parkAll(items)
      const stores = [under.store, await under.another(), await under.another()]
      const delivered = await Promise.all(stores.map((store) => drain({ groups: 4, items: 12 }, store)))
      expect(delivered.flat().sort()).toEqual(items.map(({ id }) => id).sort())
      expect(await lines()).toEqual({})
    })

    race('parked by several at once, an item stands in one place', async () => {
      const stores = [under.store, await under.another(), await under.another()]
      for (let round = 0; round < 5; round++) {
        await Promise.all(
          Array.from({ length: 12 }, async (_, n) =>
            stores[n % 3]!.park(itemAbout('a', round, { parkedAt: THEN + n, dueAt: THEN + n })),
          ),
        )
        expect((await lines())['waiting/queue']?.[0]).toBe(round + 1)
      }
    })

    test('what is parked while a line is emptied is delivered, too', async () => {
      const other = await under.another()
      const parked = Array.from({ length: 120 }, (_, n) => itemAbout(`o${n % 5}`, n))
      const delivered: string[] = []
      await parkAll(parked.slice(0, 20))
      await Promise.all([
        parkAll(parked.slice(20), other),
        (async () => {
          for (let round = 0; round < 20; round++) delivered.push(...(await drain({ groups: 2, items: 5 })))
        })(),
      ])
      delivered.push(...(await drain({})))
      expect(delivered.sort()).toEqual(parked.map(({ id }) => id).sort())
    })
  })
}

function nameOf(item: ParkedItem): string {
  const { kind, destination } = lineOf(item)
  return `${kind}/${destination}`
}

function sorted(counts: readonly LineCount[]): Record<string, [number, number]> {
  return Object.fromEntries(
    counts.map(({ line, items, oldest }) => [`${line.kind}/${line.destination}`, [items, oldest]]),
  )
}

function headerWithout(item: ParkedItem): ItemHeader {
  const { payload, ...header } = item
  expect(payload).toBeDefined()
  return header
}
