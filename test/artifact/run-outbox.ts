import { execFile, execFileSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { temporaryFolder } from '../support/temporary-folder'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface Outbox {
  readonly run: (env: Readonly<Record<string, string>>, ...args: string[]) => Promise<Ran>
  readonly remove: () => void
}

/** The outbox command, built as `npm run outbox` builds it, and run with nothing in its environment but what is given. */
export function buildOutbox(options: { readonly uid?: number } = {}): Outbox {
  const built = temporaryFolder()
  const root = resolve(__dirname, '..', '..')
  const build = `import('./tools/build/build.mjs').then((m) => m.buildLocalTools({ outdir: ${JSON.stringify(built.path)} }))`
  execFileSync(process.execPath, ['-e', build], { cwd: root })
  if (options.uid !== undefined) execFileSync('chmod', ['-R', 'a+rX', built.path])
  return {
    run: async (env, ...args) =>
      new Promise((done) => {
        execFile(
          process.execPath,
          [join(built.path, 'relay.js'), 'outbox', ...args],
          { env: { PATH: process.env['PATH'], ...env }, cwd: built.path, timeout: 25_000, ...options },
          (error, out, err) => {
            const { code } = (error ?? {}) as { code?: unknown }
            done({ code: error === null ? 0 : typeof code === 'number' ? code : -1, out, err })
          },
        )
      }),
    remove: () => built.remove(),
  }
}
