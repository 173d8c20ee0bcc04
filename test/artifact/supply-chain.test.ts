import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { temporaryFolder } from '../support/temporary-folder'

// What ships, and what an install brings: licences, hashes, and nothing that runs by itself.

interface Locked {
  readonly version?: string
  readonly integrity?: string
  readonly resolved?: string
  readonly dev?: boolean
  readonly link?: boolean
}

const root = resolve(__dirname, '..', '..')
const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8')
const { packages: locked } = JSON.parse(lockText) as { packages: Record<string, Locked> }
const built = dirname(process.env['RELAY_BUNDLE'] ?? '')

/** The folders of the packages whose code is in the bundle, by esbuild's own account: `node_modules/xml2js`. */
function bundledPackages(): readonly string[] {
  const script = (name: string): string =>
    JSON.stringify(pathToFileURL(join(root, 'tools', 'build', `${name}.mjs`)).href)
  const outdir = temporaryFolder()
  const code = `
    const { buildFunction } = await import(${script('build')})
    const { packageFolders } = await import(${script('third-party-notices')})
    await buildFunction({
      outdir: ${JSON.stringify(outdir.path)},
      onMetafile: (metafile) => console.log(JSON.stringify(packageFolders(metafile))),
    })`
  try {
    return JSON.parse(
      execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' }),
    )
  } finally {
    outdir.remove()
  }
}

/** As the lockfile calls it, whatever link the folder was reached by. */
const nameInLock = (folder: string): string => folder.slice(folder.indexOf('node_modules/'))

describe('the bundle', () => {
  const folders = bundledPackages()

  test('holds production packages alone', () => {
    expect(folders.map(nameInLock)).toEqual(
      expect.arrayContaining(['node_modules/xml2js', 'node_modules/iovalkey']),
    )
    const others = folders.map(nameInLock).filter((name) => locked[name] === undefined || locked[name].dev)
    expect(others).toEqual([])
  })

  test('comes with the name, version, licence and licence text of each of them', () => {
    const notices = readFileSync(join(built, 'THIRD-PARTY-NOTICES.txt'), 'utf8')
    const titles = notices.match(/^\S+ \d+\.\d+\.\d+\S* \(.+\)$/gm)
    const wanted = folders.map((folder) => {
      const { name, version, license } = JSON.parse(
        readFileSync(resolve(root, folder, 'package.json'), 'utf8'),
      )
      const file = readdirSync(resolve(root, folder)).find((one) => /^licen[cs]e/i.test(one))
      expect(notices).toContain(readFileSync(resolve(root, folder, file!), 'utf8').trim())
      return `${name} ${version} (${license})`
    })
    expect(titles).toEqual(wanted.sort())
  })

  test('a package that says nothing of its licence cannot be bundled', () => {
    const folder = temporaryFolder()
    const silent = join(folder.path, 'node_modules', 'silent')
    mkdirSync(silent, { recursive: true })
    writeFileSync(
      join(silent, 'package.json'),
      JSON.stringify({ name: 'silent', version: '1.2.3', license: 'MIT' }),
    )
    const script = pathToFileURL(join(root, 'tools', 'build', 'third-party-notices.mjs')).href
    const code = `
      const { thirdPartyNotices } = await import(${JSON.stringify(script)})
      try {
        thirdPartyNotices({ inputs: { 'node_modules/silent/lib/index.js': {} } }, process.cwd())
      } catch ({ message }) {
        console.log(message)
      }`
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: folder.path,
      encoding: 'utf8',
    })
    folder.remove()
    expect(said).toBe('silent 1.2.3: no licence to ship with it; do not bundle it\n')
  })
})

describe('an install', () => {
  test('has a hash for each package, and no registry for any', () => {
    const entries = Object.entries(locked).filter(
      ([path, { link }]) => path.includes('node_modules/') && !link,
    )
    expect(entries.length).toBeGreaterThan(1000)
    expect(
      entries.filter(([, { integrity }]) => !/^sha512-.{88}$/.test(integrity ?? '')).map(([path]) => path),
    ).toEqual([])
    expect(entries.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([])
    expect(lockText).not.toMatch(/https?:\/\/[^"]*\.tgz/)
  })

  test('runs no script of a package', () => {
    const folder = temporaryFolder()
    const wanton = join(folder.path, 'wanton')
    mkdirSync(wanton)
    const install = `node -e "require('fs').writeFileSync('ran', '')"`
    writeFileSync(
      join(wanton, 'package.json'),
      JSON.stringify({ name: 'wanton', version: '1.0.0', scripts: { install, postinstall: install } }),
    )
    writeFileSync(
      join(folder.path, 'package.json'),
      JSON.stringify({ name: 'clone', version: '1.0.0', dependencies: { wanton: 'file:wanton' } }),
    )
    copyFileSync(join(root, '.npmrc'), join(folder.path, '.npmrc'))
    execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund'], {
      cwd: folder.path,
      stdio: 'pipe',
    })
    expect(existsSync(join(folder.path, 'node_modules', 'wanton', 'package.json'))).toBe(true)
    expect(existsSync(join(wanton, 'ran'))).toBe(false)
    folder.remove()
  })
})
