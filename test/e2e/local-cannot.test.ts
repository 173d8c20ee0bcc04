import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { asOrdinaryUser } from '../support/ordinary-user'
import { type BuiltProject, builtProject } from './built-project'

/** What the tools cannot do they say: in one sentence, with exit code 1. */

let project: BuiltProject

beforeAll(() => {
  project = builtProject()
}, 60_000)
afterEach(() => unlock(project.path))
afterAll(() => project.remove())

/** Takes the right to write away from a folder and all that is in it. */
function lock(path: string): void {
  allow(path, 0o555, 0o444)
}

function unlock(path: string): void {
  allow(path, 0o755, 0o644)
}

function allow(path: string, folderMode: number, fileMode: number): void {
  chmodSync(path, folderMode)
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inside = join(path, entry.name)
    if (entry.isDirectory()) allow(inside, folderMode, fileMode)
    else if (entry.isFile()) chmodSync(inside, fileMode)
  }
}

function run(script: string, args: readonly string[]) {
  const [command, all] = asOrdinaryUser(process.execPath, [join('tools', script), ...args])
  const { status, stdout, stderr } = spawnSync(command, all, {
    cwd: project.path,
    env: { PATH: process.env['PATH'], PORT: '0' },
    encoding: 'utf8',
    timeout: 30_000,
  })
  return { status, stdout, stderr }
}

const TOOLS = [
  ['npm start', ['start', '--samples']],
  ['npm run invoke', ['invoke', 'events/url-success.json']],
  ['npm run outbox', ['outbox', 'list']],
] as const

/** Runs each of the tools; what it says begins with its name. */
function expectSentence(pattern: RegExp, tools: readonly (typeof TOOLS)[number][] = TOOLS): void {
  for (const [name, args] of tools) {
    const { status, stdout, stderr } = run('cli/relay.mjs', args)
    expect(stderr.slice(0, name.length + 2)).toBe(`${name}: `)
    expect(stderr.slice(name.length + 2)).toMatch(pattern)
    expect([status, stdout]).toEqual([1, ''])
  }
}

test.each(['dist', '.build'])('a folder %s that may not be written', (folder) => {
  lock(join(project.path, folder))
  expectSentence(/^(dist|\.build)\S* of \/\S+ may not be written by you \(EACCES\); give yourself .*\n$/)
})

test('a folder .relay that may not be written', () => {
  const folder = join(project.path, '.relay')
  mkdirSync(folder)
  lock(folder)
  expectSentence(/^QUEUE_URL: \.relay may not be written by you \(EACCES\); .*\n$/, TOOLS.slice(0, 2))
  rmSync(folder, { recursive: true })
})

test('packages that are not installed', () => {
  const packages = join(project.path, 'node_modules')
  renameSync(packages, `${packages}-away`)
  const missing = 'the packages that it needs are not installed; run npm ci first\n'
  expectSentence(new RegExp(`^${missing}$`))
  expect(run('build/build.mjs', [])).toEqual({ status: 1, stdout: '', stderr: `npm run build: ${missing}` })
  renameSync(`${packages}-away`, packages)
})

test('a project that may not be written', () => {
  rmSync(join(project.path, 'dist'), { recursive: true })
  rmSync(join(project.path, '.build'), { recursive: true })
  lock(project.path)
  const sentence = /^(dist|\.build) of \/\S+ may not be written by you \(EACCES\); give yourself .*\n$/
  expectSentence(sentence)
  const { status, stdout, stderr } = run('build/build.mjs', [])
  expect(stderr.replace(/^npm run build: /, '')).toMatch(sentence)
  expect([status, stdout]).toEqual([1, ''])
})
