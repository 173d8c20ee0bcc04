import { readdirSync } from 'node:fs'
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dropLeases, endLease, sweepLeases, takeLease } from '../../../src/stores/file/lease-chain'
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder'

let folder: TemporaryFolder
let tmp: string
let base: string

beforeEach(() => {
  folder = temporaryFolder()
  tmp = join(folder.path, 'tmp')
  base = join(folder.path, 'chain', 'x')
})
afterEach(() => folder.remove())

const files = (): string[] => readdirSync(join(folder.path, 'chain')).sort()

test('each taker adds a generation once the last has ended', async () => {
  for (let round = 0; round < 3; round++) {
    const answer = await takeLease(tmp, base, 60_000)
    if (answer.kind !== 'taken') throw new Error('held')
    expect((await takeLease(tmp, base, 60_000)).kind).toBe('held')
    await endLease(tmp, base, answer.holder)
  }
  expect(files()).toEqual(['x.1', 'x.2', 'x.3'])
  expect(readdirSync(tmp)).toEqual([])
})

test('a file that a loss of power left empty counts as ended', async () => {
  await takeLease(tmp, base, 60_000)
  await writeFile(`${base}.1`, '')
  expect((await takeLease(tmp, base, 60_000)).kind).toBe('taken')
  expect((await takeLease(tmp, base, 60_000)).kind).toBe('held')
})

test('no lease is longer than an invocation may last: one that ends later was given by a wrong clock, and has ended', async () => {
  const clock = jest.spyOn(Date, 'now').mockReturnValue(1_000_000_000_000)
  expect((await takeLease(tmp, base, 24 * 3_600_000)).kind).toBe('taken')
  expect(await takeLease(tmp, base, 1)).toEqual({ kind: 'held', remainingMs: 15 * 60_000 })
  clock.mockReturnValue(1_000_000_000_000 - 86_400_000)
  expect((await takeLease(tmp, base, 60_000)).kind).toBe('taken')
  clock.mockRestore()
})

test('an empty file, all that a full disk has room for, is a lease until the time of its last change', async () => {
  await takeLease(tmp, base, 60_000)
  await writeFile(`${base}.1`, '')
  await utimes(`${base}.1`, Date.now() / 1000 + 30, Date.now() / 1000 + 30)
  expect(await takeLease(tmp, base, 60_000)).toMatchObject({ kind: 'held' })
  await endLease(tmp, base, '1-')
  expect((await takeLease(tmp, base, 60_000)).kind).toBe('taken')
})

test('what stands in the way of a generation and is no file counts as ended, and is left alone', async () => {
  await mkdir(`${base}.1`, { recursive: true })
  expect((await takeLease(tmp, base, 60_000)).kind).toBe('taken')
  await dropLeases(base)
  expect(files()).toEqual(['x.1'])
})

test('a chain that is dropped while others come has one holder at most', async () => {
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 3; i++) {
      const answer = await takeLease(tmp, base, 60_000)
      if (answer.kind === 'taken') await endLease(tmp, base, answer.holder)
    }
    // The sweeper holds the lease, as it must.
    expect((await takeLease(tmp, base, 60_000)).kind).toBe('taken')
    const [, ...answers] = await Promise.all([
      dropLeases(base),
      ...Array.from({ length: 10 }, async () => takeLease(tmp, base, 60_000)),
    ])
    expect(
      answers.filter((answer) => (answer as { kind: string }).kind === 'taken').length,
    ).toBeLessThanOrEqual(1)
    await dropLeases(base)
  }
})

test('the sweep removes what has been over for long, the rest of a half dropped chain too, and nothing else', async () => {
  const clock = jest.spyOn(Date, 'now').mockReturnValue(1_000_000_000_000)
  const take = async (chain: string, ms: number): Promise<void> => {
    expect((await takeLease(tmp, join(folder.path, 'chain', chain), ms)).kind).toBe('taken')
  }
  await take('old', 1)
  await take('half', 1)
  clock.mockReturnValue(1_000_000_000_010)
  await take('old', 1)
  await take('half', 1)
  await rm(join(folder.path, 'chain', 'half.1'))
  clock.mockReturnValue(1_000_003_600_000)
  await take('fresh', 1)
  clock.mockReturnValue(1_000_003_600_020)
  await Promise.all([1, 2, 3].map(async () => sweepLeases(tmp, join(folder.path, 'chain'), () => true)))
  expect(files()).toEqual(['fresh.1'])
  clock.mockRestore()
})
