/** Shorter ones would blank out half of every line, and guard nothing. */
const SHORTEST_SECRET = 4

/** `text` without any of the secrets, whether it repeats them as they are, as JSON writes them, or as a URL does. */
export function blanked(text: string, secrets: readonly string[]): string {
  return blanking(secrets)(text)
}

/** `blanked` for many texts. */
export function blanking(secrets: readonly string[]): (text: string) => string {
  // The longer one first, so that none is left in part.
  const forms = formsOf(secrets).sort((a, b) => b.length - a.length)
  return (text) => forms.reduce((clean, form) => clean.replaceAll(form, '[redacted]'), text)
}

/** Each secret in every way in which a text may hold it. */
export function formsOf(secrets: readonly string[]): string[] {
  const long = secrets.filter((secret) => secret.length >= SHORTEST_SECRET)
  return [...new Set(long.flatMap((secret) => [secret, asInJson(secret), ...asInUrls(secret)]))]
}

export function asInJson(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

/** The hexadecimal digits may be written either way, and a blank in a query as `+`. */
function asInUrls(text: string): string[] {
  if (/^[\w.-]*$/.test(text)) return []
  const encoded = encodeURIComponent(text.toWellFormed())
  const inForms = encoded
    .replaceAll(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
  return [encoded, inForms, encoded.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())]
}
