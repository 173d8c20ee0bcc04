import { Deadline } from '../../../src/net/deadline'
import { PeerError } from '../../../src/net/peer-error'
import { settleNotice } from '../../../src/relay/settle-notice'
import type { Store } from '../../../src/stores/store'
import { reconcile, type ReconcileParts } from '../../../src/sweep/reconcile'
import { MOST_FAILURES_IN_A_ROW } from '../../../src/sweep/line-to-ci'
import { AT_ONCE } from '../../../src/sweep/reconcile-tools'
import { LONGEST_RUN_MS, MOST_RUNNING } from '../../../src/sweep/running-note'
import type { Executions } from '../../../src/tencent/executions'
import { ListedCi, TARGET } from '../../support/listed-ci'
import { openMemoryStore } from '../../support/open-drivers'
import {
  CONTEXT,
  fakeChannel,
  type FakeQueue,
  fakeQueue,
  HOUR,
  MINUTE,
  refuses,
  scene,
  type Scene,
  stoppedClock,
  type StoppedClock,
} from '../../support/sweep-scene'

const PLACE = `${TARGET.bucket}/${TARGET.workflowId}`
const WATERMARK = `watermark/${PLACE}`
const CURSOR = `cursor/${PLACE}`
const RUNNING = `running/${PLACE}`
const DAY = 24 * HOUR

let clock: StoppedClock
let store: Store
let ci: ListedCi
let queue: FakeQueue
let parts: Scene

const inTime = (): boolean => false
const run = async (changes: Partial<Executions> = {}, timeIsUp = inTime): Promise<number> =>
  reconcile(
    parts,
    store,
    { targets: [TARGET], executions: { ...ci.executions, ...changes } },
    timeIsUp,
    settleNotice,
  )
const watermark = async (): Promise<number> => Number(await store.note(WATERMARK))
const noted = async (name: string): Promise<Record<string, unknown>> =>
  JSON.parse((await store.note(name)) ?? '{}') as Record<string, unknown>
const messages = (): string[] => parts.lines.map(({ msg }) => msg)
/** Time for so many executions of the first target. */
const timeFor = (count: number) => {
  let asked = 0
  return () => asked++ > count
}
/** Of a list that is in no order. */
const backwards: Executions['page'] = async (query, deadline) => {
  const page = await ci.list(query, deadline)
  return { ...page, executions: [...page.executions].reverse() }
}
const endHourly = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => ci.end(`r${i}`, clock.now - (count - i) * HOUR).runId)
const refusal = (): PeerError => new PeerError('ci: 400 InvalidNextToken', { kind: 'refused' })

beforeEach(() => {
  clock = stoppedClock()
  store = openMemoryStore('memory:', CONTEXT)
  ci = new ListedCi()
  queue = fakeQueue()
  parts = scene(store, { queue: queue.queue })
})
afterEach(() => jest.restoreAllMocks())

describe('a sweep with nothing new', () => {
  test('asks CI once a page, about no execution, and the ledger once a page', async () => {
    ci.pageSize = 100
    const first = clock.now
    for (let i = 0; i < 250; i++) ci.end(`r${i}`, clock.now - 5 * MINUTE + i)
    expect(await run()).toBe(250)
    clock.pass(4 * MINUTE)
    ci.queries.length = 0
    ci.readBacks.length = 0
    const asked = jest.spyOn(store, 'areSettled')
    expect(await run()).toBe(0)
    expect(ci.queries.map(({ from, nextToken }) => [from, nextToken])).toEqual([
      [first - 10 * MINUTE, null],
      [first - 10 * MINUTE, 'page-100'],
      [first - 10 * MINUTE, 'page-200'],
    ])
    expect(ci.readBacks).toEqual([])
    expect(asked.mock.calls.filter(([keys]) => keys.length > 0)).toHaveLength(3)
    expect(await store.note(CURSOR)).toBeNull()
  })
})

