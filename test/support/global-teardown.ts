import { rmSync } from 'node:fs'
import { dirname } from 'node:path'

export default function globalTeardown(): void {
  const bundle = process.env['RELAY_BUNDLE']
  if (bundle !== undefined) rmSync(dirname(dirname(bundle)), { recursive: true, force: true })
}
