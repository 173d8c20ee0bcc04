/**
 * A driver's URL, with only parameters that the driver knows. Throws an Error that says what is wrong, never the URL itself.
 *
 * `example` shows the URL's form: `redis://host:6379/0?stream=NAME`.
 */
export function driverUrl(text: string, example: string, parameters: readonly string[]): URL {
  // Not left to `new URL`: its error carries the whole text, credentials and all.
  if (!URL.canParse(text)) throw new Error(`not a URL of the form ${example}`)
  const url = new URL(text)
  for (const name of url.searchParams.keys()) {
    if (parameters.includes(name)) continue
    const known = parameters.length === 0 ? 'it takes none' : `known: ${parameters.join(', ')}`
    throw new Error(`unknown parameter "${name}" (${known}); the form is ${example}`)
  }
  return url
}

/** Undoes percent-encoding. Throws an Error that says which part is wrong, never what it is. */
export function decoded(part: string, name: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new Error(`the ${name} has a "%" that is not followed by two hexadecimal digits: write it as %25`)
  }
}
