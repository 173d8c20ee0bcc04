// Bundles the function into dist/ (what is deployed) and the local tools into .build/ (never deployed).
import '../cli/node-version.cjs'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NOTICES_FILE, thirdPartyNotices } from './third-party-notices.mjs'
import { whyNotBuilt } from './why-not-built.mjs'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..')
const src = resolve(root, 'src')
const { version } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'))

/** The tools themselves, and the process in which they run the function. */
const LOCAL_TOOLS = ['cli/relay', 'local/handler-host']

/** An import() of ours is a file of its own beside index.js, and is loaded when it is reached; what is imported statically is part of its importer's file. */
function chunks(found) {
  return {
    name: 'chunks',
    setup(build) {
      build.onResolve({ filter: /^\./ }, ({ path, kind, resolveDir }) => {
        if (kind !== 'dynamic-import') return undefined
        const name = relative(src, resolve(resolveDir, path)).replaceAll(/[/\\]/g, '-')
        found[name] = resolve(resolveDir, `${path}.ts`)
        return { path: `./${name}.js`, external: true }
      })
    },
  }
}

/** iovalkey requires it; to whoever sets DEBUG it would print every command with its arguments, passwords among them. */
const NO_DEBUG = 'exports.default = () => ({ enabled: false })'

/**
 * What sax has and nobody uses here, a third of it: the 250 entities of HTML (what it is given, callback/xml-syntax.ts, has none but the five of XML),
 * and a stream class, whose module takes a tenth of a cold start to load. And it asks a pattern of 16 ranges about each character of a name: all of
 * its patterns take a letter, which is the quicker question.
 */
/** @type {[what: RegExp, by: string][]} */
const CHANGES_TO_SAX = [
  [/(sax\.ENTITIES = Object\.assign\(Object\.create\(null\), )\{[^}]*\}/, '$1sax.XML_ENTITIES'],
  [/ {2}sax\.SAXStream = SAXStream\n {2}sax\.createStream = createStream\n/, ''],
  [/return regex\.test\(c\)/, "return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || regex.test(c)"],
  [/ {2}var Stream\n[^]*?(?= {2}\/\/ this really needs to be replaced with character classes)/, ''],
]

function changed(sax) {
  return CHANGES_TO_SAX.reduce((text, [what, by]) => {
    if (!what.test(text))
      throw new Error(`sax is not as it was: look at CHANGES_TO_SAX in tools/build/build.mjs (${what})`)
    return text.replace(what, by)
  }, sax)
}

const leftOut = {
  name: 'left-out',
  setup(build) {
    build.onResolve({ filter: /^debug$/ }, ({ path }) => ({ path, namespace: 'left-out' }))
    build.onLoad({ filter: /./, namespace: 'left-out' }, () => ({ contents: NO_DEBUG }))
    build.onLoad({ filter: /[/\\]sax[/\\]lib[/\\]sax\.js$/ }, ({ path }) => ({
      contents: changed(readFileSync(path, 'utf8')),
    }))
  },
}

/** @satisfies {import('esbuild').BuildOptions} */
const shared = /** @type {const} */ ({
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
})

/** In memory: a build that fails leaves the last one as it was. */
async function bundle(outdir, options) {
  // Not before it is needed: a script whose packages are missing must come as far as to say so.
  const { build } = await import('esbuild')
  return build({ ...shared, ...options, outdir, write: false, metafile: true })
}

/** Each file is whole at any time: a function that runs from here loads its drivers when they are used, and another build may come meanwhile. */
function write(outdir, builds) {
  mkdirSync(outdir, { recursive: true })
  for (const { outputFiles } of builds)
    for (const { path, contents } of outputFiles) {
      const draft = `${path}.${process.pid}`
      writeFileSync(draft, contents)
      renameSync(draft, path)
    }
}

/** What an earlier build made, and this one does not. */
function removeOthers(outdir, builds) {
  const ours = new Set([
    NOTICES_FILE,
    ...builds.flatMap(({ outputFiles }) => outputFiles.map(({ path }) => basename(path))),
  ])
  for (const name of readdirSync(outdir))
    if (!ours.has(name.replace(/\.\d+$/, ''))) rmSync(resolve(outdir, name), { recursive: true, force: true })
}

/** Builds what is deployed, the licences of others in it beside it; returns the path of its main file. `onMetafile` gets esbuild's account of what went in. */
export async function buildFunction({
  outdir = resolve(root, 'dist'),
  minify = true,
  onMetafile = (_metafile) => {},
} = {}) {
  const done = {}
  const builds = []
  /** @type {Record<string, string>} */
  let entryPoints = { index: resolve(src, 'index.ts') }
  while (Object.keys(entryPoints).length > 0) {
    Object.assign(done, entryPoints)
    const found = {}
    builds.push(
      await bundle(outdir, {
        minify,
        plugins: [chunks(found), leftOut],
        // import() of a chunk becomes require(): the loader of ES modules costs more than most chunks do.
        supported: { 'dynamic-import': false },
        entryPoints,
      }),
    )
    entryPoints = Object.fromEntries(Object.entries(found).filter(([name]) => !(name in done)))
  }
  write(outdir, builds)
  removeOthers(outdir, builds)
  const metafile = {
    inputs: Object.assign({}, ...builds.map(({ metafile: { inputs } }) => inputs)),
    outputs: Object.assign({}, ...builds.map(({ metafile: { outputs } }) => outputs)),
  }
  writeFileSync(resolve(outdir, NOTICES_FILE), thirdPartyNotices(metafile, root))
  onMetafile(metafile)
  return resolve(outdir, 'index.js')
}

/** Calls back after each change of what the function is made of, until what it returns is called. */
export async function watchFunction(onChange) {
  const { context } = await import('esbuild')
  let began = null
  const beginning = new Promise((resolve) => (began = resolve))
  // The first build is of what is there.
  const onEnd = () => {
    if (began === null) onChange()
    else began()
    began = null
  }
  const watching = await context({
    ...shared,
    entryPoints: [resolve(src, 'index.ts')],
    write: false,
    packages: 'external',
    logLevel: 'silent',
    plugins: [{ name: 'on-end', setup: (build) => build.onEnd(onEnd) }],
  })
  await watching.watch()
  await beginning
  return () => void watching.dispose()
}

/** Builds the local tools: npm start, npm run invoke and outbox, and the process in which they run the function. */
export async function buildLocalTools({ outdir = resolve(root, '.build') } = {}) {
  const entryPoints = LOCAL_TOOLS.map((name) => resolve(root, 'tools', `${name}.ts`))
  write(outdir, [await bundle(outdir, { entryPoints, entryNames: '[name]' })])
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
