import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'dotenv'
import { reasonOf } from '../../src/net/reason-of'

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
  const text = textOf(folder, name)
  return { name, values: parse(text), problems: lineProblems(name, text) }
}

/** Throws an Error where it is no text. */
function textOf(folder: string, name: string): string {
  let bytes: Buffer
  try {
    bytes = readFileSync(join(folder, name))
  } catch (error) {
    throw new Error(`${name} cannot be read: ${reasonOf(error)}`)
  }
  // As editors on Windows may save it: in UTF-16 every setting would be an unknown one.
  if (bytes.includes(0)) throw new Error(`${name} is no UTF-8 text: save it as UTF-8`)
  return bytes.toString('utf8')
}

/** What the environment has not comes from the file (what it has empty stays so); returns the names of what did. */
export function addFrom(file: DotenvFile, env: Record<string, string | undefined>): readonly string[] {
  const taken = Object.entries(file.values).filter(([name]) => env[name] === undefined)
  for (const [name, value] of taken) env[name] = value
  return taken.map(([name]) => name)
}

/** As dotenv takes a file apart: the name, and the value with its quotes; one in quotes may have several lines. */
const SETTING =
  /^\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?(\s*#)?/gm

function lineProblems(file: string, text: string): string[] {
  return [...text.matchAll(SETTING)].flatMap(([, name = '', value = '', comment]) => {
    const quote = /^\s*(["'`])[^]*\1\s*$/.exec(value)?.[1]
    return [
      ...(quote === undefined && comment === '#' && /\S$/.test(value)
        ? [`${name} in ${file}: the # and what follows would be cut off; put the value in quotes`]
        : []),
      ...(value.includes('\\$')
        ? [`${name} in ${file}: \\$ is taken as it stands, backslash and all; write $ alone`]
        : []),
      // A list may have its items on lines.
      ...(quote === '"' && /\\[nr]/.test(value) && name !== 'ALERT_URLS'
        ? [
            `${name} in ${file}: \\n and \\r between double quotes would become the end of a line; put the value in single quotes`,
          ]
        : []),
    ]
  })
}
