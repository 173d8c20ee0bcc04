// Bundles the function into dist/ (what is deployed) and the local tools into .build/ (never deployed).
// A dynamic import of a heavy driver becomes a chunk of its own beside dist/index.js, loaded when its scheme is used.
import { readFileSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const src = resolve(root, 'src')
const { version } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'))

/** Drivers that bring a client library, by folder and file. */
const CHUNKS = ['queues/amqp', 'queues/kafka', 'queues/redis']

const chunkName = (driver) => driver.replace('/', '-')

const driverChunks = {
  name: 'driver-chunks',
  setup(build) {
    build.onResolve({ filter: /^\./ }, ({ path, kind, resolveDir }) => {
      if (kind !== 'dynamic-import') return undefined
      const driver = relative(src, resolve(resolveDir, path))
      return CHUNKS.includes(driver) ? { path: `./${chunkName(driver)}.js`, external: true } : undefined
    })
  },
}

const shared = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
  define: { RELAY_VERSION: JSON.stringify(version) },
  plugins: [driverChunks],
}

export async function buildFunction({ outdir = resolve(root, 'dist'), minify = true } = {}) {
  rmSync(outdir, { recursive: true, force: true })
  await build({
    ...shared,
    minify,
    outdir,
    entryPoints: {
      index: resolve(src, 'index.ts'),
      ...Object.fromEntries(CHUNKS.map((driver) => [chunkName(driver), resolve(src, `${driver}.ts`)])),
    },
  })
  return resolve(outdir, 'index.js')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = await buildFunction()
  console.log(`${relative(root, file)}  ${(statSync(file).size / 1024).toFixed(1)} KB  ${basename(file)}`)
}
