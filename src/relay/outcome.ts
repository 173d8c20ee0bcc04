import { type Answer, comeAgain, refusal } from './answer'

/** What became of one execution or job. */
export type Outcome = {
  readonly id: string
  readonly state: string
} & (
  | { readonly outcome: 'queued' | 'alerted' | 'duplicate' | 'parked' | 'ignored' }
  /** Another worker holds the claim. */
  | { readonly outcome: 'held'; readonly retryAfterMs: number }
  /** Neither delivered nor parked. */
  | { readonly outcome: 'undelivered' }
  /** CI knows no such execution. */
  | { readonly outcome: 'unknown' }
)

const AGAIN_MS = 5_000

/** The answer to a callback: one outcome as it is, several as a list; the worst of them makes the status. */
export function answerTo(outcomes: readonly [Outcome, ...Outcome[]]): Answer {
  const shown = outcomes.map(({ outcome, id, state }) => ({ outcome, id, state }))
  const body = shown.length === 1 ? { ...shown[0] } : { outcomes: shown }
  const undelivered = outcomes.filter(({ outcome }) => outcome === 'undelivered')
  if (undelivered.length > 0)
    return comeAgain('undelivered', 'Neither delivered nor parked: send it again.', AGAIN_MS, body)
  const waits = outcomes.map((outcome) => (outcome.outcome === 'held' ? outcome.retryAfterMs : 0))
  if (outcomes.some(({ outcome }) => outcome === 'held'))
    return comeAgain('held', 'Another worker is at it: send it again.', Math.max(...waits), body)
  // Of several, those that CI knows have been settled; the sender learns of the rest by its outcome.
  if (outcomes.every(({ outcome }) => outcome === 'unknown'))
    return { ...refusal(403, 'unknown-execution', 'CI knows no such execution.') }
  return { status: 200, body }
}
