import { Deadline } from '../../net/deadline'
import { monotonicMs } from '../../net/monotonic-ms'
import { sha256 } from '../../sha256'
import { type ItemLine, itemText, readItemText } from '../item-text'
import type { ParkedItem } from '../store'
import { type Strays, Unreadable } from '../unreadable'
import { limiter } from './at-once'
import { digestOf } from './item-place'
import { type Medium, NOT_OURS } from './medium'

/** Where items stood up to v0.1, each by the digest of its id. */
const ITEMS = 'items'
/** A step takes no longer: a store's call is waited for 20 s at most. */
const STEP_MS = 8_000
const LEASE_MS = 60_000
/** An instance of an old version may still park there while the new one comes into use. */
const LOOK_EVERY_MS = 60_000
/** Where some are left, so much later it is looked again whether they are. */
const LOOK_AGAIN_MS = 5_000
const PAGE = 1000

export interface OldItems {
  /** Moves them to where items stand now, until the time for one step is over; whether none is left, and nobody else is at it. */
  move(isLookedFor?: boolean): Promise<boolean>
  /** Moves the one with this id, if it is there; false: it is there, and cannot be read. */
  moveOne(id: string): Promise<boolean>
  /** Where the one with this id stood; null: none is left. */
  placeOf(id: string): string | null
}

/** `put`: writes an item as it is, and where ids lead to it. What cannot be read stays. */
export function oldItems(medium: Medium, strays: Strays, put: (item: ParkedItem) => Promise<void>): OldItems {
  let noneAt = -Infinity
  let lookedAt = -Infinity
  const few = limiter(medium.atOnce)
  const placeOfId = (id: string): string => `${ITEMS}/${sha256(id, 'hex')}`

  const moveFrom = async (place: string): Promise<boolean> =>
    (await strays.passOver(medium.shown(place), async () => {
      const text = await medium.read(place)
      if (text === null) return true
      const { item } = readItemText(text)
      if (placeOfId(item.id) !== place) throw new Unreadable('its name is not that of its item')
      await put(item)
      await medium.remove([place])
      return true
    })) ?? false

  const moveAll = async (): Promise<boolean> => {
    const deadline = Deadline.in(STEP_MS)
    for (let after = ''; ;) {
      const { entries, isLast } = await medium.names(ITEMS, after, PAGE)
      const names = entries.map(({ name }) => name)
      // A console shows a folder of a bucket by an object of its name.
      for (const name of names.filter((one) => one !== '' && !isOld(one)))
        strays.note(medium.shown(`${ITEMS}/${name}`), NOT_OURS)
      const moving = names.filter(isOld).map((name) =>
        few(async () => {
          if (!deadline.isOver) await moveFrom(`${ITEMS}/${name}`)
        }),
      )
      await Promise.all(moving)
      if (deadline.isOver) return false
      after = names.at(-1) ?? after
      if (isLast) return true
    }
  }

  const isEmpty = async (): Promise<boolean> => {
    lookedAt = monotonicMs()
    const part = await strays.passOver(medium.shown(ITEMS), () => medium.names(ITEMS, '', 1))
    const isNone = part === null || part.entries.length === 0
    if (isNone) noneAt = lookedAt
    return isNone
  }
  const isNoneLeft = (): boolean => monotonicMs() < noneAt + LOOK_EVERY_MS

  return {
    async move(isLookedFor = false) {
      if (!isLookedFor && isNoneLeft()) return true
      const { entries, isLast } = (await strays.passOver(medium.shown(ITEMS), () =>
        medium.names(ITEMS, '', PAGE),
      )) ?? { entries: [], isLast: true }
      let isDone = isLast && entries.every(({ name }) => !isOld(name))
      if (entries.length > 0) {
        const turn = digestOf('old items')
        const holder = await medium.lease(turn, LEASE_MS)
        if (holder === null) return isDone
        try {
          isDone = await moveAll()
        } finally {
          await medium.endLeases([{ turn, holder }])
        }
      }
      if (isDone) noneAt = monotonicMs()
      return isDone
    },
    async moveOne(id) {
      if (isNoneLeft()) return true
      if (monotonicMs() >= lookedAt + LOOK_AGAIN_MS && (await isEmpty())) return true
      return moveFrom(placeOfId(id))
    },
    placeOf: (id) => (isNoneLeft() ? null : placeOfId(id)),
  }
}

function isOld(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name)
}

/** The text of an item, under a version of its own. */
export function textOf({ payload, ...header }: ParkedItem, version: string): string {
  const line: ItemLine = { ...header, version }
  return itemText(line, payload)
}
