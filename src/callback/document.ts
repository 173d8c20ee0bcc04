import { isNode, type Node } from './fields'

/** Less the byte order mark. */
export function withoutMark(body: string): string {
  return body.startsWith('\uFEFF') ? body.slice(1) : body
}

/** XML has a `Response` root around it, except on CI's newest page; JSON has none, except in one of CI's samples. */
export function contentsOf(document: Node): Node {
  const response = document['Response']
  return Object.keys(document).length === 1 && isNode(response) ? response : document
}
