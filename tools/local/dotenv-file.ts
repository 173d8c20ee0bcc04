import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'dotenv'

/** Settings in a file beside package.json: `.env.<stage>`, else `.env`. Every tool reads it so. */
export interface DotenvFile {
  readonly name: string
  readonly values: Readonly<Record<string, string>>
  /** Lines that would mean something else than they seem to; no value is in them. */
  readonly problems: readonly string[]
}

/** Null: there is none. Values stand as they are written: nothing is put in the place of a `$`. */
export function readDotenv(folder: string, stage: string): DotenvFile | null {
  const name = [`.env.${stage}`, '.env'].find((one) => existsSync(join(folder, one)))
  if (name === undefined) return null
  const text = readFileSync(join(folder, name), 'utf8')
  return { name, values: parse(text), problems: lineProblems(name, text) }
}

/** What the environment has not, or has empty, comes from the file; resolves to the names of what did. */
export function addFrom(file: DotenvFile, env: Record<string, string | undefined>): readonly string[] {
  const taken = Object.entries(file.values).filter(([name]) => env[name] === undefined)
  for (const [name, value] of taken) env[name] = value
  return taken.map(([name]) => name)
}

function lineProblems(file: string, text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [, name, value = ''] = /^\s*(?:export\s+)?([A-Z][A-Z0-9_]*)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? []
    if (name === undefined) return []
    const isQuoted = /^(["'`]).*\1/.test(value)
    return [
      ...(!isQuoted && /\S#/.test(value)
        ? [`${name} in ${file}: the # and what follows would be cut off; put the value in quotes`]
        : []),
      ...(/\\\$/.test(value)
        ? [`${name} in ${file}: \\$ is taken as it stands, backslash and all; write $ alone`]
        : []),
    ]
  })
}