describe('a run that was cut off', () => {
  test('by CI, goes on with the page that failed, and the watermark waits for a clean run', async () => {
    const all = endHourly(12)
    const failing = async (...call: Parameters<Executions['page']>): ReturnType<Executions['page']> => {
      if (call[0].nextToken === 'page-6') throw new Error('ci: 500')
      return ci.list(...call)
    }
    expect(await run({ page: failing })).toBe(6)
    expect(await watermark()).toBe(clock.now - DAY)
    expect(await run()).toBe(6)
    expect(ci.queries.at(-3)?.from).toBe(clock.now - 7 * HOUR - 10 * MINUTE)
    expect(queue.taken).toEqual(all)
    expect(await watermark()).toBe(clock.now)
    expect(await store.note(CURSOR)).toBeNull()
  })

  test('goes on by time although the list has shrunk meanwhile', async () => {
    const all = endHourly(12)
    await run({}, timeFor(7))
    expect(queue.taken).toHaveLength(7)
    ci.runs.splice(0, 5)
    expect(await run()).toBe(5)
    expect(queue.taken).toEqual(all)
  })

  test('by the platform: at most five seconds of its walk are listed again', async () => {
    const all = endHourly(12)
    const real = process.hrtime.bind(process)
    let ahead = 0
    jest.spyOn(process, 'hrtime').mockImplementation((...args) => {
      const [seconds, nanoseconds] = real(...args)
      return [seconds + ahead, nanoseconds]
    })
    let release = (): void => {}
    const killed = new Promise<never>((_, fail) => (release = () => fail(new Error('killed'))))
    let pages = 0
    const page: Executions['page'] = async (...call) => {
      const answer = await ci.list(...call)
      if ((pages += 1) === 2) ahead = 6
      return pages === 4 ? killed : answer
    }
    const before = run({ page })
    while (pages < 4) await new Promise(setImmediate)
    expect(queue.taken).toHaveLength(9)
    expect(await watermark()).toBe(clock.now - DAY)
    jest.mocked(process.hrtime).mockRestore()
    expect(await run()).toBe(3)
    // Six of its nine were noted.
    expect(ci.queries.at(-3)?.from).toBe(clock.now - 7 * HOUR - 10 * MINUTE)
    expect(queue.taken).toEqual(all)
    release()
    await before
  })
})

