import { secretsIn } from '../config'
import { isSecretName } from './command-line'

type Hide = (text: string) => string

/**
 * Replaces, in place, every text in a configuration by what `hide` makes of it: `serverless print` shows the whole of it. In a setting
 * that is known to hold secrets the shortest are hidden, too.
 */
export function hideSecretsIn(value: unknown, hide: Hide): void {
  if (typeof value !== 'object' || value === null) return
  const record = value as Record<string, unknown>
  for (const [name, inner] of Object.entries(record)) {
    if (typeof inner === 'string')
      record[name] = hide(isSecretName(name) ? withoutSecrets(name, inner) : inner)
    else hideSecretsIn(inner, hide)
  }
}

function withoutSecrets(name: string, value: string): string {
  const longestFirst = secretsIn({ [name]: value }).sort((a, b) => b.length - a.length)
  return longestFirst
    .reduce((text, secret) => text.replaceAll(secret, '\0'), value)
    .replaceAll(/\0+/g, '[redacted]')
}

/** From here on whatever this process prints goes through `hide`, whoever prints it: serverless, a plugin, an SDK that is debugged. */
export function hideInOutput(hide: Hide): void {
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (chunk: string, ...rest: unknown[]) => boolean
    stream.write = (chunk: string | Uint8Array, ...rest: unknown[]) =>
      write(hide(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()), ...rest)
  }
}
