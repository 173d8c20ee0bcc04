import { UnreadableCallback, type UnreadableCode } from './unreadable-callback'

/** What may be held at a time: a document less its jobs, or one of these. The longest body holds 13,000 tasks with all their fields in fewer elements. */
export const MOST_ELEMENTS = 250_000
/** Of all jobs that are read one after the other: the longest body holds 50,000 with what they cannot do without in fewer. */
export const MOST_IN_JOBS = 500_000
/** Of all elements together: callbacks have none but, at most, namespaces. */
export const MOST_ATTRIBUTES = 1_000
const DEEPEST = 64
const LONGEST_NAME = 256
/** What is longer, its name may be too long, is looked at piece by piece. */
const LONGEST_LEAF = 2 * LONGEST_NAME

/** Takes one root element piece by piece, each as soon as it is known to be well-formed. */
export interface RootReader {
  /** Tags without attributes, text and references: nothing else. */
  markup(piece: string): void
  /** What a CDATA section holds. */
  cdata(text: string): void
}

/** Told where each job begins and ends that is read by itself: a `JobsDetail` in the `Response`. */
export type JobAt = (begin: number, end: number) => void

/** A piece is put together of so many parts at most: each takes room of its own. */
const MOST_PARTS = 250
/** After so many references a piece ends: the parser puts a text together reference by reference. */
const REFERENCES_A_PIECE = 1_000

const NAME_START =
  ':A-Z_a-z\\xC0-\\xD6\\xD8-\\xF6\\xF8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u200C\\u200D\\u2070-\\u218F\\u2C00-\\u2FEF\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD'
/** Production 5, less what lies beyond U+FFFF, which no parser of this family takes. */
const NAME = `[${NAME_START}][${NAME_START}\\-.0-9\\xB7\\u0300-\\u036F\\u203F\\u2040]*`
const S = '[\\t\\n\\r ]'

