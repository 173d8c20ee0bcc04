/** Reading and changing single elements of XML in place: what is not changed stays as it was sent, byte for byte. */

/** The inside of the first element of that name; null when there is none. */
export function inside(xml: string, name: string): string | null {
  const found = spanOf(xml, name)
  return found === null ? null : xml.slice(found.start, found.end)
}

/** The text of an element without children, unescaped; '' when there is none. */
export function textIn(xml: string, name: string): string {
  return (inside(xml, name) ?? '')
    .trim()
    .replace(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => ENTITIES[entity] ?? '')
}

/** `xml` with the inside of the first element of that name replaced; added at the end when there is none. */
export function withInside(xml: string, name: string, content: string): string {
  const found = spanOf(xml, name)
  if (found === null) return `${xml}<${name}>${content}</${name}>`
  return `${xml.slice(0, found.open)}<${name}>${content}</${name}>${xml.slice(found.close)}`
}

export function escaped(text: string): string {
  return text.replace(/[<>&"']/g, (char) => `&${ESCAPES[char] ?? ''};`)
}

const ESCAPES: Readonly<Record<string, string>> = {
  '<': 'lt',
  '>': 'gt',
  '&': 'amp',
  '"': 'quot',
  "'": 'apos',
}
const ENTITIES = Object.fromEntries(Object.entries(ESCAPES).map(([char, entity]) => [entity, char]))

interface Span {
  /** Of the whole element. */
  readonly open: number
  readonly close: number
  /** Of its inside. */
  readonly start: number
  readonly end: number
}

/** CI's elements have no attributes; one may lie in another of the same name. */
function spanOf(xml: string, name: string): Span | null {
  const tags = new RegExp(`<(/?)${name}\\s*(/?)>`, 'g')
  let depth = 0
  let first: RegExpExecArray | null = null
  for (const tag of xml.matchAll(tags)) {
    const [whole, closing, empty] = tag
    if (first === null) {
      if (empty) return { open: tag.index, close: tag.index + whole.length, start: tag.index, end: tag.index }
      first = tag
    } else if (!closing && !empty) depth++
    else if (closing && depth-- === 0) {
      const start = first.index + first[0].length
      return { open: first.index, close: tag.index + whole.length, start, end: tag.index }
    }
  }
  return null
}

/** The insides of all elements of that name, but for those that lie in one of them. */
export function allInside(xml: string, name: string): readonly string[] {
  const found: string[] = []
  for (let rest = xml; ;) {
    const span = spanOf(rest, name)
    if (span === null) return found
    found.push(rest.slice(span.start, span.end))
    rest = rest.slice(span.close)
  }
}
