import type { Text } from './model'
import { toRfc3339 } from './time'
import { UnreadableCallback } from './unreadable-callback'

/** An element or a JSON object: names and what they hold, not yet looked at. */
export type Node = Readonly<Record<string, unknown>>

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What CI means by "not set": absent, empty or `-`. */
function isUnset(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    (typeof value === 'string' && (value === '-' || value.trim() === ''))
  )
}

/** Adds what came under a name; what comes under one name again makes a list of it. `__proto__` is a name like any other. */
export function addField(node: Record<string, unknown>, name: string, value: unknown): void {
  if (!Object.hasOwn(node, name)) setField(node, name, value)
  else if (Array.isArray(node[name])) node[name].push(value)
  else setField(node, name, [node[name], value])
}

function setField(node: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') node[name] = value
  else Object.defineProperty(node, name, { value, writable: true, enumerable: true, configurable: true })
}

function own(node: Node, name: string): unknown {
  return Object.hasOwn(node, name) ? node[name] : undefined
}

/** Where in a document something stands, and what there was odd. */
export interface Place {
  readonly path: string
  readonly odd: string[]
}

/** So many odd fields are named; a body may hold any number. */
const MOST_NAMED = 20

export function placeAt(path: string): Place {
  return { path, odd: [] }
}

export function inside({ path, odd }: Place, name: string): Place {
  return { path: `${path}.${name}`, odd }
}

function note({ path, odd }: Place, name: string): void {
  if (odd.length < MOST_NAMED) odd.push(`${path}.${name}`)
}

/** The text of a field that may be missing, as sent. Anything else that stands there becomes text as well as may be, and is noted. */
export function textOf(node: Node, name: string, at: Place): Text {
  const value = own(node, name)
  if (isUnset(value)) return null
  if (typeof value === 'string' && value.isWellFormed()) return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  note(at, name)
  return asText(value)
}

/** Of a text with elements in it the text, of a list of texts all of them, of anything else its JSON. */
function asText(value: unknown): Text {
  if (typeof value === 'string') return value.toWellFormed()
  const texts = textsIn(value)
  const text = texts?.join(Array.isArray(value) ? '; ' : ' ').trim() ?? JSON.stringify(normalized(value))
  return isUnset(text) ? null : text
}

function textsIn(value: unknown): readonly string[] | null {
  if (typeof value === 'string') return isUnset(value) ? [] : [value.trim().toWellFormed()]
  if (isUnset(value)) return []
  const parts = Array.isArray(value)
    ? (value as readonly unknown[])
    : isNode(value) && Object.hasOwn(value, '#text')
      ? Object.values(value)
      : null
  if (parts === null) return null
  const all = parts.map(textsIn)
  return all.every((texts) => texts !== null) ? all.flat() : null
}

/** COS takes no object key over 850 bytes; whatever CI may write instead is shorter than this. */
const LONGEST_NAME_BYTES = 65_536

/** The name of a bucket or an object, of which parts of a message and of an alert are made. One that is none, or too long, is noted and left out; of several, the first. */
export function nameOf(node: Node, name: string, at: Place): Text {
  const value = own(node, name)
  if (isUnset(value)) return null
  const first: unknown = Array.isArray(value) ? value[0] : value
  const text = typeof first === 'number' || typeof first === 'boolean' ? String(first) : first
  const isName =
    typeof text === 'string' && text.isWellFormed() && Buffer.byteLength(text) <= LONGEST_NAME_BYTES
  if (!isName || Array.isArray(value)) note(at, name)
  return isName && !isUnset(text) ? text : null
}

export function timeOf(node: Node, name: string, at: Place): Text {
  const text = textOf(node, name, at)
  return text === null ? null : toRfc3339(text)
}

/** Ids and States: they become keys of stores and parts of every message. */
const LONGEST_KEY_BYTES = 1024

