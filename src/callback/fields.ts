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

export function timeOf(node: Node, name: string, where: string): Text {
  const text = textOf(node, name, where)
  return text === null ? null : toRfc3339(text)
}

/** A field that must be there. */
export function requiredTextOf(node: Node, name: string, where: string): string {
  const text = textOf(node, name, where)
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

/** Any parsed value with "not set" as null at every level. */
export function normalized(value: unknown): unknown {
  if (isUnset(value)) return null
  if (Array.isArray(value)) return value.map(normalized)
  if (!isNode(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, normalized(item)]))
}
