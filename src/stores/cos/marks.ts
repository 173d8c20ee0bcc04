import { randomUUID } from 'node:crypto'
import { sha256 } from '../../sha256'
import type { BucketObjects } from '../../tencent/bucket-objects'
import { isRecord, isText, isTime, parsed } from '../item-form'
import { LONGEST_LEASE_MS } from '../store'
import { type Strays, Unreadable } from '../unreadable'

/** How long a takeover keeps others from the same ended lease. */
const TAKEOVER_MS = 10_000
const MOST_ROUNDS = 5

export interface Expiring {
  /** Ms since the epoch; null: never. */
  readonly endsAt: number | null
}

/** A claim, a turn's lease, or the mark that a key is done (no holder). */
export interface Mark extends Expiring {
  readonly holder: string | null
  readonly endsAt: number
}

export type Got =
  | { readonly kind: 'got'; readonly holder: string; readonly endsAt: number }
  | { readonly kind: 'there'; readonly mark: Mark }

export interface Marks {
  /** Null when there is none. One that cannot be read holds nobody off: rather twice than never. */
  read(key: string): Promise<Mark | null>
  /** Creates the mark, or takes over one that has ended. Of two at the same instant both may get it. */
  acquire(key: string, leaseMs: number): Promise<Got>
}

/** Marks as objects that must not exist before. `takeovers`: the folder of those that are being taken over, with its `/`. */
export function bucketMarks(objects: BucketObjects, takeovers: string, strays: Strays): Marks {
  const read = async (key: string): Promise<Mark | null> => {
    const mark = await strays.passOver(key, async () => {
      const text = await objects.read(key)
      const value = text === null ? null : parsed(text)
      if (value !== null && !isMark(value)) throw new Unreadable('it is of another form')
      return (value ?? 'none') as Mark | 'none'
    })
    return mark === 'none' ? null : (mark ?? { holder: '', endsAt: 0 })
  }
  const takeoverEnd = async (key: string): Promise<number> => {
    const takeover = await strays.passOver(key, async () => {
      const text = await objects.read(key)
      const value = text === null ? null : parsed(text)
      if (value !== null && !isExpiring(value)) throw new Unreadable('it is of another form')
      return value as Expiring | null
    })
    return takeover?.endsAt ?? 0
  }

  return {
    read,
    async acquire(key, leaseMs) {
      const holder = randomUUID()
      for (let round = 0; round < MOST_ROUNDS; round++) {
        const endsAt = Date.now() + Math.min(leaseMs, LONGEST_LEASE_MS)
        const body = JSON.stringify({ holder, endsAt })
        if (await objects.create(key, body)) return { kind: 'got', holder, endsAt }
        const there = await read(key)
        // Given back between the two requests.
        if (there === null) continue
        // The first answer was lost on the way, and the request repeated.
        if (there.holder === holder) return { kind: 'got', holder, endsAt }
        if (isOn(there)) return { kind: 'there', mark: there }
        // Of those who come upon the same ended mark, the one that creates its takeover may replace it.
        const takeover = `${takeovers}${sha256(key + String(there.holder) + String(there.endsAt), 'hex')}`
        if (!(await objects.create(takeover, JSON.stringify({ endsAt: Date.now() + TAKEOVER_MS })))) {
          const ends = await takeoverEnd(takeover)
          if (ends > Date.now() && ends <= Date.now() + LONGEST_LEASE_MS)
            return { kind: 'there', mark: { holder: '', endsAt: ends } }
          await objects.remove(takeover)
          continue
        }
        if (JSON.stringify(await read(key)) !== JSON.stringify(there)) continue
        await objects.write(key, body)
        return { kind: 'got', holder, endsAt }
      }
      // Others come and go all the time: whoever asks again later finds it settled or free.
      return { kind: 'there', mark: { holder: '', endsAt: Date.now() + TAKEOVER_MS } }
    },
  }
}

export function isExpiring(value: unknown): boolean {
  return isRecord(value) && (value['endsAt'] === null || isTime(value['endsAt']))
}

export function isOver({ endsAt }: Expiring): boolean {
  return endsAt !== null && endsAt <= Date.now()
}

function isMark(value: unknown): boolean {
  return isRecord(value) && (value['holder'] === null || isText(value['holder'])) && isTime(value['endsAt'])
}

/** A mark that is done is done; a lease that ends later than any can was given by a clock that is wrong. */
function isOn({ holder, endsAt }: Mark): boolean {
  return endsAt > Date.now() && (holder === null || endsAt <= Date.now() + LONGEST_LEASE_MS)
}
