import { createHash } from 'node:crypto'

export type Words = readonly (string | number)[]
export type RunCommand = (...words: Words) => Promise<unknown>
export type RunScript = (run: RunCommand, keys: readonly string[], args: Words) => Promise<unknown>

/** A Lua script that Redis runs as one atomic step. It is called by its digest, and sent whole only to a server that has not seen it. */
export function script(source: string): RunScript {
  const digest = createHash('sha1').update(source).digest('hex')
  return async (run, keys, args) => {
    try {
      return await run('EVALSHA', digest, keys.length, ...keys, ...args)
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'NOSCRIPT') throw error
      return run('EVAL', source, keys.length, ...keys, ...args)
    }
  }
}
