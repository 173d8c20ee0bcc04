import { within } from '../delivery/within'
import { messageOf } from './ledger'

/** Why a delivery did not happen, and when the peer would like to see the next one. */
export interface Failure {
  readonly message: string
  readonly retryAfterMs: number | null
  readonly throttled: boolean
  /** There is nobody to ask about the callback, or nobody who knows its bucket. */
  readonly unverifiable?: boolean
}

/** One try at a delivery, given up after `ms`; null when it succeeded. Never throws. */
export async function attempt(
  ms: number,
  deliver: (signal: AbortSignal) => Promise<void>,
): Promise<Failure | null> {
  if (ms <= 0) return { message: 'no time was left for it', retryAfterMs: null, throttled: false }
  try {
    await within(ms, deliver, () => new Error(`gave no answer within ${(ms / 1000).toFixed(1)} s`))
    return null
  } catch (error) {
    return { message: messageOf(error), ...hintsOf(error) }
  }
}

/** By its fields: the drivers' chunks have a DeliveryError class of their own each. */
function hintsOf(error: unknown): Omit<Failure, 'message'> {
  const { retryAfterMs, throttled } = (error ?? {}) as { retryAfterMs?: unknown; throttled?: unknown }
  return {
    retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : null,
    throttled: throttled === true,
  }
}
