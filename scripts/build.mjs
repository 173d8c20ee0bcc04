// Bundles the function into dist/ (what is deployed) and the local tools into .build/ (never deployed).
// A dynamic import of a heavy driver becomes a chunk of its own beside dist/index.js, loaded when its scheme is used.
import './node-version.cjs'
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NOTICES_FILE, thirdPartyNotices } from './third-party-notices.mjs'
import { whyNotBuilt } from './why-not-built.mjs'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const src = resolve(root, 'src')
const { version } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'))

/** What brings a client library: drivers, and the client that two drivers share. */
const CHUNKS = [
  ...['wecom', 'dingtalk', 'feishu', 'slack', 'pagerduty', 'alertmanager'].map((name) => `alerts/${name}`),
  ...['amqp', 'kafka', 'cmq', 'redis'].map((name) => `queues/${name}`),
  ...['file', 'redis', 'cos'].map((name) => `stores/${name}`),
  'delivery/redis-client',
  'tencent/ci',
]

const LOCAL_TOOLS = ['start', 'invoke', 'handler-host', 'outbox']

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

/**
 * What libraries require, and the function does without. To whoever sets DEBUG, iovalkey would print every command with its arguments: passwords
 * among them. sax has a stream class that nobody uses, and the streams take a tenth of a cold start to load; without them it puts an empty class in
 * their place.
 */
const LEFT_OUT = {
  debug: 'exports.default = () => ({ enabled: false })',
  stream: 'exports.Stream = undefined',
}

const leftOut = {
  name: 'left-out',
  setup(build) {
    build.onResolve({ filter: /^(?:debug|stream)$/ }, ({ path, importer }) =>
      path === 'debug' || /[/\\]sax[/\\]/.test(importer) ? { path, namespace: 'left-out' } : undefined,
    )
    build.onLoad({ filter: /./, namespace: 'left-out' }, ({ path }) => ({ contents: LEFT_OUT[path] }))
  },
}

const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // One byte a character: V8 reads it a little faster.
  charset: 'ascii',
  legalComments: 'none',
  logLevel: 'warning',
  define: { RELAY_VERSION: JSON.stringify(version) },
}

/** Builds in memory first: a build that fails leaves the last one as it was. */
async function buildInto(outdir, { clean = false, ...options }) {
  // Not before it is needed: a script whose packages are missing must come as far as to say so.
  const { build } = await import('esbuild')
  const { outputFiles, metafile } = await build({
    ...shared,
    ...options,
    outdir,
    write: false,
    metafile: true,
  })
  if (clean) rmSync(outdir, { recursive: true, force: true })
  mkdirSync(outdir, { recursive: true })
  for (const { path, contents } of outputFiles) writeFileSync(path, contents)
  return metafile
}

/** Builds what is deployed, the licences of others in it beside it; returns the path of its main file. `onMetafile` gets esbuild's account of what went in. */
export async function buildFunction({
  outdir = resolve(root, 'dist'),
  minify = true,
  onMetafile = () => {},
} = {}) {
  const metafile = await buildInto(outdir, {
    clean: true,
    minify,
    plugins: [driverChunks, leftOut],
    // import() of a chunk becomes require(): the loader of ES modules costs more than most chunks do.
    supported: { 'dynamic-import': false },
    entryPoints: {
      index: resolve(src, 'index.ts'),
      ...Object.fromEntries(CHUNKS.map((driver) => [chunkName(driver), resolve(src, `${driver}.ts`)])),
    },
  })
  writeFileSync(resolve(outdir, NOTICES_FILE), thirdPartyNotices(metafile, root))
  onMetafile(metafile)
  return resolve(outdir, 'index.js')
}

/** Builds the local tools: npm start, npm run invoke, and the process in which they run the function. */
export async function buildLocalTools({ outdir = resolve(root, '.build') } = {}) {
  await buildInto(outdir, {
    entryPoints: LOCAL_TOOLS.map((name) => resolve(src, 'local', `${name}.ts`)),
  })
}

async function main() {
  const file = await buildFunction()
  if (process.argv.includes('--local')) await buildLocalTools()
  else console.log(`${relative(root, file)}  ${(statSync(file).size / 1024).toFixed(1)} KB`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main().catch((error) => {
    process.stderr.write(whyNotBuilt('npm run build', error))
    process.exitCode = 1
  })
}
