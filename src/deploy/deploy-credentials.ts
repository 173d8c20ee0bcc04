import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Credentials } from '../tencent/credentials'

type Environment = Readonly<Record<string, string | undefined>>

const FILE_HINT = 'an INI file with [default], tencent_secret_id and tencent_secret_key'

/**
 * Who deploys: TENCENT_SECRET_ID and TENCENT_SECRET_KEY (with TENCENT_TOKEN for temporary keys), else the INI file.
 * Throws an Error that says what to set; there is no login in a browser to fall back on.
 */
export function deployCredentials(env: Environment, file: string): Credentials {
  const id = env['TENCENT_SECRET_ID']?.trim()
  const key = env['TENCENT_SECRET_KEY']?.trim()
  if (id && key) return { secretId: id, secretKey: key, sessionToken: env['TENCENT_TOKEN']?.trim() || null }
  if (id || key) {
    throw new Error(
      `${id ? 'TENCENT_SECRET_ID' : 'TENCENT_SECRET_KEY'} is set but ${id ? 'TENCENT_SECRET_KEY' : 'TENCENT_SECRET_ID'} is not: set both.`,
    )
  }
  const text = readIfThere(file.replace(/^~(?=\/|$)/, homedir()))
  if (text === null) {
    throw new Error(
      `No Tencent Cloud credentials: set TENCENT_SECRET_ID and TENCENT_SECRET_KEY (console: Access Management > API Keys), or make ${file}, ${FILE_HINT}.`,
    )
  }
  const values = defaultSection(text)
  const secretId = values.get('tencent_secret_id')
  const secretKey = values.get('tencent_secret_key')
  if (!secretId || !secretKey) throw new Error(`${file} is not ${FILE_HINT}.`)
  return { secretId, secretKey, sessionToken: values.get('tencent_token') || null }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(join(path), 'utf8')
  } catch {
    return null
  }
}

function defaultSection(text: string): Map<string, string> {
  const values = new Map<string, string>()
  let section = ''
  for (const line of text.split(/\r?\n/)) {
    const heading = /^\s*\[(.+?)\]\s*$/.exec(line)
    if (heading) section = String(heading[1])
    const pair = /^\s*([\w.-]+)\s*=\s*(.*?)\s*$/.exec(line)
    if (pair && section === 'default') values.set(String(pair[1]), String(pair[2]).replace(/^"(.*)"$/, '$1'))
  }
  return values
}
