import { Deadline } from '../net/deadline'
import { failureOf } from '../net/failure'

const CALL_MS = 4_000
/** Some executions that CI cannot tell of must not keep the others from being asked about; a CI that is down must not be asked about them all. */
export const MOST_FAILURES_IN_A_ROW = 10

/** How CI is asked by one run about one target, by several at once. */
export interface LineToCi {
  /** One question, 4 s at most. Rejects as CI refuses, or gives no answer; the line keeps it in mind. */
  readonly ask: <T>(question: (deadline: Deadline) => Promise<T>) => Promise<T>
  /** Forgets what failed: a refusal that was to be expected. */
  readonly forgive: () => void
  /** Nothing more is asked: CI wants to be left alone, or has failed ten times in a row. What is under way goes on. */
  readonly isShut: () => boolean
  /** What failed: the one with which CI asked to be left alone, else the first; null: nothing. */
  readonly trouble: () => { readonly error: unknown } | null
}

export function lineToCi(): LineToCi {
  let first: { readonly error: unknown } | null = null
  let plea: { readonly error: unknown } | null = null
  let inARow = 0
  return {
    async ask(question) {
      const deadline = Deadline.in(CALL_MS)
      try {
        const answer = await deadline.hold(question(deadline), () => new Error('CI gave no answer in time'))
        inARow = 0
        return answer
      } catch (error) {
        inARow += 1
        first ??= { error }
        if (asksToBeLeftAlone(error)) plea ??= { error }
        throw error
      }
    },
    forgive() {
      inARow = 0
      first = null
    },
    isShut: () => plea !== null || inARow >= MOST_FAILURES_IN_A_ROW,
    trouble: () => plea ?? first,
  }
}

/** A 429, or any answer that names a wait. */
export function asksToBeLeftAlone(error: unknown): boolean {
  const { kind, retryAfterMs } = failureOf(error)
  return kind === 'throttled' || (retryAfterMs ?? 0) > 0
}
