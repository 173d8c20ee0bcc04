import { addField, isNode, type Node } from './fields'
import { UnreadableCallback, type UnreadableCode } from './unreadable-callback'
import type { LeftOut } from './left-out'
import { MOST_IN_JOBS } from './xml-syntax'

const DEEPEST = 64
/** Objects, lists, texts and all the rest, of what is held at a time. As many as XML may have elements. */
export const MOST_VALUES = 250_000
/** Of one object. */
const MOST_NAMES = 1_000

/** Each empty object: of one that might be filled V8 keeps room for its fields. */
const EMPTY: Node = Object.freeze({})

const BLANK = /[\t\n\r ]*/y
/** A number as far as it goes: it is whole when it ends with a digit. */
const NUMBER = /-?(?:(?:0|[1-9][0-9]*)(?:\.(?:[0-9]+(?:[eE][+-]?[0-9]*)?)?|[eE][+-]?[0-9]*)?)?/y
const PLAIN_CHARACTERS = /[^"\\\u0000-\u001f]*/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
const ESCAPE_SO_FAR = /\\(?:u[0-9a-fA-F]{0,3})?/y
const NOT_PLAIN = /[\\\u0000-\u001f]/
const WORDS = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const

/**
 * Reads a JSON object in one pass. A number becomes the text as sent, so that ids keep all their digits; a name that comes twice in one object
 * holds a list, as an element of XML does. Throws UnreadableCallback with the place: not well-formed (RFC 8259), no object, nesting deeper than
 * 64, more values or names than the limit.
 *
 * JSON.parse does neither, and says of most faults not where they are.
 *
 * With `leftOut` the objects under `JobsDetail`, of the document or of its `Response`, are left out, and only told of.
 */
export function readJson(text: string, leftOut?: LeftOut): Node {
  let at = 0
  let values = 0
  let inJobs = 0

  skipBlank()
  const value = readValue(0, leftOut && '')
  if (at < text.length) fail(at)
  if (!isNode(value)) throw unreadable('malformed-json', 'The JSON is not an object.')
  return value

  /** Blanks after it included. `path`: where jobs may be, the names from the document to here. */
  function readValue(depth: number, path?: string): unknown {
    values += 1
    if (values > MOST_VALUES) throw cannotBeRead('too-many', `more than ${MOST_VALUES} values`)
    const value = valueAt(depth, path)
    skipBlank()
    return value
  }

  function valueAt(depth: number, path?: string): unknown {
    switch (text[at]) {
      case '{':
        return readObject(deeper(depth), path)
      case '[':
        return readList(deeper(depth))
      case '"':
        return readText()
      case 't':
      case 'f':
      case 'n':
        return readWord()
      case undefined:
      default:
        return readNumber()
    }
  }

  function deeper(depth: number): number {
    if (depth === DEEPEST) throw cannotBeRead('too-deep', `nested deeper than ${DEEPEST}`)
    return depth + 1
  }

  function readObject(depth: number, path?: string): Node {
    step()
    if (text[at] === '}') {
      at += 1
      return EMPTY
    }
    const node: Record<string, unknown> = {}
    let names = 0
    for (;;) {
      if (text[at] !== '"') fail(at)
      const name = readText()
      names += 1
      if (names > MOST_NAMES) throw cannotBeRead('too-many', `more than ${MOST_NAMES} names in one object`)
      skipBlank()
      if (text[at] !== ':') fail(at)
      step()
      if (path !== undefined && name === 'JobsDetail') readJobs(node, depth, path)
      else addField(node, name, readValue(depth, path === '' && name === 'Response' ? name : undefined))
      if (text[at] !== ',') break
      step()
    }
    if (text[at] !== '}') fail(at)
    at += 1
    return node
  }

  /** One job or a list of them. What else stands in their place stays there. */
  function readJobs(node: Record<string, unknown>, depth: number, path: string): void {
    const isFirst = !Object.hasOwn(node, 'JobsDetail')
    if (isFirst) node['JobsDetail'] = []
    if (text[at] !== '[' || !isFirst) {
      readJob(node, depth, path)
      return
    }
    values += 1
    readItems(() => readJob(node, deeper(depth), path))
    skipBlank()
  }

  function readJob(node: Record<string, unknown>, depth: number, path: string): void {
    const begin = at
    const before = values
    const value = valueAt(depth)
    if (isNode(value)) leftOut?.(path !== '', begin, at)
    else addField(node, 'JobsDetail', value)
    skipBlank()
    inJobs += values - before + 1
    values = before
    if (inJobs > MOST_IN_JOBS) throw cannotBeRead('too-many', `more than ${MOST_IN_JOBS} values`)
  }

  function readList(depth: number): unknown[] {
    const list: unknown[] = []
    readItems(() => list.push(readValue(depth)))
    return list
  }

  function readItems(readItem: () => void): void {
    step()
    if (text[at] !== ']')
      for (;;) {
        readItem()
        if (text[at] !== ',') break
        step()
      }
    if (text[at] !== ']') fail(at)
    at += 1
  }

  function readText(): string {
    const end = textEnd(at)
    const inside = text.slice(at + 1, end)
    const read = NOT_PLAIN.test(inside) ? unescaped(end) : inside
    at = end + 1
    return read
  }

  /** The position of the quote that ends a text. */
  function textEnd(begin: number): number {
    for (let quote = text.indexOf('"', begin + 1); ; quote = text.indexOf('"', quote + 1)) {
      if (quote === -1) failInText(begin)
      let backslash = quote
      while (text[backslash - 1] === '\\') backslash -= 1
      if ((quote - backslash) % 2 === 0) return quote
    }
  }

  function unescaped(end: number): string {
    try {
      return JSON.parse(text.slice(at, end + 1)) as string
    } catch {
      return failInText(at)
    }
  }

  function failInText(begin: number): never {
    let sound = matchEnd(PLAIN_CHARACTERS, begin + 1)
    for (let end = matchEnd(ESCAPE, sound); end > sound; end = matchEnd(ESCAPE, sound))
      sound = matchEnd(PLAIN_CHARACTERS, end)
    fail(matchEnd(ESCAPE_SO_FAR, sound))
  }

  function readWord(): boolean | null {
    const known = WORDS.find(([word]) => word[0] === text[at]) ?? WORDS[0]
    const [word, value] = known
    if (!text.startsWith(word, at)) {
      let same = 1
      while (word[same] === text[at + same]) same += 1
      fail(at + same)
    }
    at += word.length
    return value
  }

  function readNumber(): string {
    const end = matchEnd(NUMBER, at)
    if (!/[0-9]/.test(text[end - 1] ?? '') || end === at) fail(end)
    const number = text.slice(at, end)
    at = end
    return number
  }

  /** Over the character here and the blanks after it. */
  function step(): void {
    at += 1
    skipBlank()
  }

  function skipBlank(): void {
    if (text.charCodeAt(at) <= 32) at = matchEnd(BLANK, at)
  }

  function matchEnd(pattern: RegExp, begin: number): number {
    pattern.lastIndex = begin
    return pattern.test(text) ? pattern.lastIndex : begin
  }

  function fail(position: number): never {
    throw cannotBeRead(
      'malformed-json',
      position >= text.length ? 'it ends too early' : `fault at character ${position + 1}`,
    )
  }
}

function cannotBeRead(code: UnreadableCode, what: string): UnreadableCallback {
  return unreadable(code, `The JSON cannot be read: ${what}.`)
}

function unreadable(code: UnreadableCode, message: string): UnreadableCallback {
  return new UnreadableCallback(code, message)
}
