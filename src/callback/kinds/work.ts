import type { Text } from '../model'

/** A piece of work: all of it is named, or it is none. */
export function workOf(kind: string, ...parts: readonly Text[]): string | null {
  return parts.includes(null) ? null : [kind, ...parts].join('/')
}
