import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { temporaryFolder } from '../support/temporary-folder'

const root = resolve(__dirname, '..', '..')

export interface BuiltProject {
  readonly path: string
  readonly remove: () => void
}

/** A copy of the project, built as npm start builds it: tests may change its sources, and builds of other tests do not touch it. */
export function builtProject(): BuiltProject {
  const folder = temporaryFolder()
  const path = join(folder.path, 'project')
  mkdirSync(path)
  for (const part of ['src', 'tools', 'scripts', 'events', 'types', 'package.json'])
    cpSync(join(root, part), join(path, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(path, 'node_modules'))
  execFileSync(process.execPath, ['tools/build/build.mjs', '--local'], {
    cwd: path,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return { path, remove: folder.remove }
}
