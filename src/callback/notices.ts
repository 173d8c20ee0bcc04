import type { Notice } from './notice'

/** The notices of one body, in its order. An array is one. */
export interface Notices {
  readonly length: number
  /** Undefined: beyond the last one, or an element that holds nothing. Throws UnreadableCallback where it is read only now. */
  at(index: number): Notice | undefined
  /** So many of the first are at hand, each further one is read when it is asked for; absent: all are. */
  readonly atHand?: number
}
