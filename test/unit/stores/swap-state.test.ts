import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dropState, readState, swapState } from '../../../src/stores/file/swap-state'
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder'

let root: TemporaryFolder
let tmp: string
let folder: string

beforeEach(() => {
  root = temporaryFolder()
  tmp = join(root.path, 'tmp')
  folder = join(root.path, 'state')
})
afterEach(() => root.remove())

const count = async (): Promise<void> => swapState(tmp, folder, (state) => String(Number(state ?? 0) + 1))

test('no change is lost, and few files are kept', async () => {
  for (let i = 0; i < 30; i++) await count()
  expect(await readState(folder)).toBe('30')
  expect(readdirSync(folder).length).toBeLessThan(12)
  expect(readdirSync(tmp)).toEqual([])
})

test('changes at once are each made from the one before', async () => {
  await Promise.all(Array.from({ length: 6 }, count))
  expect(await readState(folder)).toBe('6')
})

test('a change may be none', async () => {
  await swapState(tmp, folder, () => null)
  expect(await readState(folder)).toBeNull()
})

test('a process that was stopped while the state went on begins again', async () => {
  await count()
  let isFirst = true
  await swapState(tmp, folder, (state) => {
    if (isFirst) {
      isFirst = false
      rmSync(folder, { recursive: true })
    }
    return String(Number(state) + 100)
  })
  expect(await readState(folder)).toBe('100')
})

test('names that are no numbers, and numbers that are no files, are in nobody’s way', async () => {
  await count()
  for (const name of ['.DS_Store', 'x', '1.5', '-1', '0', '1e9']) writeFileSync(join(folder, name), 'stray')
  mkdirSync(join(folder, '2'))
  await count()
  expect(await readState(folder)).toBe('1')
  await count()
  expect(await readState(folder)).toBe('2')
})

test('a folder that keeps nothing ends in an error, not in a loop', async () => {
  mkdirSync(folder)
  writeFileSync(join(folder, '999999999999999'), '')
  writeFileSync(join(folder, '1000000000000000'), '')
  await expect(count()).rejects.toThrow('come and go')
})

test('a state that was dropped is none', async () => {
  await count()
  await dropState(tmp, folder)
  await dropState(tmp, folder)
  expect(await readState(folder)).toBeNull()
  await count()
  expect(await readState(folder)).toBe('1')
})
