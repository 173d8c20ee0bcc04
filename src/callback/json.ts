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
  } catch {
    // V8 quotes the text around the fault, which may be long or secret; its position is enough.
    const position = faultIn(text)
    throw new UnreadableCallback(
      'malformed-json',
      `The JSON cannot be read: ${position === null ? 'it ends too early' : `fault at character ${position + 1}`}.`,
    )
  }
}

/**
 * The position of the character that no JSON can have there; null when more text could make it right. V8 tells it in some messages
 * only, so it is halved for: what is in front of the fault only ends too early, whatever holds the fault does not.
 */
function faultIn(text: string): number | null {
  if (endsTooEarly(text)) return null
  let sound = 0
  let faulty = text.length
  while (faulty - sound > 1) {
    const middle = Math.floor((sound + faulty) / 2)
    if (endsTooEarly(text.slice(0, middle))) sound = middle
    else faulty = middle
  }
  return sound
}

/** Whether JSON is sound as far as it goes, and goes not far enough (or is whole). */
function endsTooEarly(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    const { message } = error as Error
    const position = /position (\d+)/.exec(message)?.[1]
    return position === undefined
      ? message === 'Unexpected end of JSON input'
      : Number(position) >= text.length
  }
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((item) => isDeeperThan(item, levels - 1))
}
