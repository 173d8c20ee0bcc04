import { execFile } from 'node:child_process'
import { copyFile, mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openPromise } from 'yauzl'
import { reasonOf } from '../../../src/net/reason-of'
import type { Serverless } from '../serverless'

export const LARGEST_PACKAGE = 512 * 1024

/** The function, and the licences that ask to come with it (tools/build/third-party-notices.mjs). */
const PACKED = /^(?:[\w.-]+\.js|THIRD-PARTY-NOTICES\.txt)$/

interface Packager {
  zipFiles: (files: readonly string[], name: string, prefix: string) => Promise<string>
}

/** Builds the function and packs what of dist/ is meant to go up; returns the zip's path. */
export async function packageFunction(serverless: Serverless): Promise<string> {
  const { serviceDir } = serverless
  await run(serviceDir, 'tools/build/build.mjs')
  const files = (await readdir(join(serviceDir, 'dist'))).filter((name) => PACKED.test(name))
  if (!files.includes('index.js'))
    throw new Error('The build left no dist/index.js: run `npm run build` and see what it says.')
  // serverless's own packer: the same files make the same zip, byte for byte.
  const packager = serverless.pluginManager.plugins.find(
    ({ constructor }) => constructor.name === 'Package',
  ) as Packager
  const zip = await packager.zipFiles(
    files.map((name) => join('dist', name)),
    `${serverless.service.service}.zip`,
    'dist',
  )
  await checkPackage(zip)
  return zip
}

/** Also a package from elsewhere (`--package`) is looked into before it goes up. Throws when there is more in it than the function. */
export async function checkPackage(zip: string): Promise<void> {
  const { size } = await stat(zip).catch((error: unknown) => {
    throw new Error(
      `${zip} cannot be read (${reasonOf(error)}): \`npx serverless package --package DIR\` makes it.`,
    )
  })
  if (size > LARGEST_PACKAGE)
    throw new Error(
      `${zip} has ${size} bytes; at most ${LARGEST_PACKAGE} are packed: see what grew in dist/.`,
    )
  const strange = (await namesIn(zip)).filter((name) => !PACKED.test(name))
  if (strange.length > 0)
    throw new Error(`${zip} has files that the function does not need: ${strange.join(', ')}`)
}

async function namesIn(zip: string): Promise<readonly string[]> {
  const names: string[] = []
  try {
    for await (const { fileName } of (await openPromise(zip)).eachEntry()) names.push(fileName)
  } catch (error) {
    throw new Error(`${zip} is no whole zip file (${(error as Error).message})`)
  }
  return names
}

export async function copyPackage(zip: string, folder: string, name: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await copyFile(zip, join(folder, name))
}

/** Runs a script of the project with this Node; throws with what it printed. */
export async function run(serviceDir: string, script: string, args: readonly string[] = []): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [join(serviceDir, script), ...args], {
      cwd: serviceDir,
      maxBuffer: 64 * 1024 * 1024,
    })
    return stdout
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`node ${script} ${args.join(' ')} failed:\n${`${stdout}\n${stderr}`.trim()}`)
  }
}
