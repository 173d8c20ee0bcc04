// Builds the function and the local tools, then runs one of them in this very process, so that signals reach it: local.mjs NAME [arguments…]
import './node-version.cjs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildFunction, buildLocalTools } from './build.mjs'
import { whyNotBuilt } from './why-not-built.mjs'

const [name, ...args] = process.argv.slice(2)
try {
  // Both to their end: a process that goes while esbuild works leaves that to die in public.
  const builds = await Promise.allSettled([buildFunction(), buildLocalTools()])
  for (const build of builds) if (build.status === 'rejected') throw build.reason
  const { stop } = await import('esbuild')
  await stop()
} catch (error) {
  process.stderr.write(whyNotBuilt(name === 'start' ? 'npm start' : `npm run ${name}`, error))
  process.exit(1)
}

const tool = resolve(import.meta.dirname, '..', '.build', `${name}.js`)
process.argv = [process.argv[0], tool, ...args]
await import(pathToFileURL(tool).href)
