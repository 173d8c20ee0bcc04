import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** The files below a folder, as absolute paths; none where there is no folder. */
export function filesBelow(path: string): string[] {
  if (!existsSync(path)) return []
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
