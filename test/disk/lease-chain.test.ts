import { readdirSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dropLeases, endLease, sweepLeases, takeLease } from '../../src/disk/lease-chain'
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder'

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
  await take('long', 100 * 3_600_000)
  clock.mockReturnValue(1_000_003_600_000)
  await take('fresh', 1)
  clock.mockReturnValue(1_000_003_600_020)
  await Promise.all([1, 2, 3].map(async () => sweepLeases(tmp, join(folder.path, 'chain'))))
  expect(files()).toEqual(['fresh.1', 'long.1'])
  clock.mockRestore()
})
