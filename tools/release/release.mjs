// Makes a release of what is committed: npm run release -- 0.2.0 [--dry-run]
//
// The version in package.json and its lock, the day in CHANGELOG.md, the function's zip with its checksum below release/, a commit and a tag whose message
// is the version's section. Pushes nothing: the last lines say how.
import '../cli/node-version.cjs'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..', '..')
const changelog = join(root, 'CHANGELOG.md')
const run = (command, ...args) => execFileSync(command, args, { cwd: root, encoding: 'utf8' }).trim()

async function main() {
  const { program } = await import('commander')
  program
    .name('release')
    .usage('(as npm run release -- VERSION)')
    .description(
      'Makes a release of what is committed: versions, CHANGELOG.md, zip and checksum, commit and tag. Pushes nothing.',
    )
    .argument('<VERSION>', 'a version of its own in CHANGELOG.md, as in ## [0.2.0] - Unreleased')
    .option('--dry-run', 'check all of it, and change nothing')
    .helpOption('--help', 'show this')
    .parse()
  const [version] = program.args
  const section = sectionOf(version)
  mustBeReady(version)
  if (program.opts().dryRun) return console.log(`${version} can be released:\n\n${section}`)

  try {
    makeRelease(version, section)
  } catch (error) {
    run('git', 'checkout', 'HEAD', '--', 'package.json', 'package-lock.json', 'CHANGELOG.md')
    throw new Error(`${error.message}\nNothing is released, and all is as it was.`, { cause: error })
  }
}

function makeRelease(version, section) {
  run('npm', 'version', version, '--no-git-tag-version', '--allow-same-version')
  const heading = `## [${version}] - `
  const day = new Date().toISOString().slice(0, 10)
  const text = readFileSync(changelog, 'utf8')
  writeFileSync(changelog, text.replace(`${heading}Unreleased`, `${heading}${day}`))
  const { zip, checksum } = makeZip(version)
  run('git', 'commit', '-qam', `Release ${version}`)
  try {
    run('git', 'tag', '-a', '--cleanup=verbatim', `v${version}`, '-m', `${version}\n\n${section}`)
  } catch (error) {
    run('git', 'reset', '-q', '--soft', 'HEAD~1')
    throw error
  }
  console.log(`Released ${version}: commit and tag v${version}.
  ${zip}
  ${checksum}
Next: git push --follow-tags, and put both files beside the tag.`)
}

function sectionOf(version) {
  if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) throw new Error(`${version} is no version, as 0.2.0 is one`)
  const sections = readFileSync(changelog, 'utf8').split(/^## /m)
  const own = sections.find((one) => one.startsWith(`[${version}] - Unreleased\n`))
  if (own === undefined)
    throw new Error(`CHANGELOG.md has no section "## [${version}] - Unreleased": write it first`)
  return own.slice(own.indexOf('\n')).trim()
}

function mustBeReady(version) {
  const changed = run('git', 'status', '--porcelain')
  if (changed !== '') throw new Error(`there are changes that are not committed:\n${changed}`)
  if (run('git', 'tag', '--list', `v${version}`) !== '') throw new Error(`there is a tag v${version} already`)
}

/** The same sources make the same zip, byte for byte. */
function makeZip(version) {
  const folder = join(root, 'release')
  mkdirSync(folder, { recursive: true })
  run('npx', 'serverless', 'package', '--package', folder)
  const name = `cos-callback-relay-${version}.zip`
  renameSync(join(folder, 'cos-callback-relay.zip'), join(folder, name))
  const hash = createHash('sha256')
    .update(readFileSync(join(folder, name)))
    .digest('hex')
  // As sha256sum -c reads it.
  writeFileSync(join(folder, `${name}.sha256`), `${hash}  ${name}\n`)
  return { zip: join('release', name), checksum: join('release', `${name}.sha256`) }
}

await main().catch((error) => {
  process.stderr.write(`npm run release: ${error.message}\n`)
  process.exitCode = 1
})
