import { watch } from 'node:fs'
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
      options.onFault(error instanceof Error ? error.message : String(error))
    }
  }
  const watcher = watch(BUILT.sources, { recursive: true }, () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      building = building.then(rebuild)
    }, QUIET_MS)
  })
  return {
    close: () => {
      clearTimeout(timer)
      watcher.close()
    },
  }
}
