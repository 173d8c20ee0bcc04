import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dotenvProblems, unknownParams } from '../../src/deploy/check-input'
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder'

let folder: TemporaryFolder
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(() => folder.remove())
const write = (name: string, text: string): void => writeFileSync(join(folder.path, name), text)

test('a --param that is no setting is told of, with those that there are', () => {
  expect(unknownParams(['stage=x', 'QUEUE_URL=y', 'memory=1'], ['QUEUE_URL'])).toEqual([])
  expect(unknownParams(['stagee=x'], ['QUEUE_URL'])).toEqual([
    expect.stringMatching(
      /^--param stagee: there is no such setting; there are: stage, region, .*, QUEUE_URL$/,
    ),
  ])
})

test.each([
  ['QUEUE_URL="https://h/x#secret=whsec_a"', []],
  ["QUEUE_URL='https://h/x#secret=whsec_a'", []],
  ['QUEUE_URL=https://h/x # a comment', []],
  ['# QUEUE_URL=https://h/x#y', []],
  [
    'QUEUE_URL=https://h/x#secret=whsec_a',
    ['QUEUE_URL in .env: the # and what follows would be cut off; put the value in quotes'],
  ],
  [
    "STORE_URL='redis://:pa$word@h'",
    ['STORE_URL in .env: the $ would be read as a variable; write \\$, or %24 in a URL'],
  ],
  ['STORE_URL=redis://:pa\\$word@h', []],
])('%s', (line, problems) => {
  write('.env', `OTHER=1\n${line}\n`)
  expect(dotenvProblems(folder.path, 'dev', 'dev')).toEqual(problems)
})

test('the file of another stage than that of --stage is not read: said, not passed over', () => {
  expect(dotenvProblems(folder.path, 'dev', 'prod')).toEqual([])
  write('.env.prod', 'QUEUE_URL=https://h/x#y')
  expect(dotenvProblems(folder.path, 'dev', 'prod')).toEqual([
    '.env.prod: is read with --stage prod only; give the stage so',
  ])
  expect(dotenvProblems(folder.path, 'prod', 'prod')).toHaveLength(1)
})
