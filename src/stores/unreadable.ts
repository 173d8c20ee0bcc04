import type { Stray } from './store'

/** What stands in a store and cannot be read. `message` says why, fit for a person. Thrown by what reads, caught by what passes over. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable'
}

export interface Strays {
  /** What was passed over and has not been found in order since. */
  readonly found: () => readonly Stray[]
  readonly note: (place: string, problem: string) => void
  /** Forgets what was found at `place`, in whatever part of it. */
  readonly forget: (place: string) => void
  /** Forgets what was found below `folder` and is there no more. */
  readonly keep: (folder: string, isThere: (place: string) => boolean) => void
  /** What `read` gives; what cannot be read is noted under `place`, and null. */
  readonly passOver: <T>(place: string, read: () => Promise<T>) => Promise<T | null>
}

const PAYLOAD = / \(payload\)$/

/** An item whose first line can be read, and the rest cannot, is found under this name: the two are read apart. */
export function payloadOf(place: string): string {
  return `${place} (payload)`
}

/** So many are named; who has more has one cause for all of them. */
const MOST = 100

/** What one store came upon and passed over. */
export function strayList(): Strays {
  const problems = new Map<string, string>()
  const note = (place: string, problem: string): void => {
    if (problems.size < MOST || problems.has(place)) problems.set(place, problem)
  }
  return {
    found: () => [...problems].map(([place, problem]) => ({ place, problem })),
    note,
    forget(place) {
      problems.delete(place)
      problems.delete(payloadOf(place))
    },
    keep(folder, isThere) {
      for (const place of problems.keys())
        if (place.startsWith(folder) && !isThere(place.replace(PAYLOAD, ''))) problems.delete(place)
    },
    async passOver(place, read) {
      try {
        const value = await read()
        problems.delete(place)
        return value
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error
        note(place, error.message)
        return null
      }
    },
  }
}
