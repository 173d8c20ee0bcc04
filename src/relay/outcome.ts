import { type Answer, comeAgain, refusal } from '../gateway/answer'

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

/** What was not settled of a body of several: how many, and the first one's id. */
export interface Rest {
  readonly id: string
  readonly rest: number
}

const AGAIN_MS = 5_000
const UNDELIVERED = ['undelivered', 'Neither delivered nor parked: send it again.', AGAIN_MS] as const

/** The answer to a callback: one outcome as it is, several as a list; the worst of them makes the status. */
export function answerTo(outcomes: readonly Outcome[]): Answer {
  const shown = outcomes.map(({ outcome, id, state }) => ({ outcome, id, state }))
  const body = shown.length === 1 ? { ...shown[0] } : { outcomes: shown }
  const undelivered = outcomes.filter(({ outcome }) => outcome === 'undelivered')
  if (undelivered.length > 0) return comeAgain(...UNDELIVERED, body)
  const waits = outcomes.map((outcome) => (outcome.outcome === 'held' ? outcome.retryAfterMs : 0))
  if (outcomes.some(({ outcome }) => outcome === 'held'))
    return comeAgain('held', 'Another worker is at it: send it again.', Math.max(...waits), body)
  // Of several, those that CI knows have been settled; the sender learns of the rest by its outcome.
  if (outcomes.every(({ outcome }) => outcome === 'unknown'))
    return { ...refusal(403, 'unknown-execution', 'CI knows no such execution.') }
  return { status: 200, body }
}

/** A body that is parked for its rest. No list: it might be of tens of thousands. */
export function parkedRest({ id, rest }: Rest): Answer {
  return { status: 200, body: { outcome: 'parked', id, rest } }
}

/** A body of which the rest is neither delivered nor parked. */
export function lostRest({ id, rest }: Rest): Answer {
  return comeAgain(...UNDELIVERED, { outcome: 'undelivered', id, rest })
}
