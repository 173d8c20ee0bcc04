import type { Text, Trouble } from './model'
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

/** More are not told of. */
const MOST_TROUBLES = 10

/** A place to look at, and the fields of it that are left out: about them has been decided. */
export type Searched = readonly [value: unknown, but: ReadonlySet<string>]

/** What says so in some places, whatever is said outside. */
export function troublesIn(places: Iterable<Searched>): readonly Trouble[] {
  const found: Trouble[] = []
  for (const [value, but] of places) {
    if (found.length === MOST_TROUBLES) break
    collect(value, '', but)
  }
  return found

  function collect(one: unknown, path: string, without: ReadonlySet<string>): void {
    if (typeof one !== 'object' || one === null || found.length === MOST_TROUBLES) return
    if (Array.isArray(one)) {
      one.forEach((each, index) => collect(each, one.length > 1 ? `${path}[${index + 1}]` : path, without))
      return
    }
    const node = one as Record<string, unknown>
    for (const name of Object.keys(node)) {
      if (without.has(name) || FOREIGN.has(name)) continue
      const here = path === '' ? name : `${path}.${name}`
      const inside = node[name]
      if (typeof inside === 'object') collect(inside, here, NOTHING)
      else if (isTrouble(name, inside) && found.length < MOST_TROUBLES) {
        const message = /code$/i.test(name) ? asText(node['Message'] ?? node['message']) : ''
        found.push({ path: here, value: asText(inside), message: message === '' ? null : message })
      }
    }
  }
}

/** Whether there is any. (Apart from the list: each success is asked, and few hold anything.) */
export function holdsTrouble(value: unknown, but: ReadonlySet<string> = NOTHING): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some((one) => holdsTrouble(one, but))
  const node = value as Record<string, unknown>
  for (const name of Object.keys(node)) {
    const inside = node[name]
    // Most fields hold a text and have no judge: they cost one look each.
    if (typeof inside === 'object') {
      if (!FOREIGN.has(name) && !but.has(name) && holdsTrouble(inside)) return true
    } else if (isTrouble(name, inside) && !but.has(name)) return true
  }
  return false
}

const NOTHING: ReadonlySet<string> = new Set()

/** What whoever asked for the work put there: no word of CI's. */
const FOREIGN = new Set(['UserData', 'CosHeaders', 'cos_headers'])

const BAD_STATES = new Set([
  ...['failed', 'fail', 'failure', 'error', 'cancel', 'canceled', 'cancelled', 'pause', 'paused'],
  ...['partialsuccess', 'timeout', 'submitted', 'running', 'auditing'],
])

const isBadState = (text: string): boolean => BAD_STATES.has(text.toLowerCase())
const isCounted = (text: string): boolean => Number(text) > 0
const isFound = (text: string): boolean => text !== '' && text !== '-' && findingOf(text) !== 'normal'

/** By the name of a field: CI writes them in more ways than one. */
const JUDGES: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ...['State', 'state', 'Status', 'status'].map((name) => [name, isBadState] as const),
  ...['Code', 'code', 'ErrCode', 'ErrorCode'].map((name) => [name, isErrorCode] as const),
  ...['FailPageCount', 'FailCount', 'FailedCount', 'ErrorCount'].map((name) => [name, isCounted] as const),
  ...['HitFlag', 'hit_flag', 'Suggestion', 'suggestion'].map((name) => [name, isFound] as const),
  ...['Result', 'result'].map((name) => [name, (text: string) => text === '1' || text === '2'] as const),
  ['Suspicious', (text: string) => text === '1' || text.toLowerCase() === 'true'] as const,
])

function isTrouble(name: string, value: unknown): boolean {
  const judge = JUDGES.get(name)
  return judge !== undefined && judge(asText(value).trim())
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
