import { blanked } from '../net/blanked'
import { type FailureKind, failureOfStatus } from '../net/failure'
import { failed } from '../net/peer'
import type { PeerError } from '../net/peer-error'
import { type HttpAnswer, retryAfterMs } from '../net/http'
import { cut } from './fit'

const LONGEST_WORDS = 200
const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** What a channel's code says of a delivery. */
export interface Meaning {
  readonly kind: FailureKind
  /** What to do about it. */
  readonly advice?: string
  /** How long a channel that throttles stays deaf, when it does not say so. */
  readonly waitMs?: number
}

/** By code. */
export type Meanings = Readonly<Record<string, Meaning>>

/** A robot whose settings ask for a keyword that the channel's URL does not have. */
export const LACKS_KEYWORD: Meaning = {
  kind: 'refused',
  advice:
    "the robot's security settings ask for a keyword: add keyword=… with that text to the channel's URL",
}

/** What is known of a code; nothing of a word that only the language knows, such as `constructor`. */
export function meaningIn(meanings: Meanings, code: string): Meaning | undefined {
  return Object.hasOwn(meanings, code) ? meanings[code] : undefined
}

/** A channel's own word about a message that it did not take. */
export interface Refusal {
  /** The channel's code; empty when it said none. */
  readonly code: string
  /** What the channel said; a key that it repeats is blanked out. */
  readonly words: string
  /** What the code means, where that is known; else the words and the HTTP status tell. */
  readonly meaning?: Meaning | undefined
  /** How long the channel asked to be left alone, in ms; null: it did not say. */
  readonly waitMs?: number | null
  /** How long it usually stays deaf. */
  readonly usualWaitMs?: number
}

/**
 * Too many messages, in the words of any channel: codes come and go, and one gateway in front of several services speaks for all of them. Words about
 * the size of a message, `exceed max length` and the like, are not among them.
 */
const TOO_MANY =
  /too (?:many|fast|frequent|often)|frequen|\bfreq\b|rate.?limit|throttl|concurren|over (?:the )?limit|arriving too quickly|限流|限频|频率|频繁|过快|太快|并发|次数.{0,6}(?:上限|超|用完)/i

/** A quota that is used up, and begins anew with the month. */
const QUOTA = /month|quota|allowance|本月|当月|每月|月度|额度|配额|限额|用量/i
const USED_UP =
  /exceed|exhaust|insufficient|used up|run out|ran out|over|limit|reach|超|用尽|用完|耗尽|上限|不足/i

/** `wecom: 93000: invalid webhook url (check the key …)`: channel, code, the channel's own words, what to do. */
export function refused(answer: HttpAnswer, refusal: Refusal): PeerError {
  // Blanked before it is cut: half a key would not be known for one.
  const told = (words: string, most: number): string => cut(blanked(words, answer.peer.secrets), most)
  const { kind, advice, waitMs, isFinal } = judged(answer, refusal)
  const code = refusal.code || `HTTP ${answer.status}`
  return failed(
    answer.peer,
    `${told(code, 40)}: ${told(refusal.words, LONGEST_WORDS)}${advice === undefined ? '' : ` (${advice})`}`,
    { kind, isFinal, retryAfterMs: waitMs },
  )
}

interface Judged {
  readonly kind: FailureKind
  readonly advice: string | undefined
  readonly waitMs: number | null
  readonly isFinal: boolean
}

function judged(answer: HttpAnswer, refusal: Refusal): Judged {
  const { code, words, meaning, usualWaitMs = MINUTE } = refusal
  const asked = retryAfterMs(answer.headers) ?? refusal.waitMs ?? null
  // A page of HTML is some proxy's, and its words are no robot's.
  const isHeard = (meaning === undefined || meaning.kind === 'throttled') && !/^\s*</.test(words)
  if (isHeard && QUOTA.test(words) && USED_UP.test(words))
    return throttled('its quota is used up', asked ?? untilNextMonth(Date.now()))
  if (meaning?.kind === 'throttled' || answer.status === 429 || (isHeard && TOO_MANY.test(words)))
    return throttled('too many messages: try again later', asked ?? meaning?.waitMs ?? usualWaitMs)
  const byStatus = failureOfStatus(answer.status)
  // A robot answers 200 with a code of its own: its word about the message, as long as nothing else is known of it.
  const kind = meaning?.kind ?? (answer.status === 200 && !/^0?$/.test(code) ? 'refused' : byStatus.kind)
  return {
    kind,
    advice: meaning?.advice,
    waitMs: asked,
    isFinal: kind === 'refused' && byStatus.kind === 'refused' && byStatus.isFinal,
  }
}

function throttled(advice: string, waitMs: number): Judged {
  return { kind: 'throttled', advice, waitMs: Math.max(0, Math.min(Math.ceil(waitMs), DAY)), isFinal: false }
}

/** These channels' months are Beijing's; asked again once a day, for a quota can be bought. */
function untilNextMonth(now: number): number {
  const there = new Date(now + 8 * HOUR)
  const next = Date.UTC(there.getUTCFullYear(), there.getUTCMonth() + 1, 1) - 8 * HOUR
  return Math.max(HOUR, Math.min(DAY, next - now))
}

/** The answer as a JSON object; null when it is none. */
export function jsonAnswer(answer: HttpAnswer): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(answer.body)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

/** A code or text out of an answer. */
export function said(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}
