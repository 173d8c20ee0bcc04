import { isNode, type Node } from './fields'
import { UnreadableCallback } from './unreadable-callback'

const DEEPEST = 64

/** Reads a JSON object. Throws UnreadableCallback: not well formed, no object, nesting deeper than 64. */
export function readJson(text: string): Node {
  const value = parse(text)
  if (!isNode(value)) throw new UnreadableCallback('malformed-json', 'The JSON is not an object.')
  if (isDeeperThan(value, DEEPEST))
    throw new UnreadableCallback('too-deep', `The JSON cannot be read: nested deeper than ${DEEPEST}.`)
  return value
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // V8 quotes the text around the fault, which may be long or secret; its position is enough.
    const position = /position (\d+)/.exec((error as Error).message)?.[1]
    throw new UnreadableCallback(
      'malformed-json',
      `The JSON cannot be read: ${position === undefined ? 'it ends too early' : `fault at character ${Number(position) + 1}`}.`,
    )
  }
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((item) => isDeeperThan(item, levels - 1))
}
