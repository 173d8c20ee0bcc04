import { accessSync, constants, existsSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import type { Environment } from '../../src/config/read-config'
import { filePathOf } from '../../src/files/line-file'
import { targetsOf } from './local-environment'

/** Throws an Error that names the variable and the path when what a `file:` URL names may not be written, or made, by this user. */
export function checkTargetsWritable(env: Environment): void {
  for (const { variable, url } of targetsOf(env)) {
    const path = pathIn(url)
    if (path !== null) checkWritable(variable, path)
  }
}

/** null: no `file:` URL, or one that its driver will find fault with. */
function pathIn(url: string): string | null {
  if (!/^file:/i.test(url)) return null
  try {
    return filePathOf(url, 'path')
  } catch {
    return null
  }
}

function checkWritable(variable: string, path: string): void {
  let nearest = path
  while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest)
  try {
    accessSync(nearest, constants.W_OK)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    const shown = relative(process.cwd(), nearest) || '.'
    throw new Error(
      `${variable}: ${shown} may not be written by you (${code}); give yourself the right to, or name another place`,
    )
  }
}
