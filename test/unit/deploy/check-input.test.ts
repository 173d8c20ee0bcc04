import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addFrom, readDotenv } from '../../../tools/local/dotenv-file'
import { unknownSettings } from '../../../src/config/unknown-settings'
import { otherStageProblems, strangeNames, unknownParams } from '../../../tools/deploy/commands/check-input'
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder'

let folder: TemporaryFolder
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(() => folder.remove())
const write = (name: string, text: string): void => writeFileSync(join(folder.path, name), text)

test('a --param that is no setting is told of, with the nearest or with those that there are', () => {
  expect(unknownParams(['stage', 'ALERT_LANG', 'memory', 'runtime'])).toEqual([])
  expect(unknownParams(['stagee', 'QUEUE_URL', 'a b'])).toEqual([
    '--param stagee: there is no such setting; is stage meant?',
    expect.stringMatching(
      /^--param QUEUE_URL: there is no such setting; there are: COS_REGION, VERIFY, .*region/,
    ),
    expect.stringMatching(/^--param \(without a name\): there is no such setting; /),
  ])
})

test.each([
  ['QUEU_URL', 'QUEUE_URL'],
  ['QUEUE_ULR', 'QUEUE_URL'],
  ['ALERT_URL', 'ALERT_URLS'],
  ['CALLBACK_TOKENS', 'CALLBACK_TOKEN'],
  ['DEPLOY_REGIONS', 'DEPLOY_REGION'],
  ['TENCENT_SECRETID', 'TENCENT_SECRET_ID'],
  ['Verify', 'VERIFY'],
])('%s is meant for %s', (name, nearest) => {
  expect(unknownSettings([name])).toEqual([{ name, nearest }])
  expect(strangeNames([{ name, nearest }])).toEqual([
    `${name}: there is no such setting; is ${nearest} meant?`,
  ])
})

test('the names of other programs are their own business', () => {
  const others = [
    'PATH',
    'HOME',
    'NODE_ENV',
    'HOSTS',
    'LOG_DIR',
    'STORE',
    'QUEUE',
    'DEPLOY_ENV',
    'TENCENTCLOUD_REGION',
  ]
  expect(unknownSettings([...others, 'QUEUE_URL', 'PORT', 'HOST'])).toEqual([])
})

test.each([
  ['QUEUE_URL="https://h/x#secret=whsec_a"', 'https://h/x#secret=whsec_a', []],
  ["QUEUE_URL='https://h/x#secret=whsec_a'", 'https://h/x#secret=whsec_a', []],
  ['QUEUE_URL=https://h/x # a comment', 'https://h/x', []],
  ["QUEUE_URL='redis://:pa$word${x}@h'", 'redis://:pa$word${x}@h', []],
  ['QUEUE_URL=redis://:pa$word@h', 'redis://:pa$word@h', []],
  ['export QUEUE_URL=a=b=c', 'a=b=c', []],
  [
    'QUEUE_URL=https://h/x#secret=whsec_a',
    'https://h/x',
    ['QUEUE_URL in .env: the # and what follows would be cut off; put the value in quotes'],
  ],
  [
    'QUEUE_URL=redis://:pa\\$word@h',
    'redis://:pa\\$word@h',
    ['QUEUE_URL in .env: \\$ is taken as it stands, backslash and all; write $ alone'],
  ],
  ['QUEUE_URL="https://h/x#a\n https://h/y#b"', 'https://h/x#a\n https://h/y#b', []],
  ["QUEUE_URL='redis://:pa\\nword@h' # a comment", 'redis://:pa\\nword@h', []],
  [
    'QUEUE_URL="redis://:pa\\nword@h"',
    'redis://:pa\nword@h',
    [
      'QUEUE_URL in .env: \\n and \\r between double quotes would become the end of a line; put the value in single quotes',
    ],
  ],
  [
    'QUEUE_URL="https://h/x#secret=whsec_a',
    '"https://h/x',
    ['QUEUE_URL in .env: the # and what follows would be cut off; put the value in quotes'],
  ],
])('%s', (line, value, problems) => {
  write('.env', `OTHER=1\n# QUEUE_URL=x#y\n${line}\n`)
  expect(readDotenv(folder.path, 'dev')).toEqual({
    name: '.env',
    values: { OTHER: '1', QUEUE_URL: value },
    problems,
  })
})

test("a stage's own file is read in the place of .env, and the environment comes first", () => {
  expect(readDotenv(folder.path, 'prod')).toBeNull()
  write('.env', 'A=1\nB=1\nC=1')
  write('.env.prod', 'A=2\nB=2\nC=2')
  expect(readDotenv(folder.path, 'dev')).toMatchObject({ name: '.env', values: { A: '1' } })
  const file = readDotenv(folder.path, 'prod')!
  const env: Record<string, string | undefined> = { B: 'mine', C: '' }
  expect(addFrom(file, env)).toEqual(['A'])
  expect(env).toEqual({ A: '2', B: 'mine', C: '' })
})

test('a stage that .env itself names cannot choose another file: said, not passed over', () => {
  expect(otherStageProblems(folder.path, 'dev', 'prod')).toEqual([])
  write('.env.prod', 'QUEUE_URL=https://h/x')
  expect(otherStageProblems(folder.path, 'dev', 'prod')).toEqual([
    '.env.prod: is not read when .env names the stage; give --stage prod',
  ])
  expect(otherStageProblems(folder.path, 'prod', 'prod')).toEqual([])
})

test('a list of several lines in quotes is one value, of which nothing is cut off', () => {
  write('.env', 'ALERT_URLS="https://h/x#secret=a\n  wecom://KEY"\nLOG_LEVEL=info\n')
  expect(readDotenv(folder.path, 'dev')).toEqual({
    name: '.env',
    values: { ALERT_URLS: 'https://h/x#secret=a\n  wecom://KEY', LOG_LEVEL: 'info' },
    problems: [],
  })
  write('.env', 'ALERT_URLS="wecom://A\\nwecom://B"\n')
  expect(readDotenv(folder.path, 'dev')).toMatchObject({
    values: { ALERT_URLS: 'wecom://A\nwecom://B' },
    problems: [],
  })
})

test('a file that is no text is named', () => {
  writeFileSync(join(folder.path, '.env'), Buffer.from('\ufeffLOG_LEVEL=info\n', 'utf16le'))
  expect(() => readDotenv(folder.path, 'dev')).toThrow('.env is no UTF-8 text: save it as UTF-8')
  mkdirSync(join(folder.path, '.env.prod'))
  expect(() => readDotenv(folder.path, 'prod')).toThrow('.env.prod cannot be read: EISDIR')
})
