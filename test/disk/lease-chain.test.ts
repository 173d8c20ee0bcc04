import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dropLeases, endLease, leaseEnd, takeLease } from '../../src/disk/lease-chain'
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
  expect(await leaseEnd(base)).toBeNull()
  for (let round = 0; round < 3; round++) {
    const answer = await takeLease(tmp, base, 60_000)
    if (answer.kind !== 'taken') throw new Error('held')
    expect((await takeLease(tmp, base, 60_000)).kind).toBe('held')
    await endLease(tmp, base, answer.holder)
    expect(await leaseEnd(base)).toBe(0)
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
