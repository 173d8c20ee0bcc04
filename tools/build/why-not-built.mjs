import { relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(fileURLToPath(import.meta.url), '..', '..', '..')

/** What to tell the person who ran `command`, as a line; empty when esbuild has told already what is wrong with the sources, and where. */
export function whyNotBuilt(command, error) {
  if (Array.isArray(error.errors) && error.errors.length > 0) return ''
  return `${command}: ${sentence(error)}\n`
}

function sentence({ code, path, message }) {
  if (code === 'ERR_MODULE_NOT_FOUND') return 'the packages that it needs are not installed; run npm ci first'
  if (path === undefined) return message.split('\n', 1)[0]
  const shown = relative(root, path) || '.'
  if (['EACCES', 'EPERM', 'EROFS'].includes(code))
    return `${shown} of ${root} may not be written by you (${code}); give yourself the right to, or use a copy of the project`
  return `${shown} of ${root} cannot be written: ${message}`
}
