import { CONDITION_NAMES, isCondition } from '../net/condition-names'

/** What a channel's URL asks of every message of the channel, and when the channel is told at all. */
export interface Conditions {
  /** A text that each message must hold, for instance because the robot refuses what lacks it; null: none. */
  readonly keyword: string | null
  /** Whom an error mentions. */
  readonly mentions: Mentions
  /** Told only when no other channel took the alert. */
  readonly isFallback: boolean
}

export interface Mentions {
  readonly all: boolean
  readonly ids: readonly string[]
}

export const NOBODY: Mentions = { all: false, ids: [] }

/** The ids that a channel can mention. */
export interface MentionForm {
  readonly id: RegExp
  /** In words, as errors and the docs have them: `user ids, mobile numbers or all`. */
  readonly takes: string
}

const LONGEST_KEYWORD = 100
const MOST_MENTIONS = 20

/**
 * Reads `keyword`, `mention` and `fallback`; `form` is null where the channel mentions nobody. Throws an Error that says what is wrong, and
 * repeats no value: what stands there by mistake may be a key.
 */
export function conditionsIn(
  scheme: string,
  parameters: URLSearchParams,
  form: MentionForm | null,
): Conditions {
  for (const name of CONDITION_NAMES) {
    const values = parameters.getAll(name)
    if (values.length > 1) throw new Error(`${scheme}: the parameter ${name} is there twice`)
    if (values[0]?.trim() === '') throw new Error(`${scheme}: the parameter ${name} is empty`)
  }
  const fallback = parameters.get('fallback')
  if (fallback !== null && fallback !== '1')
    throw new Error(`${scheme}: fallback must be 1, or not there at all`)
  return {
    keyword: keywordIn(scheme, parameters.get('keyword')),
    mentions: mentionsIn(scheme, parameters.get('mention'), form),
    isFallback: fallback === '1',
  }
}

function keywordIn(scheme: string, text: string | null): string | null {
  const keyword = text?.trim() ?? null
  if (keyword === null) return null
  if (keyword.length > LONGEST_KEYWORD || /[\p{C}\p{Zl}\p{Zp}]/u.test(keyword))
    throw new Error(`${scheme}: keyword must be one line of at most ${LONGEST_KEYWORD} printable characters`)
  return keyword
}

function mentionsIn(scheme: string, text: string | null, form: MentionForm | null): Mentions {
  if (text === null) return NOBODY
  if (form === null) throw new Error(`${scheme}: this channel has no mentions: leave mention= out of its URL`)
  const names = [...new Set(text.split(',').map((name) => name.trim()))]
  const ids = names.filter((name) => name !== 'all')
  if (names.length > MOST_MENTIONS || !ids.every((id) => form.id.test(id)))
    throw new Error(
      `${scheme}: mention takes ${form.takes}, separated by commas, at most ${MOST_MENTIONS} of them`,
    )
  return { all: names.includes('all'), ids }
}

/** What people read of a message, and the keyword at its end when it is not there already. */
export function holding(text: string, keyword: string | null, separator = '\n', seen = text): string {
  return keyword === null || seen.includes(keyword) ? text : `${text}${separator}${keyword}`
}

/** The same for a text that is read below its title. */
export function holdingBelow(title: string, text: string, keyword: string | null): string {
  return holding(text, keyword, '\n', `${title}\n${text}`)
}

/**
 * A channel's URL as far as it says which channel it is. What is parked for a channel stays its own when the URL is given the keyword that was missing.
 */
export function withoutConditions(url: string): string {
  const mark = /^https?:/i.test(url) ? '#' : '?'
  const at = url.indexOf(mark)
  if (at === -1) return url
  const rest = url
    .slice(at + 1)
    .split('&')
    .filter((part) => !isCondition(part))
  return url.slice(0, at) + (rest.length === 0 ? '' : mark + rest.join('&'))
}
