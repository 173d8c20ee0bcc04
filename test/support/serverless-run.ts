import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Both, as they came. */
  readonly all: string
  /** The last lines of stdout that are not blank: stderr has the progress. */
  readonly last: (count: number) => string
}

const root = resolve(__dirname, '../..')

/** A copy of the project as a fresh clone after `npm ci`, to deploy from and to change. `node`: the Node.js that runs the CLI, if not this one. */
export function copyProject(node: string = process.execPath) {
  const folder = mkdtempSync(join(tmpdir(), 'relay-project-'))
  const home = mkdtempSync(join(tmpdir(), 'relay-home-'))
  for (const name of [
    'src',
    'tools',
    'events',
    'types',
    'package.json',
    'tsconfig.json',
    'serverless.yml',
    'deploy-plugin.cjs',
  ]) {
    cpSync(join(root, name), join(folder, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))

  /** The real CLI, with nothing of this process's environment but PATH. `started` gets its process. */
  async function serverless(
    args: readonly string[],
    env: Readonly<Record<string, string | undefined>>,
    started: (child: ChildProcess) => void = () => undefined,
  ): Promise<Ran> {
    const child = spawn(node, [join(folder, 'node_modules/serverless/bin/serverless.js'), ...args], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: home, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 120_000,
    })
    started(child)
    const texts = { stdout: '', stderr: '', all: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => {
        texts[name] += chunk.toString()
        texts.all += chunk.toString()
      })
    }
    const [code] = (await once(child, 'close')) as [number | null]
    return {
      code,
      ...texts,
      last: (count) =>
        texts.stdout
          .split('\n')
          .map((line) => line.trimEnd())
          .filter((line) => line !== '')
          .slice(-count)
          .join('\n'),
    }
  }

  return {
    folder,
    home,
    serverless,
    drop: (): void => {
      rmSync(folder, { recursive: true, force: true })
      rmSync(home, { recursive: true, force: true })
    },
  }
}
