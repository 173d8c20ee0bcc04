import type { Alert } from '../alerts/alert'
import type { CloudEvent } from '../callback/cloud-event'
import type { Driver, TargetFacts } from '../delivery/driver'

/** The answer to a claim: yours until the lease ends; somebody else's for so long; or settled before. */
export type Claim =
  | { readonly kind: 'claimed'; readonly holder: string }
  | { readonly kind: 'held'; readonly retryAfterMs: number }
  | { readonly kind: 'done' }

/** What waits in the store. */
export type Parcel =
  /** A message owed to the queue. */
  | { readonly kind: 'message'; readonly event: CloudEvent }
  /**
   * An alert owed to one channel. `channel` is its id: scheme and a digest of its URL. `unless`: of a fallback, the items for the channels that come
   * first; once one of them is gone, the alert was told, and this one is not owed any more.
   */
  | {
      readonly kind: 'alert'
      readonly channel: string
      readonly alert: Alert
      readonly unless?: readonly string[]
    }
  /** An incident to be ended at one channel. */
  | { readonly kind: 'resolve'; readonly channel: string; readonly incident: string }
  /**
   * A callback that CI could not be asked about yet (VERIFY=read-back). `bucket`: which it was asked about; v0.1 did not say. `only`: which of the
   * body's executions and jobs, by their keys in the ledger; absent: all.
   */
  | {
      readonly kind: 'unverified'
      readonly bodyBase64: string
      readonly bucket?: string | null
      readonly only?: readonly string[]
    }
  /** An authenticated body that could not be read. Never due: a person decides. */
  | {
      readonly kind: 'unreadable'
      readonly bodyBase64: string
      readonly error: string
      readonly message: string
    }

/** `waiting`: due at `dueAt`. `dead`: given up at `dueAt`, kept for a person. `quarantined`: unreadable. */
export type ItemStatus = 'waiting' | 'dead' | 'quarantined'

/** What can be known of an item without reading its parcel. Times in ms since the epoch. */
export interface ItemHeader {
  /** Stable: parking the same delivery again replaces the item. Letters, digits, `.`, `_`, `-` only; at most 200. */
  readonly id: string
  readonly status: ItemStatus
  /** Items of one group are delivered in order of arrival. */
  readonly group: string
  readonly parkedAt: number
  /** Deliveries tried so far. */
  readonly tries: number
  readonly dueAt: number
  /** Why the last try failed; never a secret. */
  readonly lastError: string | null
  /** How long the wait is that ends at `dueAt`, in ms; absent: not known (v0.1). A `dueAt` further ahead was given by a clock that is wrong. */
  readonly waitMs?: number
  /** How often the destination refused this very message; absent: never. */
  readonly refusals?: number
  /** How often it was sent without an answer, and may have been taken; absent: never. */
  readonly copies?: number
  /** When its present life began: one that was dead, and is redelivered, has a new one. Absent: with `parkedAt`. */
  readonly since?: number
}

export interface ParkedItem extends ItemHeader {
  readonly parcel: Parcel
}

/** Something in the store's place that cannot be read: a foreign file, a cut-off item, an item of a kind that this version does not know. */
export interface Stray {
  /** Where it stands in the medium: `items/.DS_Store`. May hold any character. */
  readonly place: string
  readonly problem: string
}

/** No invocation lasts longer, so no lease does: one that seems to was given by a clock that is wrong, and counts as ended. */
export const LONGEST_LEASE_MS = 15 * 60_000

/**
 * The ledger (claims), the outbox (items) and small notes. Every write is atomic: a crash leaves the old state or the new one.
 *
 * Keys and note names are any text; a driver encodes them as its medium needs. Methods throw when the store cannot be reached. What cannot be
 * read is passed over, never removed, and told by `strays`.
 */
export interface Store extends TargetFacts {
  /** Claims `key` for `leaseMs`, LONGEST_LEASE_MS at most. Of any number of claims at once, one is `claimed`. A lease ends by itself. */
  claim(key: string, leaseMs: number): Promise<Claim>
  /** Marks `key` as done for `keepMs`, whoever holds the claim. */
  settle(key: string, keepMs: number): Promise<void>
  /** Gives the claim back, if `holder` still has it. */
  release(key: string, holder: string): Promise<void>

  /** Adds the item, or replaces the one with its id (`parkedAt` stays that of the first), and ends its lease. */
  park(item: ParkedItem): Promise<void>
  /** Every item, oldest first (by `parkedAt`, then id). */
  list(): Promise<readonly ItemHeader[]>
  /** One item; null when there is none that can be read. */
  read(id: string): Promise<ParkedItem | null>
  /** Takes an item for `leaseMs`; null when another has it or it is gone. Ended by `park` or `remove`. */
  take(id: string, leaseMs: number): Promise<ParkedItem | 'unreadable' | null>
  remove(id: string): Promise<void>

  /** Small values that outlive an invocation (open incidents, watermarks, throttles); null when unset or expired. */
  note(name: string): Promise<string | null>
  /** Sets a note, for `keepMs` or, when null, for good; a null value erases it. */
  setNote(name: string, value: string | null, keepMs: number | null): Promise<void>

  /** Counts one message against at most `messages` in any `perMs` ms: 0 when it may go now (and is counted), else the ms to wait. */
  admit(name: string, messages: number, perMs: number): Promise<number>

  /** Removes what has expired and what a crash left behind, where the medium does not do so by itself. Stops when time is up; the next one goes on. */
  tidy(timeIsUp?: () => boolean): Promise<void>
  /** What lies in the store and cannot be read, as far as names tell it or this instance came upon it; a hundred at most. */
  strays(): Promise<readonly Stray[]>
  close?(): void
}

export type StoreDriver = Driver<Store>

/** The order of `list()`: the oldest first. */
export function byArrival(a: ItemHeader, b: ItemHeader): number {
  return a.parkedAt - b.parkedAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}

/** An item without its parcel. */
export function headerOf(item: ItemHeader): ItemHeader {
  const { id, status, group, parkedAt, tries, dueAt, lastError, waitMs, refusals, copies, since } = item
  return {
    ...{ id, status, group, parkedAt, tries, dueAt, lastError },
    ...(waitMs !== undefined && { waitMs }),
    ...(refusals !== undefined && { refusals }),
    ...(copies !== undefined && { copies }),
    ...(since !== undefined && { since }),
  }
}
