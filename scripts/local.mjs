// Builds the function and the local tools, then runs one of them in this very process, so that signals reach it: local.mjs NAME [arguments…]
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { stop } from 'esbuild'
import { buildFunction, buildLocalTools } from './build.mjs'

const [name, ...args] = process.argv.slice(2)
try {
  await Promise.all([buildFunction(), buildLocalTools()])
} catch {
  // esbuild has said what is wrong, and where.
  process.exit(1)
}
await stop()

const tool = resolve(import.meta.dirname, '..', '.build', `${name}.js`)
process.argv = [process.argv[0], tool, ...args]
await import(pathToFileURL(tool).href)
