import { type Environment, secretsIn } from '../../../src/config/read-config'
import { redactor } from '../../../src/log'
import { isSecretName } from '../command-line'

type Hide = (text: string) => string

/** What is shorter is no secret wherever it stands, but only between the marks of a URL. */
const SHORTEST_WORD = 4

/** Hides what is secret in these settings, and whatever else is. Their URLs are known: in them the shortest secret is hidden, too. */
export function hiding(settings: Environment, secrets: readonly string[]): Hide {
  const urls = Object.entries(settings).flatMap(([name, value = '']) =>
    isSecretName(name)
      ? (/S$/.test(name) ? value.split(/\s+/) : [value]).map(
          (url) => [url, withoutSecrets(name, url)] as const,
        )
      : [],
  )
  const known = urls.filter(([url, shown]) => url !== shown).sort(([a], [b]) => b.length - a.length)
  const redact = redactor(secrets)
  return (text) => redact(known.reduce((rest, [url, shown]) => rest.replaceAll(url, () => shown), text))
}

/** Replaces, in place, every text in a configuration by what `hide` makes of it: `serverless print` shows the whole of it. */
export function hideSecretsIn(value: unknown, hide: Hide): void {
  if (typeof value !== 'object' || value === null) return
  const record = value as Record<string, unknown>
  for (const [name, inner] of Object.entries(record)) {
    if (typeof inner === 'string') record[name] = hide(inner)
    else hideSecretsIn(inner, hide)
  }
}

function withoutSecrets(name: string, url: string): string {
  const longestFirst = secretsIn({ [name]: url }).sort((a, b) => b.length - a.length)
  // A mark that no environment can hold, for a secret may be part of the word.
  return longestFirst
    .filter((secret) => /[^/?#&=]/.test(secret))
    .reduce((rest, secret) => rest.replaceAll(patternOf(secret), '\0'), url)
    .replaceAll(/\0+/g, '[redacted]')
}

function patternOf(secret: string): RegExp {
  const literal = secret.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  return new RegExp(
    secret.length < SHORTEST_WORD && !secret.startsWith('/')
      ? `(?<=[:/?&#=@])${literal}(?=$|[:/?&#@])`
      : literal,
    'g',
  )
}

/** From here on whatever this process prints goes through `hide`, whoever prints it: serverless, a plugin, an SDK that is debugged. */
export function hideInOutput(hide: Hide): void {
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (chunk: string, ...rest: unknown[]) => boolean
    stream.write = (chunk: string | Uint8Array, ...rest: unknown[]) =>
      write(hide(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()), ...rest)
  }
}
