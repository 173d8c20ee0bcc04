import type { Services } from '../services'
import type { Store } from '../stores/store'
import type { RunClock } from './run-clock'

export interface Drained {
  delivered: number
  failed: number
  /** Given up in this run. */
  dead: number
}

/** What the destinations did in one run, those that were tried. */
export interface Manners {
  /** They took something, or, where CI was asked, answered. */
  readonly took: Set<string>
  readonly failed: Set<string>
}

/** One run, as those who drain see it. `result` and `manners` are kept up to date. */
export interface Drain {
  readonly parts: Services
  readonly store: Store
  readonly clock: RunClock
  readonly result: Drained
  readonly manners: Manners
  /** When it began, ms since the epoch. */
  readonly startedAt: number
  /** Notes that the store failed a step; true: so often in a row that no more is to be begun. */
  readonly storeFailed: (error: unknown) => void
  readonly storeWorks: () => void
  readonly mayGoOn: () => boolean
}
