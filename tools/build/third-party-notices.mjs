// What the licences of the packages in a bundle ask for: their names, and the texts of their licences.
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const NOTICES_FILE = 'THIRD-PARTY-NOTICES.txt'

const PACKAGE = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/
const LICENCE_FILE = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i

/** The folders of the packages that esbuild put into a bundle, as its metafile names its files. */
export function packageFolders(metafile) {
  const folders = Object.keys(metafile.inputs).map((path) => PACKAGE.exec(path)?.[0])
  return [...new Set(folders)].filter((folder) => folder !== undefined)
}

/** One text for all packages of a bundle; the same bundle has the same. Throws when a package says nothing of its licence. */
export function thirdPartyNotices(metafile, root) {
  const notices = packageFolders(metafile).map((folder) => noticeOf(resolve(root, folder)))
  return [
    'The code of these packages is part of this one, under their own licences.\n',
    ...notices.sort(),
  ].join('\n\n')
}

function noticeOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const files = readdirSync(folder).filter((file) => LICENCE_FILE.test(file))
  if (typeof license !== 'string' || files.length === 0)
    throw new Error(`${name} ${version}: no licence to ship with it; do not bundle it`)
  const title = `${name} ${version} (${license})`
  const texts = files.sort().map((file) => readFileSync(join(folder, file), 'utf8').trim())
  return [title, '='.repeat(title.length), ...texts].join('\n\n') + '\n'
}