describe('a list in no order', () => {
  test('is gone on with by its token, and the watermark moves once all of it has been seen', async () => {
    endHourly(9)
    const first = clock.now
    expect(await run({ page: backwards }, timeFor(4))).toBe(4)
    expect(await watermark()).toBe(first - DAY)
    clock.pass(5 * MINUTE)
    ci.end('new', first + MINUTE)
    ci.queries.length = 0
    expect(await run({ page: backwards })).toBe(6)
    // The same list from the page under way, then what came since it was begun.
    expect(ci.queries.map(({ from, to, nextToken }) => [from, to, nextToken])).toEqual([
      [first - DAY - 10 * MINUTE, first, 'page-3'],
      [first - DAY - 10 * MINUTE, first, 'page-6'],
      [first - 10 * MINUTE, clock.now, null],
    ])
    expect(await watermark()).toBe(clock.now)
    expect(new Set(queue.taken).size).toBe(10)
    expect(await store.note(CURSOR)).toBeNull()
  })

  test('what could not be settled on an earlier page holds the watermark at the end, too', async () => {
    endHourly(9)
    // On the first page.
    await store.claim('workflow/r1/Success', 15 * MINUTE)
    await run({ page: backwards }, timeFor(4))
    await run({ page: backwards })
    expect(await watermark()).toBe(clock.now - 8 * HOUR)
    expect(queue.taken).toHaveLength(8)
  })

  test('a token that CI knows no longer: from the watermark again, at once, and nothing is lost or twice', async () => {
    endHourly(9)
    await run({ page: backwards }, timeFor(4))
    let isRefused = false
    const forgetful: Executions['page'] = async (query, deadline) => {
      if (isRefused || query.nextToken !== 'page-3') return backwards(query, deadline)
      isRefused = true
      throw refusal()
    }
    ci.queries.length = 0
    parts.lines.length = 0
    expect(await run({ page: forgetful })).toBe(5)
    expect(isRefused).toBe(true)
    expect(ci.queries.map(({ nextToken }) => nextToken)).toEqual([null, 'page-3', 'page-6'])
    expect(new Set(queue.taken).size).toBe(9)
    expect(queue.taken).toHaveLength(9)
    expect(await watermark()).toBe(clock.now)
    expect(messages()).toContain('CI no longer knows where a walk through its list was: it begins anew')
    expect(messages()).not.toContain('CI could not be reconciled with: a later sweep tries again')
  })

  test('of two tokens that CI knows no longer the second is a trouble', async () => {
    endHourly(9)
    await run({ page: backwards }, timeFor(4))
    const page: Executions['page'] = async (query, deadline) =>
      query.nextToken === null ? backwards(query, deadline) : Promise.reject(refusal())
    expect(await run({ page })).toBe(0)
    expect(parts.lines.at(-1)).toMatchObject({ level: 'warn', error: 'ci: 400 InvalidNextToken' })
    expect(await run({ page: backwards })).toBe(5)
    expect(queue.taken).toHaveLength(9)
  })

  test.each<[string, () => Error, boolean]>([
    ['fails with it', () => new Error('ci: 500'), false],
    ['asks for a wait', () => new PeerError('ci: 429', { kind: 'throttled', retryAfterMs: MINUTE }), true],
  ])('when CI %s: whether its token is kept', async (_, error, isKept) => {
    endHourly(9)
    await run({ page: backwards }, timeFor(4))
    expect(await noted(CURSOR)).toMatchObject({ token: 'page-3' })
    await run({ page: async () => Promise.reject(error()) })
    expect((await noted(CURSOR))['token']).toBe(isKept ? 'page-3' : undefined)
    clock.pass(2 * MINUTE)
    expect(await run({ page: backwards })).toBe(5)
    expect(await watermark()).toBe(clock.now)
  })

  test('a token that is too long to keep, and a walk of over an hour, begin anew', async () => {
    endHourly(9)
    const long = 'x'.repeat(5_000)
    const page: Executions['page'] = async (query, deadline) => {
      const token = query.nextToken === long ? 'page-3' : query.nextToken
      const answer = await backwards({ ...query, nextToken: token }, deadline)
      return { ...answer, nextToken: answer.nextToken === 'page-3' ? long : answer.nextToken }
    }
    await run({ page }, timeFor(4))
    expect(await store.note(CURSOR)).toBeNull()
    await run({ page: backwards }, timeFor(2))
    expect(queue.taken).toHaveLength(5)
    await run({ page: backwards }, timeFor(2))
    expect(await noted(CURSOR)).toMatchObject({ token: 'page-6' })
    clock.pass(HOUR)
    ci.queries.length = 0
    await run({ page: backwards })
    expect(ci.queries[0]?.nextToken).toBeNull()
    expect(new Set(queue.taken).size).toBe(9)
  })

  test('times that are missing are no order', async () => {
    endHourly(9)
    const timeless: Executions['page'] = async (query, deadline) => {
      const page = await ci.list(query, deadline)
      return { ...page, executions: page.executions.map((one) => ({ ...one, createdAt: null })) }
    }
    await run({ page: timeless }, timeFor(4))
    expect(await watermark()).toBe(clock.now - DAY)
    expect(await run({ page: timeless })).toBe(5)
    expect(await watermark()).toBe(clock.now)
  })
})

describe('a cursor', () => {
  const cursor = async (changes: object): Promise<void> =>
    store.setNote(
      CURSOR,
      JSON.stringify({ base: clock.now - DAY, since: clock.now - HOUR, ...changes }),
      null,
    )
  beforeEach(async () => {
    await store.setNote(WATERMARK, String(clock.now - DAY), null)
    ci.end('old', clock.now - 20 * HOUR)
  })

  test('counts', async () => {
    await cursor({})
    expect(await run()).toBe(0)
    expect(ci.queries[0]?.from).toBe(clock.now - HOUR - 10 * MINUTE)
  })

  test.each<[string, () => object]>([
    ['builds on a watermark that was set back', () => ({ base: clock.now - DAY + 1 })],
    ['says no time', () => ({ since: 'yesterday' })],
    ['says a time that is yet to come', () => ({ since: clock.now + HOUR })],
    ['builds on nothing', () => ({ base: null })],
  ])('does not, when it %s', async (_, changes) => {
    await cursor(changes())
    expect(await run()).toBe(1)
    expect(ci.queries[0]?.from).toBe(clock.now - DAY - 10 * MINUTE)
    expect(await store.note(CURSOR)).toBeNull()
  })

  test.each<[string, () => object]>([
    ['without a span', () => ({ token: 'page-3' })],
    ['with a token that is none', () => ({ from: 1, to: clock.now, token: 3 })],
    ['with a hold that is none', () => ({ from: 1, to: clock.now, token: 'page-3', holds: 'x' })],
    ['that another sweep has been past', () => ({ from: 1, to: clock.now - DAY, token: 'page-3' })],
  ])('%s: its time counts, its token does not', async (_, changes) => {
    await cursor(changes())
    await run()
    expect(ci.queries[0]).toMatchObject({ from: clock.now - HOUR - 10 * MINUTE, nextToken: null })
  })

  test('that is no JSON says nothing', async () => {
    await store.setNote(CURSOR, 'page 7', null)
    expect(await run()).toBe(1)
    expect(await store.note(CURSOR)).toBeNull()
  })
})

