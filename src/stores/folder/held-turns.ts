import type { Turn } from '../store'
import { placeOf, turnIn } from './item-place'

/** An item that is taken: where it stands by now, null when it is gone; and by whom: a lease may have ended unseen, and another turn begun. */
interface Taken {
  place: string | null
  readonly holders: Set<string>
}

/** The turns that this instance has, and what became of their items meanwhile. */
export interface HeldTurns {
  begin(turn: Turn): void
  /** Where an item stands that is taken; null when it is gone, or is taken by nobody here. */
  placeOf(id: string): string | null
  /** It stands there by now; null: nowhere. */
  moved(id: string, place: string | null): void
  /** Ends a turn. Whether what is left of it is due at once: it lost some, and its first item, if it has one, was not parked anew. */
  end(turn: Turn): boolean
}

export function heldTurns(): HeldTurns {
  const holders = new Set<string>()
  const taken = new Map<string, Taken>()

  const goesOn = ({ holder, items }: Turn): boolean => {
    const places = items.map(({ id }) => taken.get(id)?.place ?? null)
    if (!holders.has(holder) || !places.includes(null)) return false
    const turn = turnIn(placeOf(items[0]))
    const [head] = places.filter((place) => place !== null && turnIn(place) === turn).sort()
    return head === undefined || items.some((item) => placeOf(item) === head)
  }

  return {
    begin({ holder, items }) {
      holders.add(holder)
      for (const item of items) {
        const others = taken.get(item.id)?.holders ?? []
        taken.set(item.id, { place: placeOf(item), holders: new Set([...others, holder]) })
      }
    },
    placeOf: (id) => taken.get(id)?.place ?? null,
    moved(id, place) {
      const one = taken.get(id)
      if (one !== undefined) one.place = place
    },
    end(turn) {
      const isDue = goesOn(turn)
      holders.delete(turn.holder)
      for (const { id } of turn.items) {
        const one = taken.get(id)
        one?.holders.delete(turn.holder)
        if (one?.holders.size === 0) taken.delete(id)
      }
      return isDue
    },
  }
}
