import { changeNote } from '../relay/change-note'
import { recordIn } from '../relay/record-in'
import type { Notes } from '../stores/store'

/** CI's list may lag behind: each walk begins so far before the watermark. */
export const OVERLAP_MS = 10 * 60_000
/** Where the first run of all begins. */
const FIRST_LOOK_MS = 24 * 3_600_000
/** Characters; a longer one is not kept. */
const LONGEST_TOKEN = 4_096
/** A walk is gone on with by its token for so long: a list that leads nowhere must not keep the new executions from being found. */
const LONGEST_WALK_MS = 3_600_000
/** Two sweeps that move one watermark get in each other's way once or twice; it is moved by the next one, if not now. */
const MOST_TRIES = 20

/** Times in ms since the epoch. */
export interface Walk {
  /** The span of creation times that is listed. */
  readonly from: number
  readonly to: number
  /** Of the page that comes next; null: the first. */
  readonly token: string | null
  /** The earliest of what could not be settled so far; Infinity: nothing. */
  readonly holds: number
}

export interface Place {
  /** Everything created before has settled, or is kept in mind as running. */
  readonly watermark: number
  /** The same, as far as walks came that did not end well. Never before the watermark. */
  readonly since: number
  /** A walk that can be gone on with by its token only: its list is in no order, or too long for one run within the overlap. */
  readonly open: Walk | null
}

/**
 * Two notes: the watermark, a time as text, which moves when all before has settled, and the cursor, which says how far a walk came that is not
 * over, or was cut off. The cursor names the watermark that it builds on: one that was set back makes it worthless.
 */
export interface PlaceNotes {
  readonly read: () => Promise<Place>
  /** Moves the watermark, never back. */
  readonly moveTo: (place: Place, watermark: number) => Promise<void>
  /** Notes how far a walk came, where that is further than the watermark, or it is to be gone on with; else what was noted is forgotten. */
  readonly keep: (place: Place, since: number, open: Walk | null) => Promise<void>
}

export function placeNotes(store: Notes, target: string, now: number): PlaceNotes {
  const watermarkNote = `watermark/${target}`
  const cursorNote = `cursor/${target}`
  let isNoted = false

  return {
    async read() {
      const watermark = await readWatermark()
      const text = await store.note(cursorNote)
      isNoted = text !== null
      const cursor = recordIn(text)
      const place = { watermark, since: watermark, open: null }
      const { base, since } = cursor
      // Builds on a later watermark than there is: that one is gone, and with it what the cursor promises.
      if (!isTime(base) || base > watermark || !isTime(since)) return place
      return { ...place, since: Math.min(now, Math.max(watermark, since)), open: openIn(cursor, watermark) }
    },

    async moveTo({ watermark }, to) {
      if (to <= watermark) return
      // Not where another sweep came further.
      await changeNote(
        store,
        watermarkNote,
        (text) => (isTimeBy(text) && Number(text) >= to ? null : [String(to), null]),
        MOST_TRIES,
      )
    },

    async keep({ watermark: base }, since, open) {
      const isOpen = open !== null && open.token !== null && open.token.length <= LONGEST_TOKEN
      if (since <= base && !isOpen) {
        if (isNoted) await store.setNote(cursorNote, null, null)
        isNoted = false
        return
      }
      // JSON knows no Infinity.
      const walk = isOpen ? { ...open, holds: open.holds === Infinity ? undefined : open.holds } : {}
      await store.setNote(cursorNote, JSON.stringify({ base, since, ...walk }), null)
      isNoted = true
    },
  }

  async function readWatermark(): Promise<number> {
    const text = await store.note(watermarkNote)
    if (isTimeBy(text)) return Math.min(Number(text), now)
    // None yet, none that is a time, or one of a clock that was ahead: what ended since then may not have been looked at. Noted at once: a first run that is not clean must not begin later the next time.
    const first = now - FIRST_LOOK_MS
    await store.swapNote(watermarkNote, text, String(first), null)
    return first
  }

  function isTimeBy(text: string | null): boolean {
    return text !== null && isTime(Number(text))
  }

  function isTime(value: unknown): value is number {
    return typeof value === 'number' && value > 0 && value <= now + OVERLAP_MS
  }

  function openIn(cursor: ReturnType<typeof recordIn>, watermark: number): Walk | null {
    const { from, to, token, holds = Infinity } = cursor
    const isOne = isTime(from) && isTime(to) && typeof token === 'string' && typeof holds === 'number'
    // Else another sweep has been past all of it, or it has gone on for too long.
    return isOne && to > Math.max(watermark, now - LONGEST_WALK_MS) ? { from, to, token, holds } : null
  }
}