describe('several read-backs at once', () => {
  const slowly = async (): Promise<void> => new Promise((done) => setTimeout(done, 5))

  test(`${AT_ONCE}, and no more`, async () => {
    ci.pageSize = 100
    ci.answer = slowly
    for (let i = 0; i < 60; i++) ci.end(`r${i}`, clock.now - HOUR + i)
    expect(await run()).toBe(60)
    expect(ci.mostUnderWay).toBe(AT_ONCE)
  })

  test.each([
    ['a 429', { kind: 'throttled' as const }],
    ['a 503 with a wait', { retryAfterMs: MINUTE }],
  ])('at %s none is asked any more, nor any other target; the others go on from there', async (_, how) => {
    ci.pageSize = 100
    for (let i = 0; i < 60; i++) ci.end(`r${i}`, clock.now - HOUR + i * MINUTE)
    ci.answer = async (runId) => {
      await slowly()
      if (runId === 'r10') throw new PeerError('ci: leave me alone', how)
    }
    const targets = [TARGET, { ...TARGET, workflowId: 'w2' }]
    const asked = { targets, executions: ci.executions }
    const relayed = await reconcile(parts, store, asked, inTime, settleNotice)
    expect(ci.readBacks.length).toBeLessThanOrEqual(10 + AT_ONCE)
    expect(relayed).toBe(ci.readBacks.length - 1)
    expect(ci.queries).toHaveLength(1)
    expect(parts.lines.filter(({ level }) => level === 'warn')).toEqual([
      expect.objectContaining({ error: 'ci: leave me alone' }),
    ])
    ci.answer = slowly
    clock.pass(2 * MINUTE)
    expect(await reconcile(parts, store, asked, inTime, settleNotice)).toBe(60 - relayed)
    expect(new Set(queue.taken).size).toBe(60)
    expect(queue.taken).toHaveLength(60)
  })

  test('the last of a page that asks to be left alone: no other page is asked for', async () => {
    endHourly(6)
    ci.answer = async (runId) => {
      await Promise.resolve()
      if (runId === 'r2') throw new PeerError('ci: 429', { kind: 'throttled' })
    }
    expect(await run()).toBe(2)
    expect(ci.queries).toHaveLength(1)
  })

  test('one execution that CI cannot tell of does not hold back the others, and is asked about again', async () => {
    endHourly(9)
    ci.answer = async (runId) =>
      runId === 'r1' ? Promise.reject(new Error('ci: 500 for r1')) : Promise.resolve()
    expect(await run()).toBe(8)
    expect(await watermark()).toBe(clock.now - DAY)
    clock.pass(5 * MINUTE)
    ci.readBacks.length = 0
    expect(await run()).toBe(0)
    expect(ci.readBacks).toEqual(['r1'])
    // From the one that is open: not from the watermark.
    expect(ci.queries.at(-1)?.from).toBe(clock.now - 5 * MINUTE - 8 * HOUR - 10 * MINUTE)
    ci.answer = async () => Promise.resolve()
    expect(await run()).toBe(1)
    expect(await watermark()).toBe(clock.now)
  })

  test('a CI that fails with all is asked ten times, and what was under way', async () => {
    ci.pageSize = 100
    for (let i = 0; i < 60; i++) ci.end(`r${i}`, clock.now - HOUR + i)
    ci.answer = async () => {
      await slowly()
      throw new Error('ci: 500')
    }
    expect(await run()).toBe(0)
    expect(ci.readBacks.length).toBeLessThan(MOST_FAILURES_IN_A_ROW + AT_ONCE)
    expect(parts.lines).toHaveLength(1)
  })

  test('nor do many, here and there, and in the note of what runs', async () => {
    ci.pageSize = 100
    const at = clock.now - 30 * HOUR
    const dumb = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`dumb${i}`, at + i]))
    await store.setNote(RUNNING, JSON.stringify(dumb), null)
    for (let i = 0; i < 250; i++) ci.end(i % 5 === 0 ? `dumb-${i}` : `r${i}`, clock.now - HOUR + i)
    ci.answer = async (runId) =>
      runId.startsWith('dumb') ? Promise.reject(new Error('ci: 500')) : Promise.resolve()
    expect(await run()).toBe(200)
    expect(parts.lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
    expect(Object.keys(await noted(RUNNING))).toHaveLength(40)
    ci.answer = async () => Promise.resolve()
    expect(await run()).toBe(50)
  })

  test('those of one object are relayed in their order, whichever answer comes first', async () => {
    ci.pageSize = 100
    for (let i = 0; i < 24; i++) ci.runs.push({ ...newRun(i), object: `${i % 3}.mp4` })
    ci.answer = async (runId) =>
      new Promise((done) => setTimeout(done, Number(runId.slice(1)) % 2 === 0 ? 12 : 1))
    expect(await run()).toBe(24)
    for (let object = 0; object < 3; object++) {
      const order = queue.taken.map((id) => Number(id.slice(1))).filter((i) => i % 3 === object)
      expect(order).toEqual([...order].sort((a, b) => a - b))
    }
    expect(ci.mostUnderWay).toBe(AT_ONCE)
  })

  test('what is open is not overtaken by a later one of its object', async () => {
    for (let i = 0; i < 3; i++) ci.runs.push({ ...newRun(i), object: i === 1 ? 'other.mp4' : 'same.mp4' })
    const claim = await store.claim('workflow/r0/Success', 15 * MINUTE)
    expect(await run()).toBe(1)
    expect(queue.taken).toEqual(['r1'])
    if (claim.kind === 'claimed') await store.release('workflow/r0/Success', claim.holder)
    expect(await run()).toBe(2)
    expect(queue.taken).toEqual(['r1', 'r0', 'r2'])
  })

  const newRun = (i: number): ListedCi['runs'][number] => ({
    runId: `r${i}`,
    createdAt: clock.now - HOUR + i,
    state: 'Success',
  })
})

