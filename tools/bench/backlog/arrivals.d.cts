/** What of the numbers 0 to `sent` - 1 has come. */
export interface Verdict {
  readonly arrived: number
  readonly lost: number
  /** Arrivals beyond the first. */
  readonly again: number
  /** The most of them that had come before in one and the same phase. */
  readonly mostAgain: number
  /** First arrivals that a later message of their object was ahead of. */
  readonly overtaken: number
  /** What nobody sent: no such number, or not of this object. */
  readonly strange: number
}

export interface Arrivals {
  /** `phase`: of all that came in it, the repeats that follow are counted together. */
  take(number: number, object: string, phase?: number): void
  readonly arrived: number
  verdict(sent: number): Verdict
}

export function runIdOf(number: number): string
/** NaN where it is none of ours. */
export function numberOf(runId: unknown): number
export function objectOf(number: number, objects: number): string
/** `most`: beyond it no message is numbered. */
export function startArrivals(objects: number, most: number): Arrivals
