import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../net/deadline'
import { type Strays, Unreadable } from '../unreadable'
import { digestOf, IDS, isPlace } from './item-place'
import type { Medium } from './medium'

/** An item that is not where its id leads has just been moved, or is gone. */
const MOST_LOOKS = 3
/** Longer than it takes to park one item; another who parks it at the same time is waited for. */
const PARK_MS = 10_000
const LOOK_MS = 5

/** What leads from an item's id to where it stands. */
export interface Pointers {
  /** Where a pointer leads; null: nowhere. */
  readonly led: (pointer: string) => Promise<string | null>
  /** Calls with the place of an item until it is there; null when there is none. */
  readonly standing: <T>(id: string, look: (place: string) => Promise<T | 'gone'>) => Promise<T | null>
  /** Of those who park an item anew one after the other, where that costs little. */
  readonly alone: (id: string, act: () => Promise<void>) => Promise<void>
}

/** The place of the pointer of an id. */
export function pointerTo(id: string): string {
  const digest = digestOf(id)
  return `${IDS}/${digest.slice(0, 2)}/${digest}`
}

export function pointersIn(medium: Medium, strays: Strays): Pointers {
  const led: Pointers['led'] = async (pointer) =>
    strays.passOver(medium.shown(pointer), async () => {
      const place = await medium.read(pointer)
      // It is just being written, or was when its process died.
      if (place === '') return null
      if (place !== null && !isPlace(place, pointer.slice(-32))) throw new Unreadable('it leads to no item')
      return place
    })

  return {
    led,
    async standing(id, look) {
      for (let round = 0; round < MOST_LOOKS; round++) {
        const place = await led(pointerTo(id))
        if (place === null) return null
        const found = await look(place)
        if (found !== 'gone') return found
      }
      return null
    },
    async alone(id, act) {
      if (!medium.looksTwice) return act()
      const turn = digestOf(`to park ${id}`)
      const deadline = Deadline.in(PARK_MS)
      let holder = await medium.lease(turn, PARK_MS)
      while (holder === null && !deadline.isOver) {
        await sleep(LOOK_MS)
        holder = await medium.lease(turn, PARK_MS)
      }
      try {
        await act()
      } finally {
        if (holder !== null) await medium.endLeases([{ turn, holder }])
      }
    },
  }
}
