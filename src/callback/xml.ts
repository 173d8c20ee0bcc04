import { Parser } from 'xml2js/lib/parser'
import { addField, isNode } from './fields'
import { inOnePiece } from './in-one-piece'
import { UnreadableCallback } from './unreadable-callback'
import { type JobAt, type RootReader, scanXml } from './xml-syntax'

/** Text, null (an empty element), a list (an element that came more than once), or child elements by name. */
export type Tree = string | null | readonly Tree[] | { readonly [name: string]: Tree }

/**
 * Reads one XML document with xml2js and returns its root elements by name: one, or the two siblings `EventName` and
 * `WorkflowExecution` that CI's newest page prints without a root around them (436/48042).
 *
 * Text is kept as sent, attributes are passed over. Throws UnreadableCallback as `scanXml` does, which sees each piece before xml2js does. With
 * `jobAt` the jobs are left out, and only told of.
 */
export function readXml(text: string, jobAt?: JobAt): { readonly [name: string]: Tree } {
  const roots: (readonly [name: string, parser: Parser])[] = []
  const add = text.length > WORTH_SLIMMING ? addSlim : addField
  const beginRoot = (name: string): RootReader => {
    const parser = openParser(add)
    const sax = parser.saxParser
    roots.push([name, parser])
    return {
      markup(piece) {
        sax.write(piece)
        sax.flush()
      },
      cdata(data) {
        const node = sax.ontext(data)
        if (node !== undefined && !Object.hasOwn(node, CDATA)) node[CDATA] = true
      },
    }
  }
  scanXml(text, beginRoot, jobAt)
  return Object.fromEntries(
    roots.map(([name, { resultObject }]) => [name, Object.values(resultObject)[0] as Tree]),
  )
}

function openParser(add: Parser['assignOrPush']): Parser {
  const parser = new Parser({ explicitArray: false, ignoreAttrs: true, charkey: '#text', emptyTag: null })
  // xml2js asks `key in obj`, which finds `constructor` and `__proto__` in every object.
  parser.assignOrPush = (node, name, value) => {
    if (name === CDATA && node[CDATA] === true) Reflect.deleteProperty(node, CDATA)
    add(node, name, value)
  }
  const sax = parser.saxParser
  // Nobody asks: faults are found, with their place, before sax sees them.
  sax.trackPosition = false
  sax.onerror = (error) => {
    throw new UnreadableCallback('malformed-xml', `The XML cannot be read: ${firstLine(error)}.`)
  }
  const { ontext } = sax
  sax.ontext = (text) => ontext(inOnePiece(text))
  return parser
}

/** Under this name xml2js notes, with `true`, that an element has a CDATA section; an element of that name takes its place. */
const CDATA = 'cdata'

/** Characters. Below it, memory matters less than time. */
const WORTH_SLIMMING = 65_536

/** Adds a copy of a node: of one that xml2js has deleted a field of, V8 keeps hundreds of bytes more. */
function addSlim(parent: Record<string, unknown>, name: string, value: unknown): void {
  if (!isNode(value)) {
    addField(parent, name, value)
    return
  }
  const copy: Record<string, unknown> = {}
  for (const field of Object.keys(value)) addField(copy, field, value[field])
  addField(parent, name, copy)
}

/** sax puts line, column and character on lines of their own below the message. */
function firstLine(error: Error): string {
  return (error.message.split('\n', 1)[0] ?? '').replace(/\.$/, '').slice(0, 200)
}
