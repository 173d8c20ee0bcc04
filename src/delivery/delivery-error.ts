/**
 * A delivery that did not happen: refused, timed out, or the peer could not be reached.
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

  constructor(
    message: string,
    options: { retryAfterMs?: number | null; throttled?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.retryAfterMs = options.retryAfterMs ?? null
    this.throttled = options.throttled ?? false
  }
}
