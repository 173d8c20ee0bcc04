import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import globalSetup from '../support/global-setup'

/** Builds the function once for all files of this suite, as it is deployed: RELAY_BUNDLE is its main file. */
export default function buildOnce(): void {
  globalSetup()
  const outdir = join(mkdtempSync(join(tmpdir(), 'relay-bundle-')), 'dist')
  const script = pathToFileURL(resolve(__dirname, '..', '..', 'scripts', 'build.mjs')).href
  const code = `const { buildFunction } = await import(${JSON.stringify(script)})
await buildFunction({ outdir: ${JSON.stringify(outdir)} })`
  execFileSync(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' })
  process.env['RELAY_BUNDLE'] = join(outdir, 'index.js')
}
