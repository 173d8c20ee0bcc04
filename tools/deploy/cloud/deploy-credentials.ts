import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'ini'
import type { Credentials } from '../../../src/tencent/credentials'

type Environment = Readonly<Record<string, string | undefined>>

const FILE_HINT = 'an INI file with [default], tencent_secret_id and tencent_secret_key'

/**
 * Who deploys: TENCENT_SECRET_ID and TENCENT_SECRET_KEY (with TENCENT_TOKEN for temporary keys), else the INI file.
 * Throws an Error that says what to set; there is no login in a browser to fall back on.
 */
export function deployCredentials(env: Environment, file: string): Credentials {
  const id = env['TENCENT_SECRET_ID']?.trim()
  const key = env['TENCENT_SECRET_KEY']?.trim()
  if (id && key) {
    mustLookLikeKeys('TENCENT_SECRET_ID', id, 'TENCENT_SECRET_KEY', key)
    return { secretId: id, secretKey: key, sessionToken: env['TENCENT_TOKEN']?.trim() || null }
  }
  if (id || key) {
    throw new Error(
      `${id ? 'TENCENT_SECRET_ID' : 'TENCENT_SECRET_KEY'} is set but ${id ? 'TENCENT_SECRET_KEY' : 'TENCENT_SECRET_ID'} is not: set both.`,
    )
  }
  const text = readIfThere(file.replace(/^~(?=\/|$)/, homedir()))
  if (text === null) {
    const others = env['TENCENTCLOUD_SECRET_ID']
      ? ' TENCENTCLOUD_SECRET_ID, which other tools take, is not read here.'
      : ''
    throw new Error(
      `No Tencent Cloud credentials: set TENCENT_SECRET_ID and TENCENT_SECRET_KEY (console: Access Management > API Keys), or make ${file}, ${FILE_HINT}.${others}`,
    )
  }
  const values = defaultSection(text)
  const secretId = values.get('tencent_secret_id')
  const secretKey = values.get('tencent_secret_key')
  if (!secretId || !secretKey) throw new Error(`${file} is not ${FILE_HINT}.`)
  mustLookLikeKeys(`tencent_secret_id in ${file}`, secretId, `tencent_secret_key in ${file}`, secretKey)
  return { secretId, secretKey, sessionToken: values.get('tencent_token') || null }
}

/** A placeholder that nobody has replaced would end as a refusal of the cloud, if not as a fault of the network. Says no value. */
function mustLookLikeKeys(idName: string, id: string, keyName: string, key: string): void {
  if (!/^AKID[\w-]{8,}$/.test(id))
    throw new Error(
      `${idName} is no API key's id: it begins with AKID, and letters and digits follow (console: Access Management > API Keys).`,
    )
  if (!/^[\w+/=-]{12,}$/.test(key))
    throw new Error(
      `${keyName} is no API key's secret: it has some 32 letters and digits (console: Access Management > API Keys).`,
    )
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(join(path), 'utf8')
  } catch {
    return null
  }
}

/** The values of `[default]`; what has no text as its value is none. */
function defaultSection(text: string): ReadonlyMap<string, string> {
  const section: unknown = parse(text)['default']
  const pairs = Object.entries(typeof section === 'object' && section !== null ? section : {})
  return new Map(pairs.filter((pair): pair is [string, string] => typeof pair[1] === 'string'))
}
