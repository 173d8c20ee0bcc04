import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copyProject } from '../support/serverless-run'

// `npm run release` in a repository of its own.

jest.setTimeout(120_000)

const project = copyProject()
afterAll(() => project.drop())

const run = (command: string, ...args: readonly string[]): string =>
  execFileSync(command, args, { cwd: project.folder, encoding: 'utf8' })
const release = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['tools/release/release.mjs', ...args], {
    cwd: project.folder,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}
const heads = (): string => run('git', 'log', '--format=%s')

beforeAll(() => {
  for (const name of ['package-lock.json', '.gitignore']) cpSync(name, join(project.folder, name))
  writeFileSync(
    join(project.folder, 'CHANGELOG.md'),
    '# Changelog\n\n## [7.1.0] - Unreleased\n\n### Added\n\n- A thing.\n\n## [7.0.0] - 2026-01-01\n\n- An old thing.\n',
  )
  // The packages are a link here, which `node_modules` in .gitignore covers.
  run('git', 'init', '-q')
  run('git', 'config', 'user.email', 'somebody@example.com')
  run('git', 'config', 'user.name', 'Somebody')
  run('git', 'add', '-A')
  run('git', 'commit', '-qm', 'Begin')
})

test.each([
  ['what is no version', ['seven'], /seven is no version, as 0\.2\.0 is one/],
  [
    'a version that CHANGELOG.md does not know',
    ['7.2.0'],
    /no section "## \[7\.2\.0\] - Unreleased": write it first/,
  ],
  ['one that is out', ['7.0.0'], /no section/],
  ['none at all', [], /missing required argument 'VERSION'/],
])('refuses %s', (_, args, words) => {
  const { status, stderr } = release(...args)
  expect([status, stderr]).toEqual([1, expect.stringMatching(words)])
  expect(heads()).toBe('Begin\n')
})

test('refuses what is not committed', () => {
  writeFileSync(join(project.folder, 'src', 'stray.ts'), 'export {}\n')
  const { status, stderr } = release('7.1.0')
  run('git', 'clean', '-qf', 'src')
  expect([status, stderr]).toEqual([1, expect.stringContaining('not committed:\n?? src/stray.ts')])
})

test('--dry-run changes nothing', () => {
  const { status, stdout } = release('7.1.0', '--dry-run')
  expect([status, stdout]).toEqual([0, '7.1.0 can be released:\n\n### Added\n\n- A thing.\n'])
  expect([heads(), run('git', 'status', '--porcelain')]).toEqual(['Begin\n', ''])
})

test('where the commit is refused, all is as it was', () => {
  const hook = join(project.folder, '.git', 'hooks', 'pre-commit')
  writeFileSync(hook, '#!/bin/sh\nexit 1\n', { mode: 0o755 })
  const { status, stderr } = release('7.1.0')
  rmSync(hook)
  expect([status, stderr]).toEqual([1, expect.stringContaining('Nothing is released, and all is as it was.')])
  expect([heads(), run('git', 'status', '--porcelain')]).toEqual(['Begin\n', ''])
})

test('makes versions, the changelog’s day, the zip with its checksum, a commit and a tag; not twice', () => {
  expect(release('7.1.0')).toMatchObject({ status: 0, stderr: '' })
  expect(heads()).toBe('Release 7.1.0\nBegin\n')
  expect(run('git', 'tag', '--list', '--format=%(contents)')).toBe('7.1.0\n\n### Added\n\n- A thing.\n')
  expect(readFileSync(join(project.folder, 'CHANGELOG.md'), 'utf8')).toMatch(
    /^## \[7\.1\.0\] - \d{4}-\d\d-\d\d$/m,
  )
  for (const name of ['package.json', 'package-lock.json'])
    expect(JSON.parse(readFileSync(join(project.folder, name), 'utf8'))).toMatchObject({ version: '7.1.0' })
  expect(run('git', 'status', '--porcelain')).toBe('')
  const checked = execFileSync('sha256sum', ['-c', 'cos-callback-relay-7.1.0.zip.sha256'], {
    cwd: join(project.folder, 'release'),
    encoding: 'utf8',
  })
  expect(checked).toBe('cos-callback-relay-7.1.0.zip: OK\n')
  expect(release('7.1.0')).toMatchObject({ status: 1 })
})
