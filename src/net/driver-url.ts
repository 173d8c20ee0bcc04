/** What usually is wrong with a URL that cannot be read; to be said instead of any part of it, for that part may be the password. */
export const PERCENT_ENCODE =
  'percent-encode what is special in a user name or password: % ? # & @ / are written %25 %3F %23 %26 %40 %2F'

/**
 * A driver's URL, with only parameters that the driver knows. Throws an Error that says what is wrong, and repeats no part of the URL: what
 * could not be read may be half a password.
 *
 * `example` shows the URL's form: `redis://host:6379/0?stream=NAME`.
 */
export function driverUrl(text: string, example: string, parameters: readonly string[]): URL {
  // Not left to `new URL`: its error carries the whole text, credentials and all.
  if (!URL.canParse(text)) throw new Error(`not a URL of the form ${example}; ${PERCENT_ENCODE}`)
  const url = new URL(text)
  // A "?", "#" or "/" in a password ends the host there, and leaves its "@" behind.
  if (url.hash !== '' || `${url.pathname}${url.search}`.includes('@'))
    throw new Error(`a "#" or "@" stands where none can: ${PERCENT_ENCODE}; the form is ${example}`)
  checkParameters(url.searchParams, example, parameters)
  return url
}

/** Throws an Error when a parameter is none of `known`. It names the parameter only when that is surely a misspelt one. */
export function checkParameters(
  parameters: URLSearchParams,
  example: string,
  known: readonly string[],
): void {
  const stranger = [...parameters.keys()].find((name) => !known.includes(name))
  if (stranger === undefined) return
  const list = known.length === 0 ? 'it takes none' : `known: ${known.join(', ')}`
  const meant = misspelt(stranger, known)
  throw new Error(
    meant === null
      ? `unknown parameter (${list}); the form is ${example}; ${PERCENT_ENCODE}`
      : `unknown parameter "${stranger}": did you mean ${meant}? (${list})`,
  )
}

/** Letters that may be wrong, missing or too many. */
const MOST_WRONG = 2

/** Which of the known names a word was meant to be; null when it is none that was misspelt, and so may be a secret. */
export function misspelt(word: string, known: readonly string[]): string | null {
  if (!/^[a-z]{3,20}$/i.test(word)) return null
  const wrong = (name: string): number => lettersWrong(word.toLowerCase(), name.toLowerCase())
  return known.find((name) => name.length > MOST_WRONG + 1 && wrong(name) <= MOST_WRONG) ?? null
}

/** Levenshtein's distance. */
function lettersWrong(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 0; i < a.length; i += 1) {
    row = row.reduce<number[]>((next, above, j) => {
      const beside = next[j - 1]
      if (beside === undefined) return [i + 1]
      const aslant = row[j - 1] ?? 0
      return [...next, Math.min(above + 1, beside + 1, aslant + (a[i] === b[j - 1] ? 0 : 1))]
    }, [])
  }
  return row.at(-1) ?? 0
}

/** Undoes percent-encoding. Throws an Error that says which part is wrong, never what it is. */
export function decoded(part: string, name: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new Error(`the ${name} has a "%" that is not followed by two hexadecimal digits: write it as %25`)
  }
}
