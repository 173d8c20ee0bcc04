/**
 * A driver's URL, with only parameters that the driver knows. Throws an Error that says what is wrong, never the URL itself.
 *
 * `example` shows the URL's form: `redis://host:6379/0?stream=NAME`.
 */
export function driverUrl(text: string, example: string, parameters: readonly string[]): URL {
  // Not left to `new URL`: its error carries the whole text, credentials and all.
  if (!URL.canParse(text)) throw new Error(`not a URL of the form ${example}`)
  const url = new URL(text)
  checkParameters(url.searchParams, example, parameters)
  return url
}

/** Throws an Error that names the first parameter that is none of `known`. */
export function checkParameters(
  parameters: URLSearchParams,
  example: string,
  known: readonly string[],
): void {
  const stranger = [...parameters.keys()].find((name) => !known.includes(name))
  if (stranger === undefined) return
  const list = known.length === 0 ? 'it takes none' : `known: ${known.join(', ')}`
  throw new Error(`unknown parameter "${stranger}" (${list}); the form is ${example}`)
}

/** Undoes percent-encoding. Throws an Error that says which part is wrong, never what it is. */
export function decoded(part: string, name: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new Error(`the ${name} has a "%" that is not followed by two hexadecimal digits: write it as %25`)
  }
}
