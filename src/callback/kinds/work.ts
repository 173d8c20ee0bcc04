import type { Text } from '../model'

/** A piece of work: all of it is named, or it is none. The object stands last, as it is: nothing else in it has a slash. */
export function workOf(kind: string, by: readonly Text[], object: Text): string | null {
  const named = by.filter((one) => one !== null)
  if (named.length < by.length || object === null) return null
  return [kind, ...named.map(withoutSlash), object].join('/')
}

function withoutSlash(name: string): string {
  return name.replaceAll(/[%/]/g, encodeURIComponent)
}
