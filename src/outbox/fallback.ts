import type { Failure } from '../net/failure'

/** When the channels that are a fallback are told of an alert. */
export type Turn = 'now' | 'next sweep' | 'never'

/** The sweep's timer. A channel that is deaf for longer does not take the alert before the next sweep. */
const BETWEEN_SWEEPS_MS = 5 * 60_000
/** With less time left no try is begun. */
const SHORTEST_TRY_MS = 500

/**
 * `failures`: what became of the alert at each of the other channels; null: taken. A fallback speaks at once when all the others have said that
 * they do not take it, or are not there. Where one may have taken it, or takes it within minutes, the next sweep decides; without a store
 * (`canWait`) there is none.
 */
export function fallbackTurn(
  failures: readonly (Failure | null)[],
  { canWait, leftMs }: { readonly canWait: boolean; readonly leftMs: number },
): Turn {
  if (failures.includes(null)) return 'never'
  const isPlain = failures.every((failure) => failure !== null && isRefusal(failure))
  return !canWait || (isPlain && leftMs >= SHORTEST_TRY_MS) ? 'now' : 'next sweep'
}

function isRefusal({ kind, retryAfterMs }: Failure): boolean {
  switch (kind) {
    case 'down':
    case 'refused':
      return true
    case 'throttled':
      return (retryAfterMs ?? 0) > BETWEEN_SWEEPS_MS
    case 'unsure':
      return false
  }
}
