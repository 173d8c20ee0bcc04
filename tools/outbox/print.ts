import type { ItemHeader } from '../../src/stores/store'
import { harmless, harmlessJson } from '../local/harmless'

/** A body may name its own callback URL: where the environment says which tokens there are, none of them is printed. */
export type WithoutTokens = (text: string) => string

export function printJson(value: unknown, withoutTokens: WithoutTokens): void {
  console.log(harmlessJson(withoutTokens(JSON.stringify(value, null, 2))))
}

export function readable(item: ItemHeader) {
  const { id, status, group, tries, lastError } = item
  return { id, status, group, tries, parkedAt: shown(item.parkedAt), dueAt: shown(item.dueAt), lastError }
}

export function onOneLine(text: string): string {
  return harmless(text).replaceAll(/\s+/g, ' ')
}

export function shown(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}