describe('what still runs', () => {
  test('is kept in mind up to a number; the watermark waits for the others, and none is lost', async () => {
    // The others come on two pages.
    ci.pageSize = MOST_RUNNING + 1
    const runs = Array.from({ length: MOST_RUNNING + 2 }, (_, i) =>
      ci.end(`r${String(i).padStart(3, '0')}`, clock.now - 5 * HOUR + i * 1000, 'Running'),
    )
    await run()
    expect(Object.keys(await noted(RUNNING))).toHaveLength(MOST_RUNNING)
    expect(await watermark()).toBe(clock.now - 5 * HOUR + MOST_RUNNING * 1000)
    expect(parts.lines).toEqual([
      expect.objectContaining({
        msg: 'more executions run than are kept in mind: the watermark waits for the others',
        kept: MOST_RUNNING,
        others: 2,
      }),
    ])
    clock.pass(5 * MINUTE)
    for (const one of runs) one.state = 'Success'
    expect(await run()).toBe(MOST_RUNNING + 2)
    expect(await noted(RUNNING)).toEqual({})
    expect(queue.taken.sort()).toEqual(runs.map(({ runId }) => runId))
    expect(await watermark()).toBe(clock.now)
  })

  test('is not waited for beyond that number while it is young: the next walk lists it, too', async () => {
    ci.pageSize = 1_000
    for (let i = 0; i < MOST_RUNNING + 20; i++) ci.end(`r${i}`, clock.now - 9 * MINUTE + i, 'Running')
    await run()
    expect(await watermark()).toBe(clock.now)
    expect(parts.lines).toEqual([])
    clock.pass(5 * MINUTE)
    for (const one of ci.runs) one.state = 'Success'
    expect(await run()).toBe(MOST_RUNNING + 20)
    expect(await noted(RUNNING)).toEqual({})
  })

  test('is waited for beyond that number when nobody knows its age', async () => {
    ci.pageSize = 1_000
    for (let i = 0; i < MOST_RUNNING; i++) ci.end(`r${i}`, clock.now - 5 * HOUR, 'Running')
    ci.end('ageless', null, 'Running')
    const page: Executions['page'] = async (query, deadline) => {
      const { executions } = await ci.list(query, deadline)
      return { executions: [...executions].reverse(), nextToken: null }
    }
    await run({ page })
    expect(await watermark()).toBe(clock.now - DAY)
  })

  test('of which one has run for over a week: it gives up its place to a younger one, and to none as old', async () => {
    const week = clock.now - LONGEST_RUN_MS
    const full = Object.fromEntries(
      Array.from({ length: MOST_RUNNING }, (_, i) => [`old${i}`, week - MOST_RUNNING + i]),
    )
    await store.setNote(WATERMARK, String(week - HOUR), null)
    await store.setNote(RUNNING, JSON.stringify(full), null)
    for (const runId of Object.keys(full)) ci.end(runId, null, 'Running')
    ci.runs.length = 0
    const page: Executions['page'] = async () =>
      Promise.resolve({
        executions: [
          { runId: 'stuck', state: 'Running', createdAt: new Date(week - 1).toISOString(), object: null },
          {
            runId: 'young',
            state: 'Running',
            createdAt: new Date(clock.now - HOUR).toISOString(),
            object: null,
          },
        ],
        nextToken: null,
      })
    await run({ page })
    const ids = Object.keys(await noted(RUNNING))
    expect(ids).toHaveLength(MOST_RUNNING)
    expect(ids).toContain('young')
    expect(ids).not.toContain('stuck')
    expect(ids).not.toContain('old0')
    expect(await watermark()).toBe(clock.now)
  })

  test('leaves when CI knows it no longer, and when a callback has told of it, which costs no question', async () => {
    const notes = { gone: clock.now - 3 * HOUR, told: clock.now - 2 * HOUR, slow: clock.now - 2 * HOUR }
    await store.setNote(RUNNING, JSON.stringify(notes), null)
    await store.setNote(WATERMARK, String(clock.now), null)
    await store.settle('workflow/told/Failed', DAY)
    ci.end('slow', clock.now - 2 * HOUR, 'Running')
    await run()
    expect(ci.readBacks.sort()).toEqual(['gone', 'slow'])
    expect(Object.keys(await noted(RUNNING))).toEqual(['slow'])
    expect(parts.lines).toEqual([
      expect.objectContaining({ msg: 'CI no longer knows an execution that ran', id: 'gone' }),
    ])
  })

  test('and cannot be told of by CI, or not be settled, stays, and the others go on', async () => {
    const at = clock.now - 3 * HOUR
    await store.setNote(RUNNING, JSON.stringify({ dumb: at, held: at + 1, fine: at + 2 }), null)
    await store.setNote(WATERMARK, String(clock.now), null)
    for (const runId of ['dumb', 'held', 'fine']) ci.end(runId, at)
    await store.claim('workflow/held/Success', 15 * MINUTE)
    ci.answer = async (runId) => (runId === 'dumb' ? Promise.reject(new Error('500')) : Promise.resolve())
    expect(await run()).toBe(1)
    expect(Object.keys(await noted(RUNNING))).toEqual(['dumb', 'held'])
    expect(ci.queries).toHaveLength(1)
  })

  test('when CI asks to be left alone about it, the list is not asked for', async () => {
    await store.setNote(RUNNING, JSON.stringify({ slow: clock.now - 30 * HOUR }), null)
    ci.end('slow', clock.now - 30 * HOUR, 'Running')
    ci.readBackFailures = []
    ci.answer = async () => Promise.reject(new PeerError('429', { kind: 'throttled', retryAfterMs: MINUTE }))
    await run()
    expect(ci.queries).toEqual([])
    expect(Object.keys(await noted(RUNNING))).toEqual(['slow'])
  })

  test('also when its time is yet to come by CI’s clock, or the note says no time', async () => {
    ci.end('ahead', clock.now, 'Running')
    const page: Executions['page'] = async (query, deadline) => {
      const { executions } = await ci.list(query, deadline)
      const createdAt = new Date(clock.now + 50 * HOUR).toISOString()
      return { executions: executions.map((one) => ({ ...one, createdAt })), nextToken: null }
    }
    await run({ page })
    await store.setNote(RUNNING, JSON.stringify({ ...(await noted(RUNNING)), odd: 'x' }), null)
    ci.end('odd', clock.now - 40 * HOUR)
    ci.runs[0]!.state = 'Success'
    clock.pass(HOUR)
    // The odd one counts as seen now; a change of the note keeps it.
    expect(await run()).toBe(1)
    expect(await noted(RUNNING)).toEqual({ odd: clock.now })
    for (let sweeps = 0; sweeps < 2; sweeps++) {
      clock.pass(HOUR)
      await run()
    }
    expect(queue.taken).toEqual(['ahead', 'odd'])
  })

  test('although CI’s list leaves it out, is relayed when it ends', async () => {
    const slow = ci.end('slow', clock.now - MINUTE, 'Running')
    const emptied: Executions['page'] = async () => Promise.resolve({ executions: [], nextToken: null })
    await run()
    slow.state = 'Success'
    clock.pass(20 * MINUTE)
    expect(await run({ page: emptied })).toBe(0)
    clock.pass(5 * MINUTE)
    expect(await run({ page: emptied })).toBe(1)
  })
})

