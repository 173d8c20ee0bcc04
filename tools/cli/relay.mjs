// The tools of this project: relay start | invoke | outbox | bench. Builds the function and what runs it, then runs in this very process, so that signals reach it.
import './node-version.cjs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const [name] = process.argv.slice(2)
if (name === 'bench') {
  process.argv.splice(2, 1)
  await import('../bench/bench.mjs')
} else {
  await build(name === 'start' ? 'npm start' : `npm run ${name}`)
  await import(pathToFileURL(resolve(import.meta.dirname, '..', '..', '.build', 'relay.js')).href)
}

async function build(command) {
  const { buildFunction, buildLocalTools } = await import('../build/build.mjs')
  try {
    // Both to their end: a process that goes while esbuild works leaves that to die in public.
    const builds = await Promise.allSettled([buildFunction(), buildLocalTools()])
    for (const build of builds) if (build.status === 'rejected') throw build.reason
    const { stop } = await import('esbuild')
    await stop()
  } catch (error) {
    const { whyNotBuilt } = await import('../build/why-not-built.mjs')
    process.stderr.write(whyNotBuilt(command, error))
    process.exit(1)
  }
}
