// What the bench loads from TypeScript.
import { basename, join, resolve } from 'node:path'
import { build } from 'esbuild'

const root = resolve(import.meta.dirname, '../../..')

/** Bundles a script into one file in `work`, beside whatever was there; returns its path. */
export async function bundle(script, work) {
  const outfile = join(work, `${basename(script, '.ts')}.cjs`)
  await build({
    absWorkingDir: root,
    entryPoints: [script],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    define: { RELAY_VERSION: JSON.stringify('bench') },
    outfile,
    logLevel: 'warning',
  })
  return outfile
}
