import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '../../../src/sha256'
import { namesAfter, placesBelow } from '../../../src/stores/file/names'
import type { Store } from '../../../src/stores/store'
import { filesBelow } from '../../support/files-below'
import { openFileStore } from '../../support/open-drivers'
import { groupAt, itemAbout } from '../../contracts/outbox-contract'
import { type ShiftedClock, shiftedClock } from '../../support/shifted-clock'
import { storeContract } from '../../contracts/store-contract'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder'

const CONTEXT = { credentials: () => null, region: null }

describe('the file store', () => {
  storeContract(
    () => {
      const clock = shiftedClock()
      const folder = temporaryFolder()
      const open = async () => openFileStore(`file:${folder.path}/store`, CONTEXT)
      return {
        open,
        again: open,
        pass: clock.pass,
        spoil: async (id) => {
          const [path = ''] = filesBelow(join(folder.path, 'store', 'outbox')).filter((one) =>
            readFileSync(one, 'utf8').startsWith(`{"id":"${id}",`),
          )
          writeFileSync(path, readFileSync(path, 'utf8').slice(0, 40))
        },
        cleanUp: async () => {
          clock.restore()
          folder.remove()
        },
      }
    },
    // Each is on disk before the next one of its worker is parked.
    { many: 1500 },
  )
})

test('what stands in the place of a note and is none fails no claim', async () => {
  const folder = temporaryFolder()
  const store = openFileStore(`file:${folder.path}/store`, CONTEXT)
  await store.setNote('n', 'x', null)
  const notes = join(folder.path, 'store', 'notes')
  const [name = ''] = readdirSync(notes)
  writeFileSync(join(notes, name), 'no JSON')
  expect(await store.claim('a', 1000, 'n')).toMatchObject({ kind: 'claimed', note: null })
  rmSync(join(notes, name))
  mkdirSync(join(notes, name))
  expect(await store.claim('b', 1000, 'n')).toMatchObject({ kind: 'claimed', note: null })
  folder.remove()
})

