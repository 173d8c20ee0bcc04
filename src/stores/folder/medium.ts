/** One name in a folder, with the size of what it names where the medium tells. */
export interface Entry {
  readonly name: string
  /** Null: not known before a look. */
  readonly bytes: number | null
}

/** Some of a folder, in the order of their bytes. */
export interface Part {
  readonly entries: readonly Entry[]
  /** Whether nothing follows. */
  readonly isLast: boolean
}

/** A group's folder; `part`: its first names, where the medium came upon them. */
export interface Group {
  readonly name: string
  readonly part: Part | null
}

export interface Groups {
  readonly groups: readonly Group[]
  /** The group after which the list goes on; null: it is at its end. */
  readonly next: string | null
}

export interface Lease {
  readonly turn: string
  readonly holder: string
}

/**
 * What the outbox in folders needs of files or of objects. A place is a path within the store, with `/` between its parts. Folders come into being with
 * what is written into them. What stands somewhere and is none of ours throws Unreadable.
 */
export interface Medium {
  /** So many reads and leases at once are worth it. */
  readonly atOnce: number
  /** So many names of one line are remembered, so that they need not be listed again for each batch. */
  readonly remembers: number
  /**
   * Whether a look costs next to nothing: then one follows each step, for what another process may have done meanwhile; else only where something
   * could be lost by it.
   */
  readonly looksTwice: boolean
  /** How a place is shown to a person. */
  shown(place: string): string
  /** Every place below a folder, in order, a page at a time. */
  everything(folder: string): AsyncIterable<readonly string[]>
  /** The groups in a line's folder after one, '' for the first. */
  groups(folder: string, after: string): Promise<Groups>
  /** Up to `most` names in a folder, or what a bucket lists at once. */
  names(folder: string, after: string, most: number): Promise<Part>
  /** Asked where a list did not tell. Null: there is nothing. */
  bytesOf(place: string): Promise<number | null>
  read(place: string): Promise<string | null>
  /** The first line with its end, at least, of a text that has one. */
  readStart(place: string): Promise<string | null>
  /** As a whole, and for good. */
  write(place: string, text: string): Promise<void>
  /** Creates it unless it is there: false, then. It need not outlive a loss of power. */
  create(place: string, text: string): Promise<boolean>
  /** As `create`, but replaces what is there. */
  replace(place: string, text: string): Promise<void>
  /** Those of `last` not before the others, or at one stroke. */
  remove(places: readonly string[], last?: readonly string[]): Promise<void>
  /** Null when another has it. */
  lease(turn: string, leaseMs: number): Promise<string | null>
  /** Ends those that their holders still have. */
  endLeases(leases: readonly Lease[]): Promise<void>
}

export const NOT_OURS = 'it has no name that the store gives'
