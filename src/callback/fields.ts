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

/** The text of a field, as sent. Throws `wrong-type` when it holds elements, or came twice. */
export function textOf(node: Node, name: string, where: string): Text {
  const value = own(node, name)
  if (isUnset(value)) return null
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string') throw wrongType(where, name, 'text', value)
  if (!value.isWellFormed())
    throw new UnreadableCallback('bad-utf8', `${where}.${name} holds half of a surrogate pair.`)
  return value
}

/** Ids and States: they become keys of stores and parts of every message. */
const LONGEST_KEY_BYTES = 1024

/** COS takes no object key over 850 bytes; whatever CI may write instead is shorter than this. */
const LONGEST_NAME_BYTES = 65_536

/** The text of a field that is an id or a judgement. Throws `too-long`, too. */
export function keyOf(node: Node, name: string, where: string): Text {
  return shortTextOf(node, name, where, LONGEST_KEY_BYTES)
}

/** The name of a bucket or an object: several parts of a message and of an alert are made of it. Throws `too-long`, too. */
export function nameOf(node: Node, name: string, where: string): Text {
  return shortTextOf(node, name, where, LONGEST_NAME_BYTES)
}

function shortTextOf(node: Node, name: string, where: string, longestBytes: number): Text {
  const text = textOf(node, name, where)
  if (text !== null && Buffer.byteLength(text) > longestBytes)
    throw new UnreadableCallback('too-long', `${where}.${name} is longer than ${longestBytes} bytes.`)
  return text
}

export function timeOf(node: Node, name: string, where: string): Text {
  const text = textOf(node, name, where)
  return text === null ? null : toRfc3339(text)
}

/** An id or a State that must be there. Throws `missing-field`, `too-long`. */
export function requiredKeyOf(node: Node, name: string, where: string): string {
  const text = keyOf(node, name, where)
  if (text === null) throw new UnreadableCallback('missing-field', `${where} has no ${name}.`)
  return text
}

/** The child element of that name; null when it is not set. */
export function nodeOf(node: Node, name: string, where: string): Node | null {
  const value = own(node, name)
  if (isUnset(value)) return null
  if (!isNode(value)) throw wrongType(where, name, 'one element', value)
  return value
}

/** The child elements of that name: none, one, or a list. */
export function nodesOf(node: Node, name: string, where: string): readonly Node[] {
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
