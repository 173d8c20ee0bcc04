import { readFileSync } from 'node:fs'
import { parse } from 'dotenv'
import { draftConfig } from '../../../src/config/read-config'
import { SETTINGS, settingOf } from '../../../src/config/settings'

/** The rows of a page's tables, cell by cell; the first one is before the first bar. */
const rowsOf = (page: string): readonly (readonly string[])[] =>
  readFileSync(page, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('`', '')))
const ofDeploy = rowsOf('docs/deploy.md')
const ofFunction = rowsOf('docs/configuration.md')

const withoutComments = (yaml: string): string => yaml.replaceAll(/^#.*$/gm, '')

test('what the function reads is what the table says that it does', () => {
  const { known } = draftConfig({}, 'callbacks')
  const own = SETTINGS.filter(({ readBy }) => readBy === 'functions' || readBy === 'callback')
  const others = ['CI_ENDPOINT', 'TENCENTCLOUD_REGION']
  expect([...known].filter((name) => !others.includes(name)).sort()).toEqual(
    own.map(({ name }) => name).sort(),
  )
})

test('every ${setting:…} of serverless.yml is one', () => {
  const asked = [
    ...withoutComments(readFileSync('serverless.yml', 'utf8')).matchAll(/\$\{setting:(\w+)\}/g),
  ].map(([, name]) => name!)
  expect(asked.length).toBeGreaterThan(10)
  expect(asked.filter((name) => settingOf(name) === undefined)).toEqual([])
  const deployed = SETTINGS.filter(({ readBy, name }) => readBy === 'deploy' && name !== 'DEPLOY_STAGE')
  expect(deployed.map(({ name }) => name).filter((name) => !asked.includes(name))).toEqual([])
})

test.each(SETTINGS.filter(({ readBy }) => readBy === 'deploy').map((one) => [one.name, one] as const))(
  'docs/deploy.md: %s',
  (name, { param, usual }) => {
    const row = ofDeploy.find((cells) => cells[2] === name)
    expect(row?.[1]?.replace('--stage', 'stage')).toBe(param)
    expect(row?.[3]?.replace('none', '')).toBe(usual)
  },
)

test.each(
  SETTINGS.filter(({ readBy }) => readBy !== 'deploy' && readBy !== 'key')
    // For tests alone.
    .filter(({ name }) => name !== 'CI_ENDPOINT')
    .map((one) => [one.name, one] as const),
)('docs/configuration.md: %s, with its default', (name, { usual }) => {
  const row = ofFunction.find((cells) => cells[1] === name)
  expect(row).toBeDefined()
  // What is the function's own where nothing is set is said in words.
  if (usual !== '') expect(row![3]).toBe(usual)
})

test('.env.example has each that a file is a place for, with its default and its meaning', () => {
  const text = readFileSync('.env.example', 'utf8')
  for (const { name, usual, meaning, readBy } of SETTINGS) {
    if (readBy === 'local') continue
    expect(text).toContain(`# ${meaning}\n`)
    expect(text).toContain(`#${name}=${usual}\n`)
  }
  // As it stands, it sets nothing.
  expect(parse(text)).toEqual({})
})
