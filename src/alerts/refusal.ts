import { DeliveryError } from '../delivery/delivery-error'
import { type PostAnswer, retryAfterMs } from '../delivery/post'
import { cut } from './fit'

const LONGEST_WORDS = 200

export interface Refusal {
  readonly channel: string
  /** The channel's own code, else `HTTP 500`. */
  readonly code: string
  /** What the channel said; a key that it repeats is struck out. */
  readonly words: string
  /** What to do about it, where the code tells. */
  readonly advice?: string | undefined
  readonly secrets: readonly string[]
  /** The channel's own sign of too many messages; HTTP 429 always counts as one. */
  readonly throttled?: boolean
  /** How long a throttled robot stays deaf when it does not say so itself. */
  readonly usualWaitMs?: number
}

/** `wecom: 93000: invalid webhook url (check the key …)`: channel, code, the channel's own words, what to do. */
export function refused(answer: PostAnswer, refusal: Refusal): DeliveryError {
  const throttled = refusal.throttled === true || answer.status === 429
  const words = cut(withoutSecrets(refusal.words, refusal.secrets), LONGEST_WORDS)
  const advice = throttled ? 'too many messages: try again later' : refusal.advice
  return new DeliveryError(
    `${refusal.channel}: ${cut(withoutSecrets(refusal.code, refusal.secrets), 40)}: ${words}${advice === undefined ? '' : ` (${advice})`}`,
    {
      throttled,
      retryAfterMs: retryAfterMs(answer.headers) ?? (throttled ? (refusal.usualWaitMs ?? null) : null),
    },
  )
}

/** The answer as a JSON object; null when it is none. */
export function jsonAnswer(answer: PostAnswer): Readonly<Record<string, unknown>> | null {
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

function withoutSecrets(words: string, secrets: readonly string[]): string {
  return secrets
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
    .filter((secret) => secret !== '')
    .reduce((text, secret) => text.replaceAll(secret, '***'), words)
}
