import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sha256 } from '../../../src/sha256'
import type { ParkedItem, Store, Turn } from '../../../src/stores/store'
import { type FakeCos, startFakeCos } from '../../support/fake-cos'
import { filesBelow } from '../../support/files-below'
import { openCosStore, openFileStore } from '../../support/open-drivers'
import { groupAt, itemAbout } from '../../contracts/outbox-contract'
import { temporaryFolder } from '../../support/temporary-folder'

/** A medium as v0.1 left it. */
interface Medium {
  readonly open: () => Store
  /** Puts a text where v0.1 kept the item with this id. */
  readonly put: (name: string, text: string) => void
  /** What is left there. */
  readonly left: () => string[]
  readonly remove: () => void
}

let cos: FakeCos
beforeAll(async () => {
  cos = await startFakeCos()
})
afterAll(() => cos.close())

const files = (): Medium => {
  const folder = temporaryFolder()
  const items = join(folder.path, 'store', 'items')
  return {
    open: () => openFileStore(`file:${folder.path}/store`, { credentials: () => null, region: null }),
    put: (name, text) => {
      mkdirSync(dirname(join(items, name)), { recursive: true })
      writeFileSync(join(items, name), text)
    },
    left: () => filesBelow(items).map((path) => path.slice(items.length + 1)),
    remove: folder.remove,
  }
}
const bucket = (): Medium => {
  const url = `cos://media-1250000000/relay?region=ap-guangzhou&endpoint=${cos.endpoint}`
  cos.longestPage = 3
  return {
    open: () => openCosStore(url, { credentials: () => cos.credentials, region: null }),
    put: (name, body) => cos.objects.set(`relay/items/${name}`, { body, etag: '"x"', modified: Date.now() }),
    left: () =>
      [...cos.objects.keys()].flatMap((key) => (key.startsWith('relay/items/') ? [key.slice(12)] : [])),
    remove: () => cos.objects.clear(),
  }
}

function textOf({ payload, ...header }: ParkedItem): string {
  return `${JSON.stringify({ ...header, version: 'ab'.repeat(12) })}\n${JSON.stringify(payload)}\n`
}

const QUEUE = { kind: 'waiting', destination: 'queue' } as const
const LIMITS = { groups: 64, items: 256, bytes: 1e6, leaseMs: 60_000 }