describe('of its own', () => {
  const QUEUE = { kind: 'waiting', destination: 'queue' } as const
  const LIMITS = { groups: 64, items: 256, bytes: 4e6, leaseMs: 300_000 }
  const HOUR = 3_600_000

  let folder: TemporaryFolder
  let clock: ShiftedClock
  let root: string
  let store: Store
  beforeEach(() => {
    folder = temporaryFolder()
    clock = shiftedClock()
    root = join(folder.path, 'store')
    store = openFileStore(`file:${root}`, CONTEXT)
  })
  afterEach(() => {
    clock.restore()
    folder.remove()
  })

  const below = (name: string): string[] =>
    filesBelow(join(root, name)).map((path) => path.slice(root.length + 1))
  const takenIds = async (from = store): Promise<string[]> =>
    (await from.takeDue(QUEUE, Date.now(), LIMITS)).flatMap(({ items }) => items.map(({ id }) => id))

  test('what is delivered leaves nothing behind, neither lease nor folder', async () => {
    for (let n = 0; n < 20; n++) await store.park(itemAbout(`o${n % 5}`, n))
    for (let round = 0; round < 5; round++) {
      const turns = await store.takeDue(QUEUE, Date.now(), { ...LIMITS, items: 5 })
      await store.giveBack(
        turns,
        turns.flatMap(({ items }) => items.map(({ id }) => id)),
      )
    }
    for (const name of ['outbox', 'ids', 'leases', 'tmp']) expect(below(name)).toEqual([])
    expect(readdirSync(join(root, 'outbox', 'waiting~queue'))).toEqual([])
  })

  test('what leads from an id to its place is written before the item, and may be lost, empty, or lead nowhere', async () => {
    await store.park(itemAbout('a', 1))
    await store.park(itemAbout('a', 2))
    await store.park(itemAbout('a', 3))
    const pointer = (id: string): string =>
      filesBelow(join(root, 'ids')).find((path) => path.endsWith(sha256(id, 'hex').slice(0, 32)))!
    // Lost with the power; cut off; and one whose item was never written.
    rmSync(pointer('a-1'))
    writeFileSync(pointer('a-2'), '')
    const [lost] = below('outbox').filter((path) => path.includes(sha256('a-3', 'hex').slice(0, 32)))
    rmSync(join(root, lost!))
    for (const id of ['a-1', 'a-2', 'a-3']) expect(await store.read(id)).toBeNull()
    expect(await takenIds()).toEqual(['a-1', 'a-2'])
    await store.park(itemAbout('a', 3, { parkedAt: Date.now() }))
    expect((await store.read('a-3'))?.parkedAt).toBeGreaterThan(1.71e12)
    await openFileStore(`file:${root}`, CONTEXT).park(itemAbout('a', 2))
    expect((await store.read('a-2'))?.id).toBe('a-2')
  })

  test.each([
    '../../../etc/passwd',
    '/etc/passwd',
    'outbox/../../x',
    'items/x',
    'outbox/waiting~queue/../x/y',
  ])('an id leads to no other place than an item’s: not to %s', async (place) => {
    await store.park(itemAbout('a', 1))
    const victim = join(folder.path, 'x')
    writeFileSync(victim, 'precious')
    writeFileSync(filesBelow(join(root, 'ids'))[0]!, place)
    expect(await store.read('a-1')).toBeNull()
    expect(await store.take('a-1', 1000)).toBeNull()
    expect(await store.strays()).toMatchObject([{ problem: 'it leads to no item' }])
    await store.remove(['a-1'])
    expect(existsSync(victim)).toBe(true)
  })

  test('an item that a crash left in two places is counted once, and delivered with the same id', async () => {
    await store.park(itemAbout('a', 1))
    const [first = ''] = below('outbox')
    const text = readFileSync(join(root, first), 'utf8')
    await store.park(itemAbout('a', 1, { tries: 1, dueAt: 1 }))
    mkdirSync(join(root, first, '..'), { recursive: true })
    writeFileSync(join(root, first), text)
    expect(await store.lines()).toMatchObject([{ items: 1 }])
    expect(await takenIds()).toEqual(['a-1', 'a-1'])
  })

  test('what is none of ours in the outbox is told, and in nobody’s way', async () => {
    await store.park(itemAbout('a', 1))
    await store.park(itemAbout('b', 2, { status: 'dead' }))
    const [item = ''] = below('outbox').filter((path) => path.includes('/waiting~'))
    const group = join(item, '..')
    const foreign = [
      'outbox/.DS_Store',
      'outbox/asleep~x/y',
      'outbox/waiting~queue/.DS_Store',
      'outbox/waiting~queue/folder/x',
      'outbox/dead~queue/folder/x',
      `${group}/x`,
      `${group}/${'0'.repeat(16)}.${'0'.repeat(32)}.${'0'.repeat(16)}.0/x`,
    ]
    for (const path of foreign) {
      mkdirSync(join(root, path, '..'), { recursive: true })
      writeFileSync(join(root, path), 'x')
    }
    writeFileSync(join(root, 'outbox', 'aside~queue'), 'x')
    symlinkSync('/etc/passwd', join(root, group, `f${item.slice(-70)}`))
    expect(await takenIds()).toEqual(['a-1'])
    expect(await store.takeDue({ kind: 'aside', destination: 'queue' }, Date.now(), LIMITS)).toEqual([])
    expect((await store.lines()).find(({ line }) => line.kind === 'dead')).toMatchObject({ items: 1 })
    expect((await store.page(QUEUE, null, 9)).headers.map(({ id }) => id)).toEqual(['a-1'])
    expect((await store.page({ kind: 'aside', destination: 'queue' }, null, 9)).headers).toEqual([])
    await store.tidy()
    const told = (await store.strays()).map(({ place }) => place).join('\n')
    for (const name of ['.DS_Store', 'asleep~x', 'aside~queue', 'folder', `${group}/x`])
      expect(told).toContain(name)
    for (const path of foreign) expect(existsSync(join(root, path))).toBe(true)
  })

  test('a line that is none and an outbox that is none hold nothing', async () => {
    mkdirSync(root, { recursive: true })
    writeFileSync(join(root, 'outbox'), 'x')
    expect(await store.lines()).toEqual([])
    expect(await takenIds()).toEqual([])
    await store.tidy()
    expect((await store.strays()).length).toBeGreaterThan(0)
  })

  test('what stands in the place of an item and is a folder stays, and the id is gone', async () => {
    await store.park(itemAbout('a', 1))
    const [path = ''] = below('outbox')
    rmSync(join(root, path))
    mkdirSync(join(root, path))
    expect(await store.take('a-1', 1000)).toBe('unreadable')
    await store.remove(['a-1'])
    expect(await store.take('a-1', 1000)).toBeNull()
    expect(existsSync(join(root, path))).toBe(true)
    await store.park(itemAbout('a', 1, { parkedAt: 5 }))
    expect(await takenIds()).toEqual(['a-1'])
  })

  test('what the system refuses for reasons of its own is an error, and no empty store', async () => {
    mkdirSync(join(root, 'outbox'), { recursive: true })
    symlinkSync('waiting~queue', join(root, 'outbox', 'waiting~queue'))
    // A link that leads in a circle is no folder; a name that is too long is nobody's.
    expect(await store.takeDue(QUEUE, Date.now(), LIMITS)).toEqual([])
    expect(await store.strays()).toMatchObject([
      { place: 'outbox/waiting~queue', problem: 'it is no folder' },
    ])
    await expect(namesAfter(join(root, 'x'.repeat(300)), '', 1)).rejects.toThrow('ENAMETOOLONG')
    await expect(placesBelow(root, 'x'.repeat(300), 0).next()).rejects.toThrow('ENAMETOOLONG')
  })

  test('a destination that is too long for a name is told by its items, unless none can be read', async () => {
    const destination = `wecom-${'名'.repeat(40)}`
    const line = { kind: 'waiting', destination } as const
    await store.park(itemAbout('a', 1, { group: groupAt(destination, 'a') }))
    expect(await store.lines()).toEqual([{ line, items: 1, oldest: 1_700_000_000_001 }])
    expect(await store.takeDue(line, Date.now(), LIMITS)).toHaveLength(1)
    writeFileSync(join(root, below('outbox')[0]!), 'x')
    expect(await openFileStore(`file:${root}`, CONTEXT).lines()).toEqual([])
  })

  test('a group whose folder others remove at this moment loses nothing', async () => {
    const other = openFileStore(`file:${root}`, CONTEXT)
    for (let round = 0; round < 30; round++) {
      await store.park(itemAbout('a', 0))
      await Promise.all([
        other.remove(['a-0']),
        store.park(itemAbout('a', 1)),
        other.tidy(),
        store.park(itemAbout('a', 2)),
      ])
      expect(await store.lines()).toMatchObject([{ items: 2 }])
      await store.remove(['a-1', 'a-2'])
    }
  })

  test('the names of a long folder are listed in order, a part at a time', async () => {
    const long = join(folder.path, 'long')
    mkdirSync(long)
    const names = Array.from({ length: 7000 }, (_, n) => sha256(String(n), 'hex')).sort()
    for (const name of [...names].reverse()) writeFileSync(join(long, name), '')
    const found: string[] = []
    for (let after = ''; ;) {
      const some = await namesAfter(long, after, 1000)
      found.push(...some.names)
      expect(some.names.length).toBeLessThanOrEqual(1000)
      after = some.names.at(-1) ?? after
      if (some.isLast) break
    }
    expect(found).toEqual(names)
    expect(await namesAfter(join(folder.path, 'none'), '', 5)).toEqual({ names: [], isLast: true })
  })

  test('tidying up removes what leads to nothing and folders of groups without items, once they are old', async () => {
    await store.park(itemAbout('a', 1))
    await store.park(itemAbout('b', 2))
    const [path = ''] = below('outbox')
    rmSync(join(root, path))
    await clock.pass(HOUR / 2)
    await store.tidy()
    expect(below('ids')).toHaveLength(2)
    expect(readdirSync(join(root, 'outbox', 'waiting~queue'))).toHaveLength(1)
    await clock.pass(HOUR)
    // A few shards in each run.
    for (let run = 0; run < 70; run++) await store.tidy()
    expect(below('ids')).toHaveLength(1)
    expect(below('outbox')).toHaveLength(1)
  })

  test('tidying up goes on where the last run was stopped', async () => {
    for (let n = 0; n < 120; n++) await store.settle(`kept ${n}`, 30 * 24 * HOUR)
    for (let n = 0; n < 60; n++) await store.settle(`over ${n}`, 1000)
    await clock.pass(2 * HOUR)
    const sizes: number[] = []
    for (let run = 0; run < 60 && below('claims').length > 120; run++) {
      let looks = 0
      await store.tidy(() => ++looks > 25)
      // What a run left of a shard has its turn in the next round.
      await clock.pass(HOUR / 10)
      sizes.push(below('claims').length)
    }
    expect(sizes.at(-1)).toBe(120)
    expect(sizes.length).toBeGreaterThan(5)
    // All done: the next one is an hour away.
    await store.tidy()
    await store.settle('over now', 1000)
    await clock.pass(HOUR / 2)
    await store.tidy()
    expect(below('claims')).toHaveLength(121)
    await clock.pass(HOUR)
    await store.tidy()
    expect(below('claims')).toHaveLength(120)
  })

  test('tidying up begins anew where what it noted cannot be read', async () => {
    await store.settle('over', 1000)
    await clock.pass(2 * HOUR)
    for (const text of [
      '',
      'null',
      '[]',
      '{"endsAt":"x","claims":5}',
      '{"endsAt":9e15}',
      '{"claims":"zz"}',
    ]) {
      writeFileSync(join(root, 'tidied'), text)
      await store.settle('over', 1000)
      await clock.pass(2 * HOUR)
      await store.tidy()
      await store.tidy()
      expect(below('claims')).toEqual([])
    }
  })

  test('a full page of groups is tidied in several runs', async () => {
    const line = join(root, 'outbox', 'waiting~queue')
    for (let n = 0; n < 1500; n++)
      mkdirSync(join(line, sha256(String(n), 'hex').slice(0, 32)), { recursive: true })
    await store.tidy()
    expect(readdirSync(line)).toHaveLength(500)
    await store.tidy(() => true)
    await store.tidy()
    expect(readdirSync(line)).toHaveLength(0)
  })
})
