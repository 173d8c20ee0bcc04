/**
 * Why a delivery did not happen. `down`: the destination cannot be reached, does not work, or is misconfigured (a wrong password, a missing
 * queue). `refused`: its word about this message. `throttled`: too many messages. `unsure`: the message was sent, and whether it was taken is not known.
 */
export type FailureKind = 'down' | 'refused' | 'throttled' | 'unsure'

/** What became of one try. Plain data: drivers are bundled apart, and share no class with who reads their errors. */
export interface Failure {
  readonly kind: FailureKind
  /** Which destination, what it answered and, where there is one, what to do; never a credential. */
  readonly message: string
  /** How long the peer asked to be left alone, in ms; null when it did not say. */
  readonly retryAfterMs: number | null
  /** Of a refusal: this message can never pass, however often it is tried. */
  readonly isFinal: boolean
  /** There is nobody to ask about the callback, or nobody who knows its bucket. */
  readonly unverifiable?: boolean
  /** CI could be asked, and has no more to say yet. */
  readonly tooEarly?: boolean
  /** The time was up before the end: what was done is done, and the next try goes on behind it. */
  readonly goesOn?: boolean
}

export interface FailureOptions {
  readonly goesOn?: boolean
  readonly unverifiable?: boolean
  readonly tooEarly?: boolean
  readonly kind?: FailureKind
  readonly retryAfterMs?: number | null
  readonly isFinal?: boolean
}

/** `down`, unless more is known. */
export function failure(message: string, options: FailureOptions = {}): Failure {
  return { kind: 'down', retryAfterMs: null, isFinal: false, ...options, message }
}

/** What an error says of a try. One that no driver made is a fault of ours, or of the system's: as good as a destination that is down. */
export function failureOf(error: unknown): Failure {
  const { failure: told } = (error ?? {}) as { failure?: Failure }
  return told ?? failure(error instanceof Error ? error.message : String(error))
}

/** What the peer says about this message (RFC 9110, 15.5); all other answers but 429 tell of the destination. */
const REFUSALS = new Set([400, 406, 409, 410, 411, 412, 413, 414, 415, 416, 417, 422, 428, 431])
const GONE = 410

/** What an HTTP status other than 2xx says of a delivery. */
export function failureOfStatus(status: number): Required<Pick<FailureOptions, 'kind' | 'isFinal'>> {
  if (status === 429) return { kind: 'throttled', isFinal: false }
  return REFUSALS.has(status)
    ? { kind: 'refused', isFinal: status === GONE }
    : { kind: 'down', isFinal: false }
}