const NAME_HERE = new RegExp(NAME, 'y')
/** The same, at once, of nearly every name there is. */
const ASCII_NAME = /[A-Za-z_][A-Za-z_0-9]*(?=[>/\t\n\r ])/y
/** An element that holds plain text: most of a callback, recognised at one go. */
const LEAF = new RegExp(`<([A-Za-z_][A-Za-z_0-9]*)>[^<&\\]]*</\\1>`, 'y')
const ATTRIBUTE = new RegExp(`${S}+(${NAME})${S}*=${S}*(?:"[^<"]*"|'[^<']*')`, 'y')
const REFERENCE = /&(?:amp|lt|gt|quot|apos|#([0-9]{1,32})|#x([0-9A-Fa-f]{1,32}));/y
const DECLARATION = new RegExp(
  `<\\?xml${S}+version${S}*=${S}*(?:"1\\.[0-9]+"|'1\\.[0-9]+')` +
    `(?:${S}+encoding${S}*=${S}*(?:"[A-Za-z][\\w.-]*"|'[A-Za-z][\\w.-]*'))?` +
    `(?:${S}+standalone${S}*=${S}*(?:"(?:yes|no)"|'(?:yes|no)'))?${S}*\\?>`,
  'y',
)
/** What may be none of XML's characters: for most texts, which hold none of these, this is the quicker question. */
const DOUBTFUL_CHARACTER = /[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]/
/** What XML 1.0 has no place for (section 2.2): control characters, halves of surrogate pairs, U+FFFE, U+FFFF. */
const NO_CHARACTER = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u

/**
 * Holds a document to the rules of well-formed XML 1.0 (fifth edition) in one pass, whatever it holds, and hands its roots on less what a
 * callback's reader has no use for: declaration, comments, processing instructions, attributes. (sax, below xml2js, is quadratic for some
 * input, keeps tens of bytes for each character of a comment, and takes much that is no XML.)
 *
 * Blanks in front count as none of the document's. Of two roots only `EventName` and `WorkflowExecution` are taken, which CI's newest page prints
 * without a root around them (436/48042). Throws UnreadableCallback with the place: not well-formed, cut off, a DOCTYPE, a processing instruction
 * or text after the root, another second root, nesting deeper than 64, more elements or attributes than the limit.
 *
 * With `jobAt`, jobs are not handed on: who reads them later, a few at a time, needs no room for all of them.
 */
export function scanXml(text: string, beginRoot: (name: string) => RootReader, jobAt?: JobAt): void {
  const open: string[] = []
  const roots: string[] = []
  let reader: RootReader | null = null
  let elements = 0
  let attributes = 0
  /** The job that is not handed on: where it begins, and how many elements came before it. */
  let job: { readonly begin: number; readonly elements: number } | null = null
  let inJobs = 0
  /** What is in front of it is well-formed. */
  let at = 0
  /** What is in front of it has been handed on, or is among the kept. */
  let from = 0
  /** What is handed on next, less the blanks between tags; of how many parts. */
  let kept = ''
  let parts = 0
  let references = 0
  let nextReference = indexOf('&', 0)
  let nextCdataEnd = indexOf(']]>', 0)

  refuseOtherCharacters()
  at = from = declared(blankEnd(0))
  for (;;) {
    if (open.length === 0) {
      at = from = blankEnd(at)
      if (at === text.length) break
      if (text[at] !== '<') fail('Text data outside of root node')
    } else {
      if (open.length < DEEPEST && matches(LEAF, at) && LEAF.lastIndex - at < LONGEST_LEAF) {
        countElement()
        at = LEAF.lastIndex
        passBlanks()
        continue
      }
      const tag = text.indexOf('<', at)
      if (tag === -1) endsTooEarly()
      holdText(at, tag)
      at = tag
    }
    switch (text[at + 1]) {
      case '/':
        closeTag()
        break
      case '!':
        commentOrCdata()
        break
      case '?':
        instruction()
        break
      case undefined:
      default:
        openTag()
    }
  }
  if (roots.length === 0) endsTooEarly()

  function openTag(): void {
    const name = nameAt(at + 1, 'a tag')
    if (open.length === 0) reader = readerOf(name)
    if (open.length === DEEPEST) limit('too-deep', `elements nested deeper than ${DEEPEST}`)
    if (jobAt !== undefined && open.length === 1 && name === 'JobsDetail' && open[0] === 'Response') {
      handOn(at)
      job = { begin: at, elements }
    }
    countElement()
    let end = at + 1 + name.length
    const seen: string[] = []
    let close = tagEnd(end, '/')
    for (; close === null; close = tagEnd(end, '/')) {
      // Only now: what is handed on is well-formed.
      if (seen.length === 0) handOn(end)
      const value = attribute(end, seen)
      end = ATTRIBUTE.lastIndex
      holdReferences(value, end)
      from = end
    }
    at = close
    if (text[at - 2] !== '/') open.push(name)
    endElement(name)
  }

  /** Returns where its value begins. */
  function attribute(end: number, seen: string[]): number {
    ATTRIBUTE.lastIndex = end
    const name = ATTRIBUTE.exec(text)?.[1] ?? failInAttribute(end)
    const value = blankEnd(end) + name.length
    if (seen.includes(name)) fail(`the attribute ${shown(name)} twice in one tag`, value - name.length)
    if (name.length > LONGEST_NAME) limit('too-long', `a name longer than ${LONGEST_NAME} characters`)
    seen.push(name)
    attributes += 1
    if (attributes > MOST_ATTRIBUTES)
      limit('too-many', `more than ${MOST_ATTRIBUTES} attributes`, value - name.length)
    return value
  }

  function closeTag(): void {
    const name = open.at(-1)
    if (name === undefined) fail('a closing tag outside of the root element')
    const close = text.startsWith(name, at + 2) ? tagEnd(at + 2 + name.length) : null
    if (close === null) {
      if (blankEnd(matchEnd(NAME_HERE, at + 2)) === text.length) endsTooEarly()
      fail(`Unexpected close tag, not </${shown(name)}>`)
    }
    at = close
    open.pop()
    endElement(name)
  }

  function endElement(name: string): void {
    if (job !== null && open.length === 1) endJob(job)
    if (open.length === 0) endRoot(name)
    else passBlanks()
  }

  function endJob({ begin, elements: before }: NonNullable<typeof job>): void {
    handOn(at)
    job = null
    inJobs += elements - before
    elements = before
    if (inJobs > MOST_IN_JOBS) limit('too-many', `more than ${MOST_IN_JOBS} elements`)
    jobAt?.(begin, at)
  }

  function readerOf(name: string): RootReader {
    if (roots.length > 0 && (roots.join() !== 'EventName' || name !== 'WorkflowExecution'))
      throw unreadable(
        'second-root',
        `a second root element, <${shown(name)}>, after <${shown(roots.join())}>, ${place(at)}`,
      )
    return beginRoot(name)
  }

  function endRoot(name: string): void {
    handOn(at)
    roots.push(name)
  }

  function commentOrCdata(): void {
    if (text.startsWith('<!--', at)) {
      const end = text.indexOf('--', at + 4)
      if (end === -1 || end + 2 === text.length) endsTooEarly()
      if (text[end + 2] !== '>') fail('two hyphens inside of a comment', end)
      skipTo(end + 3)
      return
    }
    if (text.startsWith('<![CDATA[', at)) {
      if (open.length === 0) fail('a CDATA section outside of the root element')
      const end = text.indexOf(']]>', at + 9)
      if (end === -1) endsTooEarly()
      handOn(at)
      if (job === null) reader?.cdata(text.slice(at + 9, end))
      at = from = end + 3
      return
    }
    const declaration = text.slice(at, at + 9)
    if (declaration.toUpperCase() === '<!DOCTYPE')
      throw unreadable('doctype', `a DOCTYPE, which callbacks never have, ${place(at)}`)
    if ('<![CDATA['.startsWith(declaration) || '<!--'.startsWith(declaration)) endsTooEarly()
    fail('a `<!` that begins neither a comment nor a CDATA section')
  }

  function instruction(): void {
    const target = nameAt(at + 2, 'a processing instruction')
    const end = text.indexOf('?>', at + 2 + target.length)
    if (end === -1) endsTooEarly()
    if (target.toLowerCase() === 'xml')
      fail(
        at === blankEnd(0) && target === 'xml'
          ? 'an XML declaration in which something is missing, wrong or out of order'
          : 'an XML declaration that is not at the beginning',
      )
    if (roots.length > 0 && open.length === 0) fail('a processing instruction after the root element')
    const body = at + 2 + target.length
    if (body !== end && blankEnd(body) === body) fail('a name that XML does not allow', body)
    skipTo(end + 2)
  }

  function declared(begin: number): number {
    return matches(DECLARATION, begin) ? DECLARATION.lastIndex : begin
  }

  /** Hands on what is in front of the token at `at`, and passes the token over. */
  function skipTo(end: number): void {
    handOn(at)
    at = from = end
  }

  /** Between two tags they are no text: most of what xml2js would be busy with. */
  function passBlanks(): void {
    const end = blankEnd(at)
    if (end === at || text[end] !== '<' || text[end + 1] === '!') return
    if (parts === MOST_PARTS) handOn(at)
    kept += text.slice(from, at)
    parts += 1
    at = from = end
  }

  function handOn(end: number): void {
    const piece = kept + text.slice(from, end)
    if (piece !== '' && job === null) reader?.markup(piece)
    kept = ''
    parts = 0
    from = end
    references = 0
  }

  function holdText(begin: number, end: number): void {
    if (nextCdataEnd < begin) nextCdataEnd = indexOf(']]>', begin)
    if (nextCdataEnd < end) fail('a `]]>` that ends no CDATA section', nextCdataEnd)
    holdReferences(begin, end, true)
  }

  function holdReferences(begin: number, end: number, isText = false): void {
    if (nextReference < begin) nextReference = indexOf('&', begin)
    while (nextReference < end) {
      REFERENCE.lastIndex = nextReference
      const found = REFERENCE.exec(text)
      if (found === null) failInReference(nextReference)
      const [, decimal, hex] = found
      const code = decimal !== undefined ? parseInt(decimal, 10) : hex !== undefined ? parseInt(hex, 16) : 38
      if (code > 0x10ffff || NO_CHARACTER.test(String.fromCodePoint(code)))
        fail('a reference to a character that XML does not have', nextReference)
      references += 1
      if (isText && references >= REFERENCES_A_PIECE) handOn(REFERENCE.lastIndex)
      nextReference = indexOf('&', REFERENCE.lastIndex)
    }
  }

  function countElement(): void {
    elements += 1
    if (elements > MOST_ELEMENTS) limit('too-many', `more than ${MOST_ELEMENTS} elements`)
  }

  function nameAt(begin: number, of: string): string {
    const end = matches(ASCII_NAME, begin) ? ASCII_NAME.lastIndex : matchEnd(NAME_HERE, begin)
    const name = end === begin ? undefined : text.slice(begin, end)
    if (begin + (name ?? '').length === text.length) endsTooEarly()
    if (name === undefined) fail(`${of} whose name XML does not allow`, begin)
    if (name.length > LONGEST_NAME) limit('too-long', `a name longer than ${LONGEST_NAME} characters`)
    return name
  }

  function failInAttribute(end: number): never {
    const name = blankEnd(end)
    const afterName = matchEnd(NAME_HERE, name)
    const equals = blankEnd(afterName)
    const quote = blankEnd(equals + 1)
    if (name === text.length || afterName === text.length || equals === text.length) endsTooEarly()
    if (text[name] === '/' && name + 1 === text.length) endsTooEarly()
    if (afterName === name) fail('a tag with what is no attribute', name)
    if (name === end) fail('no white space in front of an attribute', end)
    if (text[equals] !== '=') fail('an attribute without a value', equals)
    if (quote >= text.length) endsTooEarly()
    const mark = text[quote]
    if (mark !== '"' && mark !== "'") fail('an attribute value without quotes', quote)
    const close = indexOf(mark, quote + 1)
    const tag = indexOf('<', quote + 1)
    if (tag < close) fail('a `<` inside of an attribute value', tag)
    endsTooEarly()
  }

  function failInReference(begin: number): never {
    const rest = text.slice(begin, begin + 40)
    if (begin + rest.length === text.length && /^&(?:#|#\d+|#x[\dA-Fa-f]*|\w+)?$/.test(rest)) endsTooEarly()
    fail('an `&` that begins none of the references that XML has', begin)
  }

  function refuseOtherCharacters(): void {
    const found = DOUBTFUL_CHARACTER.test(text) ? NO_CHARACTER.exec(text) : null
    if (found !== null) fail('a character that XML does not have', found.index)
  }

  function endsTooEarly(): never {
    fail(open.length === 0 ? 'Unexpected end' : 'Unclosed root tag', text.length - 1)
  }

  function fail(what: string, position: number = at): never {
    throw unreadable('malformed-xml', `${what}, ${place(position)}`)
  }

  function limit(code: UnreadableCode, what: string, position: number = at): never {
    throw unreadable(code, `${what}, ${place(position)}`)
  }

  /** Lines and UTF-16 units, both counted from 1. */
  function place(position: number): string {
    let line = 1
    let begin = 0
    for (let end = text.indexOf('\n'); end !== -1 && end < position; end = text.indexOf('\n', begin)) {
      line += 1
      begin = end + 1
    }
    return `line ${line}, column ${position - begin + 1}`
  }

  function indexOf(what: string, begin: number): number {
    const found = text.indexOf(what, begin)
    return found === -1 ? Infinity : found
  }

  /** Where the white space that begins here ends. (Not by a pattern, nor the next one: at a cold start V8 has each to compile.) */
  function blankEnd(begin: number): number {
    let end = begin
    while (isBlank(text.charCodeAt(end))) end += 1
    return end
  }

  /** Where a tag ends of which only white space, and perhaps this `slash`, is left; null when more is. */
  function tagEnd(begin: number, slash = ''): number | null {
    const blank = blankEnd(begin)
    const end = slash !== '' && text[blank] === slash ? blank + 1 : blank
    return text[end] === '>' ? end + 1 : null
  }

  function matches(pattern: RegExp, begin: number): boolean {
    pattern.lastIndex = begin
    return pattern.test(text)
  }

  /** Where a match that begins at `begin` ends; `begin` when there is none. */
  function matchEnd(pattern: RegExp, begin: number): number {
    return matches(pattern, begin) ? pattern.lastIndex : begin
  }
}

function isBlank(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9
}

function unreadable(code: UnreadableCode, what: string): UnreadableCallback {
  return new UnreadableCallback(code, `The XML cannot be read: ${what}.`)
}

function shown(name: string): string {
  return name.length > 40 ? `${name.slice(0, 40)}…` : name
}
