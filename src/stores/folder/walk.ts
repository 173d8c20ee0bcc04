import type { Deadline } from '../../net/deadline'
import type { ItemName } from './item-place'
import type { Entry, Groups } from './medium'

/** What has its turn together, as far as its names are known: the first ones, without a gap. */
export interface Known {
  readonly turn: string
  readonly folder: string
  entries: Entry[]
  /** Whether nothing follows them. */
  isLast: boolean
}

/** One search for what is due. */
export interface Search {
  /** Ms since the epoch. */
  readonly now: number
  /** So many turns are wanted. */
  readonly most: number
  /** And so many items, of all of them together. */
  readonly items: number
  /** When it must come to an end, found or not. */
  readonly deadline: Deadline
  /** Turns that another has, or that are not due after all. */
  readonly skip: Set<string>
  /** Places of what cannot be read. */
  readonly passed: Set<string>
}

/** Goes through a line, in circles: what it does not come to this time, it comes to the next. */
export interface Walk {
  /** What seems to be due, by its names; none only when a whole circle shows none, or when there is no time left for it. */
  due(search: Search): Promise<readonly Known[]>
  /** Lists a turn anew: something was not where it was known to be. */
  again(known: Known): Promise<void>
  forget(turn: string): void
  added(turn: string, entry: Entry): void
  removed(turn: string, name: string): void
  /** Where it is, for whoever goes on; '' at the beginning. */
  readonly place: string
}

/** What a walk needs of its line. */
export interface Listing {
  readonly folder: string
  /** The groups of the line after one. A folder that is none has none. */
  readonly groups: (after: string) => Promise<Groups>
  /** Some of a folder's names. A folder that is none has none. */
  readonly names: (
    folder: string,
    after: string,
    most: number,
    passed?: ReadonlySet<string>,
  ) => Promise<ListedPart>
  /** Of a folder's names those that are items' and not among the passed. */
  readonly usable: (folder: string, entries: readonly Entry[], passed?: ReadonlySet<string>) => Entry[]
  readonly isDue: (turn: string, name: ItemName, now: number) => boolean
  readonly read: (name: string) => ItemName
}

export interface ListedPart {
  readonly entries: Entry[]
  readonly isLast: boolean
  /** After which name the list goes on. */
  readonly end: string
}
