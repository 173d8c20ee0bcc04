import { hash, timingSafeEqual } from 'node:crypto'

/**
 * Whether any of the secrets that a request offers is one of the tokens. Takes the same time whichever it is and however much of it is
 * right: digests are compared, so lengths do not show either.
 */
export function authenticator(tokens: readonly string[]): (offered: readonly string[]) => boolean {
  const known = tokens.map(digest)
  return (offered) =>
    offered
      .map(digest)
      .flatMap((given) => known.map((token) => timingSafeEqual(given, token)))
      .some((equal) => equal)
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

/** Where the secret may stand in a URL: the last segment of the path, or the parameter `token`. */
export function offeredSecrets(
  path: string,
  query: readonly (readonly [name: string, value: string])[],
): readonly string[] {
  const segment = path.slice(path.lastIndexOf('/') + 1)
  return [segment, ...query.filter(([name]) => name === 'token').map(([, value]) => value)]
}
