import { failure, type Failure, type FailureOptions } from './failure'

export interface PeerErrorOptions extends FailureOptions {
  readonly code?: string | null
}

/**
 * A peer that did not do what it was asked: refused, too slow, or not to be reached. Made by `failed` (./peer), which blanks out credentials.
 * Thrown by every driver. Read by `failureOf`, never by `instanceof`: drivers are bundled apart.
 */
export class PeerError extends Error {
  override readonly name = 'PeerError'
  readonly failure: Failure
  /** The peer's own code for its refusal, where its protocol has such (`NOSCRIPT` of Redis); null otherwise. */
  readonly code: string | null

  constructor(message: string, { code = null, ...options }: PeerErrorOptions = {}) {
    super(message)
    this.failure = failure(message, options)
    this.code = code
  }
}