test('two that tell of a long run at once tell once', async () => {
  const chat = fakeChannel('wecom-1')
  parts = scene(store, { queue: queue.queue, channels: [chat.named] })
  ci.end('slow', clock.now - 5 * HOUR, 'Running')
  const long: ReconcileParts = { targets: [TARGET], executions: ci.executions, runningTooLongMs: HOUR }
  await Promise.all([1, 2].map(async () => reconcile(parts, store, long, inTime, settleNotice)))
  expect(chat.taken).toHaveLength(1)
})

test('none is told of as long when CI has no word of it, has refused before, or time is up', async () => {
  const chat = fakeChannel('wecom-1')
  parts = scene(store, { queue: queue.queue, channels: [chat.named] })
  ci.end('slow', clock.now - 5 * HOUR, 'Running', null)
  ci.end('slower', clock.now - 5 * HOUR, 'Running')
  const long: ReconcileParts = { targets: [TARGET], executions: ci.executions, runningTooLongMs: HOUR }
  ci.answer = async () => Promise.reject(new PeerError('429', { kind: 'throttled' }))
  await reconcile(parts, store, long, inTime, settleNotice)
  expect(ci.readBacks).toHaveLength(1)
  ci.answer = async () => Promise.resolve()
  await reconcile(parts, store, long, timeFor(0), settleNotice)
  expect(chat.taken).toEqual([])
  await reconcile(parts, store, long, inTime, settleNotice)
  expect(chat.alerts.map(({ title }) => title)).toEqual([expect.stringContaining('slower.mp4')])
})

