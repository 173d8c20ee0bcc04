import type { Alert } from '../alerts/alert'
import type { CloudEvent } from '../callback/cloud-event'
import type { Driver, TargetFacts } from '../drivers/driver'
import type { ItemStatus, Line } from './line'

/** The answer to a claim: yours until the lease ends; somebody else's for so long; or settled before. */
export type ClaimAnswer = (
  | { readonly kind: 'claimed'; readonly holder: string }
  | { readonly kind: 'held'; readonly retryAfterMs: number }
  | { readonly kind: 'done' }
) & {
  /** The note that was asked for, null when unset; absent: not asked for, or it could not be had, which fails no claim. */
  readonly note?: string | null
}

/** What waits in the store. */
export type Payload =
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
  /**
   * A body of which not all could be settled in a callback's time: base64 of its bytes as gzip. What of it is settled, the ledger knows. CI is asked
   * about it only where VERIFY says so.
   */
  | { readonly kind: 'rest'; readonly bodyGzip: string }
  /** An authenticated body that could not be read. Never due: a person decides. */
  | {
      readonly kind: 'unreadable'
      readonly bodyBase64: string
      readonly error: string
      readonly message: string
    }

/** What can be known of an item without reading its payload. Times in ms since the epoch. */
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
  readonly payload: Payload
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
 * Which callbacks are under way, and which are settled. Every write is atomic, here and below: a crash leaves the old state or the new one. Keys and names
 * are any text; a driver encodes them as its medium needs. Methods throw when the store cannot be reached.
 */
export interface Ledger {
  /**
   * Claims `key` for `leaseMs`, LONGEST_LEASE_MS at most. Of any number of claims at once, one is `claimed`. A lease ends by itself. The answer brings
   * the note `noteName` in the same round trip, as it is or, where a look costs money (COS), as it was within the last minute.
   */
  claim(key: string, leaseMs: number, noteName?: string): Promise<ClaimAnswer>
  /** Marks `key` as done for `keepMs`, whoever holds the claim. */
  settle(key: string, keepMs: number): Promise<void>
  /** Gives the claim back, if `holder` still has it. */
  release(key: string, holder: string): Promise<void>
  /** Which of the keys are done, in their order; in one round trip, where the medium can. */
  areSettled(keys: readonly string[]): Promise<readonly boolean[]>
}

/** Items of one group, taken for a while: until they are given back, or the time is over, nobody else takes any of the group. */
export interface Turn {
  /** The items' group; of an item that is on its own (see line.ts), its id. */
  readonly group: string
  readonly holder: string
  /** The first of the group, in order. Of what cannot be read nothing: it is passed over. */
  readonly items: readonly [ParkedItem, ...ParkedItem[]]
}

/** How much is taken at once, at most; one item at least, however large it is. */
export interface TakeLimits {
  readonly groups: number
  readonly items: number
  /** Of their payloads, as far as the medium knows before it reads them. */
  readonly bytes: number
  readonly leaseMs: number
}

export interface LineCount {
  readonly line: Line
  readonly items: number
  /** The arrival of its first item, ms since the epoch. */
  readonly oldest: number
}

/** A part of a line; `next`: where the following part begins; null: there is no more. */
export interface Page {
  readonly headers: readonly ItemHeader[]
  readonly next: string | null
}

/**
 * What is owed and waits, in lines (line.ts): bounded steps only, whatever waits. A group is due when its first item is; the others wait behind it, so that
 * nothing overtakes, and are due with it. An item whose `dueAt` is further ahead than its `waitMs` was put off by a clock that is wrong, and is due.
 */
export interface Outbox {
  /** Adds the item, or replaces the one with its id (`parkedAt` stays that of the first), wherever that stands. */
  park(item: ParkedItem): Promise<void>
  /** One item; null when there is none that can be read. */
  read(id: string): Promise<ParkedItem | null>
  remove(ids: readonly string[]): Promise<void>
  /** Every line that holds something, with what it holds. */
  lines(): Promise<readonly LineCount[]>
  /**
   * Up to `most` items of a line, in its order: for a person, or to be told of. `from`: a page's `next`; null for the first; a number, in a line without
   * order: those whose `dueAt` is later.
   */
  page(line: Line, from: string | number | null, most: number): Promise<Page>
  /**
   * Takes groups that are due at `now` (ms since the epoch; Infinity: whether due or not) and that nobody has, each with its first items; in order of
   * their first one's arrival. Of more than it takes, those that are due for longest, as far as the medium can tell.
   */
  takeDue(line: Line, now: number, limits: TakeLimits): Promise<readonly Turn[]>
  /** Takes the group of an item, with that item alone; null when another has it or it is gone. */
  take(id: string, leaseMs: number): Promise<Turn | 'unreadable' | null>
  /**
   * Removes those of their items that are `gone`, then ends the turns. What is left of a group that lost some is due at once for whoever gives it back (a destination
   * that takes one takes the next), unless its first item was parked anew meanwhile: then when that says.
   */
  giveBack(turns: readonly Turn[], gone?: readonly string[]): Promise<void>
}

/** Small values that outlive an invocation: open incidents, watermarks, throttles. */
export interface Notes {
  /** Null when unset or expired. */
  note(name: string): Promise<string | null>
  /** Sets a note, for `keepMs` or, when null, for good; a null value erases it. */
  setNote(name: string, value: string | null, keepMs: number | null): Promise<void>
  /** Sets it as `setNote` does, if it still is `before`; false: somebody else was quicker. Best effort where creation is no lock (COS). */
  swapNote(name: string, before: string | null, value: string | null, keepMs: number | null): Promise<boolean>
  /** Counts one message against at most `messages` in any `perMs` ms: 0 when it may go now (and is counted), else the ms to wait. */
  admit(name: string, messages: number, perMs: number): Promise<number>
}

/** Where the relay remembers. What cannot be read in it is passed over, never removed, and told by `strays`. */
export interface Store extends TargetFacts, Ledger, Outbox, Notes {
  /** Removes what has expired and what a crash left behind, where the medium does not do so by itself. Stops when time is up; the next one goes on. */
  tidy(timeIsUp?: () => boolean): Promise<void>
  /** What lies in the store and cannot be read, as far as names tell it or this instance came upon it; a hundred at most. */
  strays(): Promise<readonly Stray[]>
  close?(): void
}

export type StoreDriver = Driver<Store>

/** The oldest first. */
export function byArrival(a: ItemHeader, b: ItemHeader): number {
  return a.parkedAt - b.parkedAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}

/** An item without its payload. */
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
