export interface DeliveryErrorOptions {
  readonly retryAfterMs?: number | null
  readonly throttled?: boolean
  readonly code?: string | null
}

/**
 * A delivery that did not happen: refused, timed out, or the peer could not be reached. Made by `failed` (./peer), which blanks out credentials.
 *
 * `message` says which driver, what it answered and, where there is one, what to do; never a credential.
 * Thrown by every queue and alert channel. Read it by its fields, not by `instanceof`: drivers are bundled apart.
 */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError'
  /** How long the peer asked to be left alone, in ms; null when it did not say. */
  readonly retryAfterMs: number | null
  /** The peer refused because of too many messages: alerts refused so go out later as one digest. */
  readonly throttled: boolean
  /** The peer's own code for its refusal, where its protocol has such (`NOSCRIPT` of Redis); null otherwise. */
  readonly code: string | null

  constructor(message: string, { retryAfterMs, throttled, code }: DeliveryErrorOptions = {}) {
    super(message)
    this.retryAfterMs = retryAfterMs ?? null
    this.throttled = throttled ?? false
    this.code = code ?? null
  }
}
