import { execFile, execFileSync } from 'node:child_process'
import { resolve } from 'node:path'

/** How long a child may go on after it has done its work. */
const PATIENCE_MS = 9000

/** Bundles a TypeScript file of this folder so that Node can run it as a process of its own. */
export function bundleChild(entry: string, outfile: string): void {
  const esbuild = require.resolve('esbuild/bin/esbuild')
  const source = resolve(__dirname, entry)
  execFileSync(esbuild, [source, '--bundle', '--platform=node', `--outfile=${outfile}`, '--log-level=error'])
}

/** What the child printed. Rejects when it does not end by itself in time. */
export function runChild(script: string, variables: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((done, fail) => {
    const env = { ...process.env, ...variables }
    execFile(process.execPath, [script], { env, timeout: PATIENCE_MS }, (error, stdout, stderr) => {
      if (error === null) done(stdout + stderr)
      else fail(new Error(`the process ${error.killed ? 'did not end' : 'failed'}: ${stdout} ${stderr}`))
    })
  })
}