describe('two sweeps at once', () => {
  test('relay each once, keep all that runs in mind, and do not move the watermark past what the other has open', async () => {
    ci.pageSize = 10
    for (let i = 0; i < 60; i++)
      ci.end(`r${String(i).padStart(2, '0')}`, clock.now - HOUR + i, i % 7 === 0 ? 'Running' : 'Success')
    ci.answer = async () => new Promise((done) => setTimeout(done, Math.random() * 4))
    const both = await Promise.all([run(), run()])
    expect(both[0] + both[1]).toBe(51)
    expect(new Set(queue.taken).size).toBe(51)
    expect(queue.taken).toHaveLength(51)
    expect(Object.keys(await noted(RUNNING))).toHaveLength(9)
  })

  test('of which one cannot deliver: the watermark waits, and goes back for none', async () => {
    ci.end('r0', clock.now - 2 * HOUR)
    ci.end('r1', clock.now - HOUR)
    await store.setNote(WATERMARK, String(clock.now - 3 * HOUR), null)
    const lame: Store = { ...store, park: async () => Promise.reject(new Error('full')) }
    const broken = fakeQueue((id) => (id === 'r0' ? refuses(id) : null))
    const other = scene(lame, { queue: broken.queue })
    await reconcile(other, store, { targets: [TARGET], executions: ci.executions }, inTime, settleNotice)
    expect(await watermark()).toBe(clock.now - 2 * HOUR)
  })

  test('of which the one that began before ends later: the watermark does not go back', async () => {
    const further = clock.now + 5
    const late: Executions['page'] = async (query, deadline) => {
      const page = await ci.list(query, deadline)
      await store.setNote(WATERMARK, String(further), null)
      return page
    }
    await run({ page: late })
    expect(await watermark()).toBe(further)
  })

  test('that change a note all the time: the sweep says so, and the watermark waits', async () => {
    ci.end('slow', clock.now - HOUR, 'Running')
    await store.setNote(WATERMARK, String(clock.now - 2 * HOUR), null)
    const busy: Store = { ...store, swapNote: async () => Promise.resolve(false) }
    await reconcile(parts, busy, ci, inTime, settleNotice)
    expect(parts.lines[0]).toMatchObject({
      error: 'the note of what still runs is changed by others all the time',
    })
    ci.runs.length = 0
    await reconcile(parts, busy, ci, inTime, settleNotice)
    expect(await watermark()).toBe(clock.now - 2 * HOUR)
    await run()
    expect(await watermark()).toBe(clock.now)
  })
})

