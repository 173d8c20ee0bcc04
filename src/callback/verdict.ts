import { isNode } from './fields'
import type { Text } from './model'
import type { Verdict } from './notice'

/** Not over yet. */
const GOING_ON = new Set(['Submitted', 'Running', 'Auditing'])

export function isGoingOn(state: string): boolean {
  return GOING_ON.has(state)
}

const NO_ERROR = new Set(['Success', '0', '-', ''])

/** Whether a code says that something went wrong. */
export function isErrorCode(code: Text): boolean {
  return code !== null && !NO_ERROR.has(code.trim())
}

/** What a State says by itself. An unknown word is never a success. */
export function verdictOfState(state: string): 'succeeded' | 'failed' | 'unknown' | 'running' {
  if (isGoingOn(state)) return 'running'
  return state === 'Success' ? 'succeeded' : state === 'Failed' ? 'failed' : 'unknown'
}

/** Less than a success, as soon as anything inside says so. */
export function unlessTroubled(verdict: Verdict, isTroubled: () => boolean): Verdict {
  return verdict === 'succeeded' && isTroubled() ? 'partial' : verdict
}

const BAD_ENDS = new Set(['Failed', 'Cancel', 'Pause', 'PartialSuccess'])

/**
 * What inside of something says, whatever is said outside, that it went wrong or that somebody should look: a State that is no success, a code that is
 * an error, pages that failed, a check that found something. Each as `Operation.DigitalWatermark.State: Failed`.
 */
export function troublesIn(value: unknown, path = ''): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((one) => troublesIn(one, path))
  if (!isNode(value)) return []
  return Object.entries(value).flatMap(([name, inside]) => {
    const here = path === '' ? name : `${path}.${name}`
    if (typeof inside === 'object') return troublesIn(inside, here)
    const text = asText(inside)
    return isTrouble(name, text) ? [`${here}: ${text}`] : []
  })
}

/** Whether there is any. (Apart from the list: each success is asked, and few hold anything.) */
export function holdsTrouble(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(holdsTrouble)
  const node = value as Record<string, unknown>
  for (const name of Object.keys(node)) {
    const inside = node[name]
    if (typeof inside === 'object' ? holdsTrouble(inside) : isTrouble(name, asText(inside))) return true
  }
  return false
}

function isTrouble(name: string, text: string): boolean {
  switch (name) {
    case 'State':
      return BAD_ENDS.has(text)
    case 'Code':
    case 'ErrCode':
      return isErrorCode(text)
    case 'FailPageCount':
      return Number(text) > 0
    case 'Suspicious':
      return text.toLowerCase() === 'true' || text === '1'
    case 'HitFlag':
    case 'Suggestion':
      return findingOf(text) !== 'normal'
    default:
      return false
  }
}

const FINDINGS: Readonly<Record<string, 'normal' | 'sensitive' | 'suspected'>> = {
  '0': 'normal',
  normal: 'normal',
  pass: 'normal',
  false: 'normal',
  '1': 'sensitive',
  sensitive: 'sensitive',
  block: 'sensitive',
  '2': 'suspected',
  review: 'suspected',
  suspected: 'suspected',
  true: 'suspected',
}

/** What a review says it found. A word that nobody knows is one to look at. */
export function findingOf(text: string): 'normal' | 'sensitive' | 'suspected' {
  const word = text.trim().toLowerCase()
  return Object.hasOwn(FINDINGS, word) ? (FINDINGS[word] ?? 'suspected') : 'suspected'
}

function asText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : ''
}
