import { type FSWatcher, readdirSync, watch } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { BUILT } from './built-files'

/** An editor saves in several steps. */
const QUIET_MS = 100

/** Builds the function again after each change of its sources, then calls `onBuilt`; a build that fails changes nothing and is reported. */
export async function rebuildOnChange(options: {
  readonly onBuilt: () => Promise<void>
  readonly onFault: (message: string) => void
}): Promise<{ readonly close: () => void }> {
  const { buildFunction } = (await import(pathToFileURL(BUILT.buildScript).href)) as {
    buildFunction: () => Promise<unknown>
  }
  let timer: NodeJS.Timeout | undefined
  let building: Promise<void> = Promise.resolve()

  const rebuild = async (): Promise<void> => {
    try {
      await buildFunction()
      await options.onBuilt()
    } catch (error) {
      options.onFault(faultOf(error))
    }
  }
  const watchers = new Map<string, FSWatcher>()
  // Folder by folder: a recursive watch loses sight of a file that an editor replaces.
  const watchFolders = (): void => {
    for (const folder of foldersIn(BUILT.sources)) {
      if (!watchers.has(folder))
        watchers.set(
          folder,
          watch(folder, onChange).on('error', () => {}),
        )
    }
  }
  const onChange = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      watchFolders()
      building = building.then(rebuild)
    }, QUIET_MS)
  }
  watchFolders()
  return {
    close: () => {
      clearTimeout(timer)
      watchers.forEach((watcher) => watcher.close())
    },
  }
}

function foldersIn(folder: string): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return [folder, ...entries.flatMap(({ name }) => foldersIn(join(folder, name)))]
}

/** esbuild has shown its own errors by now. */
function faultOf(error: unknown): string {
  if (error instanceof Error) return 'errors' in error ? 'the build failed' : error.message
  return String(error)
}
