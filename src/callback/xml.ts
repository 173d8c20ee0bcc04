import { Parser } from 'xml2js/lib/parser'
import { UnreadableCallback } from './unreadable-callback'

/** Text, null (an empty element), a list (an element that came more than once), or child elements by name. */
export type Tree = string | null | readonly Tree[] | { readonly [name: string]: Tree }

const DEEPEST = 64

/** Without a prototype: `&constructor;` is no entity. */
const XML_ENTITIES = Object.freeze({
  __proto__: null,
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" },
}) as unknown as Readonly<Record<string, string>>

/** What XML 1.0 has no place for (section 2.2): control characters, halves of surrogate pairs, U+FFFE, U+FFFF. sax sees to references. */
const NO_CHARACTER = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u

/**
 * Reads one XML document with xml2js and returns its root elements by name: one, or the two siblings `EventName` and
 * `WorkflowExecution` that CI's newest page prints without a root around them (436/48042).
 *
 * Text is kept as sent, attributes are passed over. Throws UnreadableCallback: not well formed, cut off, a DOCTYPE, anything but
 * comments and white space after the root, another second root, nesting deeper than 64.
 */
export function readXml(text: string): { readonly [name: string]: Tree } {
  const parser = new Parser({ explicitArray: false, ignoreAttrs: true, charkey: '#text', emptyTag: null })
  parser.assignOrPush = assignOrPush
  const sax = parser.saxParser
  // XML's own five: sax would take HTML's `&nbsp;` and its like, too.
  sax.ENTITIES = XML_ENTITIES
  const roots = new Map<string, Tree>()
  let depth = 0

  const here = (): string => `line ${sax.line + 1}, column ${sax.column}`
  checkCharacters(text)
  const secondRoot = (name: string): void => {
    const first = [...roots.keys()].join()
    if (first !== 'EventName' || name !== 'WorkflowExecution')
      fail('second-root', `a second root element, <${shown(name)}>, after <${shown(first)}>, ${here()}`)
    sax.closedRoot = false
  }
  const { onopentag, onclosetag, oncdata } = sax

  sax.onopentag = (node) => {
    if (depth === 0 && sax.closedRoot) secondRoot(node.name)
    depth += 1
    if (depth > DEEPEST) fail('too-deep', `elements nested deeper than ${DEEPEST}, ${here()}`)
    onopentag(node)
  }
  sax.onclosetag = (name) => {
    onclosetag(name)
    depth -= 1
    if (depth === 0) roots.set(name, Object.values(parser.resultObject)[0] as Tree)
  }
  sax.oncdata = (data) => {
    if (depth === 0) fail('malformed-xml', `a CDATA section outside of the root element, ${here()}`)
    oncdata(data)
  }
  sax.onprocessinginstruction = ({ name }) => {
    const isDeclaration = name.toLowerCase() === 'xml'
    if (isDeclaration && (depth > 0 || sax.closedRoot))
      fail('malformed-xml', `an XML declaration that is not at the beginning, ${here()}`)
    if (depth === 0 && sax.closedRoot)
      fail('malformed-xml', `a processing instruction after the root element, ${here()}`)
  }
  sax.ondoctype = () => fail('doctype', `a DOCTYPE, which callbacks never have, ${here()}`)
  sax.onerror = (error) =>
    fail(/doctype/i.test(error.message) ? 'doctype' : 'malformed-xml', `${firstLine(error)}, ${here()}`)

  sax.write(text).close()
  return Object.fromEntries(roots)
}

/** Of the whole document at once: much quicker than text by text. */
function checkCharacters(text: string): void {
  const found = NO_CHARACTER.exec(text)
  if (found === null) return
  const lines = text.slice(0, found.index).split('\n')
  const column = (lines.at(-1)?.length ?? 0) + 1
  fail('malformed-xml', `a character that XML does not have, line ${lines.length}, column ${column}`)
}

function fail(code: 'malformed-xml' | 'doctype' | 'second-root' | 'too-deep', what: string): never {
  throw new UnreadableCallback(code, `The XML cannot be read: ${what}.`)
}

/** xml2js asks `key in obj`, which finds `constructor` and `__proto__` in every object. */
function assignOrPush(parent: Record<string, unknown>, name: string, value: unknown): void {
  if (!Object.hasOwn(parent, name)) define(parent, name, value)
  else if (Array.isArray(parent[name])) parent[name].push(value)
  else define(parent, name, [parent[name], value])
}

function define(parent: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') parent[name] = value
  else Object.defineProperty(parent, name, { value, writable: true, enumerable: true, configurable: true })
}

/** sax puts line, column and character on lines of their own below the message. */
function firstLine(error: Error): string {
  return (error.message.split('\n', 1)[0] ?? '').replace(/\.$/, '').slice(0, 200)
}

function shown(name: string): string {
  return name.length > 40 ? `${name.slice(0, 40)}…` : name
}
