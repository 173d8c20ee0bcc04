import { blanked } from '../delivery/blanked'
import type { PeerError } from '../delivery/peer-error'
import { failureOfStatus } from '../delivery/failure'
import { failed } from '../delivery/peer'
import { type HttpAnswer, retryAfterMs } from '../delivery/http'
import { cut } from './fit'

const LONGEST_WORDS = 200

export interface Refusal {
  /** The channel's own code, else `HTTP 500`. */
  readonly code: string
  /** What the channel said; a key that it repeats is blanked out. */
  readonly words: string
  /** What to do about it, where the code tells. */
  readonly advice?: string | undefined
  /** The channel's own sign of too many messages; HTTP 429 always counts as one. */
  readonly throttled?: boolean
  /** How long a throttled robot stays deaf when it does not say so itself. */
  readonly usualWaitMs?: number
}

/** `wecom: 93000: invalid webhook url (check the key …)`: channel, code, the channel's own words, what to do. */
export function refused(answer: HttpAnswer, refusal: Refusal): PeerError {
  const throttled = refusal.throttled === true || answer.status === 429
  // Blanked before it is cut: half a key would not be known for one.
  const told = (words: string, most: number): string => cut(blanked(words, answer.peer.secrets), most)
  const advice = throttled ? 'too many messages: try again later' : refusal.advice
  return failed(
    answer.peer,
    `${told(refusal.code, 40)}: ${told(refusal.words, LONGEST_WORDS)}${advice === undefined ? '' : ` (${advice})`}`,
    {
      ...(throttled ? { kind: 'throttled' } : failureOfStatus(answer.status)),
      retryAfterMs: retryAfterMs(answer.headers) ?? (throttled ? (refusal.usualWaitMs ?? null) : null),
    },
  )
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
