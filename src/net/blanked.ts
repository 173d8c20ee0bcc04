/** Shorter ones would blank out half of every line, and guard nothing. */
const SHORTEST_SECRET = 4
/** Of a secret that was cut off, so much gives it away. */
const BEGINNING = 20
const BLANK = '[redacted]'

/** `text` without any of the secrets, whether it repeats them as they are, as JSON writes them, or as a URL does. */
export function blanked(text: string, secrets: readonly string[]): string {
  return blanking(secrets)(text)
}

/** `blanked` for many texts. */
export function blanking(secrets: readonly string[]): (text: string) => string {
  // The longer one first, so that none is left in part; and each as a whole before what is left of those that were cut.
  const forms = formsOf(secrets).sort((a, b) => b.length - a.length)
  const byBeginning = new Map<string, string[]>()
  for (const form of forms.filter(({ length }) => length > BEGINNING)) {
    const same = byBeginning.get(beginningOf(form))
    if (same === undefined) byBeginning.set(beginningOf(form), [form])
    else same.push(form)
  }
  return (text) => {
    let clean = forms.reduce((rest, form) => rest.replaceAll(form, BLANK), text)
    for (const [begin, same] of byBeginning) clean = withoutBeginnings(clean, begin, same)
    return clean
  }
}

/** What a text must hold if it holds this secret, or a good part of it. */
export function beginningOf(form: string): string {
  return form.slice(0, BEGINNING)
}

/** `text` without what is left of one of the `forms`, all of which begin like that. */
function withoutBeginnings(text: string, begin: string, forms: readonly string[]): string {
  let clean = ''
  let from = 0
  for (let at = text.indexOf(begin); at !== -1; at = text.indexOf(begin, from)) {
    clean += text.slice(from, at) + BLANK
    from = at + Math.max(...forms.map((form) => lengthInCommon(text, at, form)))
  }
  return clean + text.slice(from)
}

function lengthInCommon(text: string, at: number, form: string): number {
  let length = 0
  while (length < form.length && text[at + length] === form[length]) length += 1
  return length
}

/** Each secret in every way in which a text may hold it. */
export function formsOf(secrets: readonly string[]): string[] {
  const long = secrets.filter((secret) => secret.length >= SHORTEST_SECRET)
  return [
    ...new Set(
      long.flatMap((secret) => [
        secret,
        secret.replaceAll(/[\r\n]/g, ' '),
        asInJson(secret),
        ...asInUrls(secret),
      ]),
    ),
  ]
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