describe.each([
  ['file', files],
  ['cos', bucket],
])('what v0.1 parked in a %s store', (_, make) => {
  let medium: Medium
  let store: Store
  const putOld = (...items: readonly ParkedItem[]): void => {
    for (const item of items) medium.put(sha256(item.id, 'hex'), textOf(item))
  }
  const idsIn = (turns: readonly Turn[]): string[][] => turns.map(({ items }) => items.map(({ id }) => id))
  beforeEach(() => {
    medium = make()
    store = medium.open()
  })
  afterEach(() => medium.remove())

  test('is delivered in order of arrival, with what comes before and after it in its group', async () => {
    putOld(...Array.from({ length: 10 }, (_, n) => itemAbout('a', 10 + n)))
    await store.park(itemAbout('a', 30))
    await store.park(itemAbout('a', 5))
    expect(idsIn(await store.takeDue(QUEUE, Date.now(), LIMITS))).toEqual([
      ['a-5', ...Array.from({ length: 10 }, (_, n) => `a-${10 + n}`), 'a-30'],
    ])
    expect(medium.left()).toEqual([])
  })

  test('is counted, shown and told of, in whatever line it is', async () => {
    const group = groupAt('queue', 'b')
    putOld(
      itemAbout('a', 1),
      itemAbout('b', 2, { group: `aside-${group}/b-2` }),
      itemAbout('c', 3, { status: 'dead' }),
      itemAbout('d', 4, {
        status: 'quarantined',
        payload: { kind: 'unreadable', bodyBase64: '', error: 'e', message: 'm' },
      }),
    )
    expect((await store.lines()).map(({ line, items }) => [line.kind, items]).sort()).toEqual([
      ['aside', 1],
      ['dead', 1],
      ['quarantined', 1],
      ['waiting', 1],
    ])
    expect((await store.page({ kind: 'dead', destination: 'queue' }, null, 9)).headers).toMatchObject([
      { id: 'c-3', group: groupAt('queue', 'c') },
    ])
  })

  test('is found by its id before it is moved', async () => {
    const items = [1, 2, 3, 4].map((n) => itemAbout('a', n))
    putOld(...items)
    expect(await store.read('a-1')).toEqual(items[0])
    expect(await medium.open().take('a-2', 60_000)).toMatchObject({ items: [items[1]] })
    await medium.open().remove(['a-3'])
    await medium.open().park(itemAbout('a', 4, { parkedAt: 9e12, tries: 7 }))
    expect(await store.read('a-3')).toBeNull()
    expect(await store.read('a-4')).toEqual({ ...items[3], tries: 7 })
    expect(medium.left()).toEqual([])
    expect(await store.lines()).toMatchObject([{ items: 3 }])
  })

  test('is moved once, whatever crash or other process comes between', async () => {
    putOld(itemAbout('a', 1), itemAbout('a', 2))
    await store.lines()
    // As if the first had died before it removed what it had moved.
    putOld(itemAbout('a', 1), itemAbout('a', 2))
    await medium.open().park(itemAbout('a', 2, { tries: 3, dueAt: 5, group: groupAt('queue', 'b') }))
    putOld(itemAbout('a', 2))
    await Promise.all([medium.open().lines(), medium.open().lines(), store.lines()])
    expect(await store.lines()).toMatchObject([{ items: 2 }])
    expect(await store.read('a-2')).toMatchObject({ tries: 3 })
    expect(medium.left()).toEqual([])
  })

  test('comes from an old version that still runs, and is found by the next sweep', async () => {
    expect(await store.lines()).toEqual([])
    expect(await store.takeDue(QUEUE, Date.now(), LIMITS)).toEqual([])
    putOld(itemAbout('a', 1))
    expect(await store.lines()).toMatchObject([{ items: 1 }])
    expect(idsIn(await store.takeDue(QUEUE, Date.now(), LIMITS))).toEqual([['a-1']])
  })

  test('and cannot be read, stays, is told, and holds nobody up', async () => {
    putOld(itemAbout('a', 1))
    medium.put('b'.repeat(64), textOf(itemAbout('a', 2)))
    medium.put(sha256('a-3', 'hex'), textOf(itemAbout('a', 3)).slice(0, 90))
    medium.put('.DS_Store', 'x')
    expect(idsIn(await store.takeDue(QUEUE, Date.now(), LIMITS))).toEqual([['a-1']])
    expect(medium.left().sort()).toEqual(['.DS_Store', 'b'.repeat(64), sha256('a-3', 'hex')].sort())
    expect(await store.strays()).toHaveLength(3)
    const other = medium.open()
    expect(await other.take('a-3', 1)).toBe('unreadable')
    expect(await other.read('a-3')).toBeNull()
    await other.park(itemAbout('a', 3))
    expect(await other.read('a-3')).toEqual(itemAbout('a', 3))
    await other.remove(['a-3'])
    expect(medium.left().sort()).toEqual(['.DS_Store', 'b'.repeat(64)])
  })

  test('waits while another is moving it, for its order would be lost', async () => {
    const items = Array.from({ length: 40 }, (_, n) => itemAbout('a', n))
    putOld(...items)
    const [one, two] = await Promise.all([
      store.takeDue(QUEUE, Date.now(), LIMITS),
      medium.open().takeDue(QUEUE, Date.now(), LIMITS),
    ])
    // Either may be the one that moves them; none gives a part of them out of order.
    const taken = idsIn([...one, ...two]).flat()
    expect(taken).toEqual(items.map(({ id }) => id).slice(0, taken.length))
    expect(taken.length === 40 || taken.length === 0).toBe(true)
  })
})
