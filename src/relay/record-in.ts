import { isNode, type Node } from '../callback/fields'

/** What a note of the store holds as JSON; one that cannot be read, or is none, says nothing. */
export function recordIn(text: string | null): Node {
  try {
    const note: unknown = JSON.parse(text ?? '{}')
    return isNode(note) ? note : {}
  } catch {
    return {}
  }
}
