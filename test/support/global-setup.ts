import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Once before any test file is collected: asks each server of `npm run services` whether it answers (see services.ts), and builds the function. */
export default function globalSetup(): void {
  const script = resolve(__dirname, '..', '..', 'tools', 'services', 'services.mjs')
  const answer = execFileSync(process.execPath, [script, 'status', '--json'], { encoding: 'utf8' })
  process.env['RELAY_SERVICES'] = answer
  const addresses = JSON.parse(answer) as Record<string, string | null>
  const missing = Object.keys(addresses).filter((name) => addresses[name] === null)
  if (missing.length > 0) {
    const list = missing.join(' ')
    const verdict = process.env['CI'] === 'true' ? 'fail' : 'are skipped'
    process.stderr.write(`Tests against ${list} ${verdict}; to run them: npm run services -- up ${list}\n`)
  }
  buildFunction()
}

/** As it is deployed, into a folder of its own: RELAY_BUNDLE is its main file. */
function buildFunction(): void {
  const outdir = join(mkdtempSync(join(tmpdir(), 'relay-bundle-')), 'dist')
  const script = pathToFileURL(resolve(__dirname, '..', '..', 'tools', 'build', 'build.mjs')).href
  const code = `const { buildFunction } = await import(${JSON.stringify(script)})
await buildFunction({ outdir: ${JSON.stringify(outdir)} })`
  execFileSync(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' })
  process.env['RELAY_BUNDLE'] = join(outdir, 'index.js')
}
