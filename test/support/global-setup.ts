import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'

/** Asks each server of `npm run services` once, before any test file is collected, whether it answers. See services.ts. */
export default function globalSetup(): void {
  const script = resolve(__dirname, '..', '..', 'scripts', 'services.mjs')
  const answer = execFileSync(process.execPath, [script, 'status', '--json'], { encoding: 'utf8' })
  process.env['RELAY_SERVICES'] = answer
  const addresses = JSON.parse(answer) as Record<string, string | null>
  const missing = Object.keys(addresses).filter((name) => addresses[name] === null)
  if (missing.length === 0) return
  const list = missing.join(' ')
  const verdict = process.env['CI'] === 'true' ? 'fail' : 'are skipped'
  process.stderr.write(`Tests against ${list} ${verdict}; to run them: npm run services -- up ${list}\n`)
}