describe('an odd list', () => {
  test('with a time that is yet to come: it says nothing of what comes after', async () => {
    endHourly(9)
    const page: Executions['page'] = async (query, deadline) => {
      const answer = await ci.list(query, deadline)
      const ahead = new Date(clock.now + 1000 * DAY).toISOString()
      return { ...answer, executions: answer.executions.map((one) => ({ ...one, createdAt: ahead })) }
    }
    expect(await run({ page }, timeFor(3))).toBe(3)
    expect(await watermark()).toBe(clock.now - DAY)
    expect(await run({ page })).toBe(6)
    expect(await watermark()).toBe(clock.now)
  })

  test('with an execution twice, on one page and on two', async () => {
    for (const at of [3, 3, 2, 1]) ci.end('twin', clock.now - at * HOUR)
    ci.end('both', clock.now - HOUR, 'Running')
    ci.runs.push({ runId: 'both', createdAt: clock.now - HOUR, state: 'Success', told: 'Success' })
    ci.pageSize = 6
    expect(await run()).toBe(1)
    expect(queue.taken).toEqual(['twin'])
    expect(ci.readBacks).toEqual(['twin', 'both'])
  })

  test('with empty pages that lead on', async () => {
    ci.end('r1', clock.now - HOUR)
    const page: Executions['page'] = async (query, deadline) =>
      query.nextToken === null
        ? Promise.resolve({ executions: [], nextToken: 'a' })
        : query.nextToken === 'a'
          ? Promise.resolve({ executions: [], nextToken: 'b' })
          : ci.list({ ...query, nextToken: null }, deadline)
    expect(await run({ page })).toBe(1)
    expect(await watermark()).toBe(clock.now)
  })

  test('with pages in a circle: what it has is relayed, and the next sweep begins anew', async () => {
    ci.end('r1', clock.now - HOUR)
    const page: Executions['page'] = async (query, deadline) => ({
      ...(await ci.list({ ...query, nextToken: null }, deadline)),
      nextToken: query.nextToken === 'a' ? 'b' : 'a',
    })
    expect(await run({ page })).toBe(1)
    expect(messages()).toContain('CI could not be reconciled with: a later sweep tries again')
    ci.end('r2', clock.now - MINUTE)
    expect(await run({ page })).toBe(1)
    expect(await run()).toBe(0)
    expect(await watermark()).toBe(clock.now)
  })
})

test('a sweep ends within its time however long the list is', async () => {
  jest.restoreAllMocks()
  let pages = 0
  const page: Executions['page'] = async () => {
    await new Promise((done) => setTimeout(done, 2))
    const executions = Array.from({ length: 3 }, (_, i) => ({
      ...{ runId: `r${pages}-${i}`, state: 'Success', object: null },
      createdAt: new Date(Date.now() - HOUR + pages).toISOString(),
    }))
    return { executions, nextToken: `page-${(pages += 1)}` }
  }
  const deadline = Deadline.in(300)
  await run({ page, execution: async () => Promise.resolve(null) }, () => deadline.isOver)
  expect(deadline.left).toBe(0)
  expect(pages).toBeLessThan(200)
  expect(await store.note(CURSOR)).toBeNull()
})
