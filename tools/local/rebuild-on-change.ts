import { pathToFileURL } from 'node:url'
import { BUILT } from './built-files'

interface BuildScript {
  readonly buildFunction: () => Promise<unknown>
  readonly watchFunction: (onChange: () => void) => Promise<() => void>
}

/** Builds the function again after each change of its sources, then calls `onBuilt`; a build that fails changes nothing and is reported. */
export async function rebuildOnChange(options: {
  readonly onBuilt: () => Promise<void>
  readonly onFault: (message: string) => void
}): Promise<{ readonly close: () => void }> {
  const script = (await import(pathToFileURL(BUILT.buildScript).href)) as BuildScript
  let building: Promise<void> = Promise.resolve()

  const rebuild = async (): Promise<void> => {
    try {
      await script.buildFunction()
      await options.onBuilt()
    } catch (error) {
      options.onFault(faultOf(error))
    }
  }
  const close = await script.watchFunction(() => {
    building = building.then(rebuild)
  })
  return { close }
}

/** esbuild has shown its own errors by now. */
function faultOf(error: unknown): string {
  if (error instanceof Error) return 'errors' in error ? 'the build failed' : error.message
  return String(error)
}