/** The text of a field that is an id or a State. Throws `wrong-type`, `bad-utf8`, `too-long`: by these all else is decided. */
export function keyOf(node: Node, name: string, at: Place): Text {
  const value = own(node, name)
  if (isUnset(value)) return null
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
  if (typeof text !== 'string') throw wrongType(at.path, name, 'text', text)
  if (!text.isWellFormed())
    throw new UnreadableCallback('bad-utf8', `${at.path}.${name} holds half of a surrogate pair.`)
  if (Buffer.byteLength(text) > LONGEST_KEY_BYTES)
    throw new UnreadableCallback('too-long', `${at.path}.${name} is longer than ${LONGEST_KEY_BYTES} bytes.`)
  return text
}

/** The State; the blanks around it are no part of it. Throws as `keyOf` does. */
export function stateOf(node: Node, at: Place): Text {
  return keyOf(node, 'State', at)?.trim() ?? null
}

/** An id or a State that must be there. Throws `missing-field`, too. */
export function requiredKeyOf(node: Node, name: string, at: Place): string {
  const text = keyOf(node, name, at)
  if (text === null) throw new UnreadableCallback('missing-field', `${at.path} has no ${name}.`)
  return text
}

/** The child element of that name; null when it is not set. Of several the first; what is no element is noted. */
export function nodeOf(node: Node, name: string, at: Place): Node | null {
  return nodesOf(node, name, at)[0] ?? null
}

/** The child elements of that name: none, one, or a list. What is no element is noted and left out. */
export function nodesOf(node: Node, name: string, at: Place): readonly Node[] {
  const value = own(node, name)
  if (isUnset(value)) return []
  const items = (Array.isArray(value) ? (value as readonly unknown[]) : [value]).filter(
    (item) => !isUnset(item),
  )
  const nodes = items.filter(isNode)
  if (nodes.length < items.length) note(at, name)
  return nodes
}

/** The elements of that name of a whole document. Throws `wrong-type` where one is none: it is what the document is about. */
export function elementsOf(node: Node, name: string, where: string): readonly Node[] {
  const value = own(node, name)
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  return items
    .filter((item) => !isUnset(item))
    .map((item) => {
      if (!isNode(item)) throw wrongType(where, name, 'elements', item)
      return item
    })
}

function wrongType(where: string, name: string, expected: string, value: unknown): UnreadableCallback {
  const found = Array.isArray(value) ? `a list of ${value.length}` : isNode(value) ? 'elements' : typeof value
  return new UnreadableCallback('wrong-type', `${where}.${name} should hold ${expected} but holds ${found}.`)
}

/** A node less some of its names, as parsed. */
export function restOf(node: Node, without: ReadonlySet<string>): Record<string, unknown> {
  return normalized(
    Object.fromEntries(Object.entries(node).filter(([name]) => !without.has(name))),
  ) as Record<string, unknown>
}

/** Headers as a list of Key and Value, as CI writes them, or as an object of names. */
export function headersOf(node: Node, at: Place): Readonly<Record<string, Text>> {
  const all = nodesOf(node, 'CosHeaders', at).flatMap((header, index): [string, Text][] => {
    const here = { path: `${at.path}.CosHeaders[${index + 1}]`, odd: at.odd }
    if (!Object.hasOwn(header, 'Key') && !Object.hasOwn(header, 'Value'))
      return Object.keys(header).map((name) => [name, textOf(header, name, here)])
    const key = textOf(header, 'Key', here)
    return key === null ? [] : [[key, textOf(header, 'Value', here)]]
  })
  return Object.fromEntries(all)
}

/** Any parsed value with "not set" as null at every level; half of a surrogate pair, which JSON can escape, becomes U+FFFD. */
export function normalized(value: unknown): unknown {
  if (isUnset(value)) return null
  if (Array.isArray(value)) return value.map(normalized)
  if (typeof value === 'string') return value.toWellFormed()
  if (!isNode(value)) return value
  const node: Record<string, unknown> = {}
  for (const name of Object.keys(value)) addField(node, name.toWellFormed(), normalized(value[name]))
  return node
}
