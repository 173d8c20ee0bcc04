import type { Failure } from '../net/failure'
import { groupInLane, LANES } from '../stores/line'
import type { ParkedItem } from '../stores/store'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** No wait is longer, whatever a peer asks for. */
const LONGEST_WAIT_MS = 24 * HOUR
/** How long a destination that throttled is left alone when it names no time. */
const THROTTLED_MS = MINUTE
/** What was tried less often has not been failing for its whole life, whatever a clock says: one that is a day wrong must kill nothing. */
const FEWEST_TRIES = 12
/** A message that may have been taken so often is sent no more. */
const MOST_COPIES = 5
/** Waits between tries: how long the first is, and the longest. The one after a try without an answer is longer than any try lasts. */
const WAITS = {
  down: { first: 10_000, longest: HOUR },
  refused: { first: MINUTE, longest: 6 * HOUR },
  unsure: { first: MINUTE, longest: HOUR },
} as const

export interface AfterFailure {
  /** GIVE_UP_AFTER, in ms. */
  readonly giveUpAfterMs: number
  /** Whether alerts that its channel throttles may go out as one summary: a channel that knows incidents must get each by itself, in order. */
  readonly isSummarised: boolean
  /** 0 to 1. */
  readonly random?: () => number
}

/**
 * What becomes of an item after a failed try: when it is tried again, where it waits meanwhile, or that it is given up. The one place that decides it.
 *
 * `down`: backoff with jitter. `throttled`: as asked; it is no try. `refused`: set aside, out of its group's way; dead at once when it can never pass.
 * `unsure`: as `down`, but a few times only. What has failed for all of GIVE_UP_AFTER is dead.
 */
export function afterFailure(
  item: ParkedItem,
  failure: Failure,
  now: number,
  { giveUpAfterMs, isSummarised, random = Math.random }: AfterFailure,
): ParkedItem {
  const { kind } = failure
  const tries = kind === 'throttled' ? item.tries : item.tries + 1
  const refusals = (item.refusals ?? 0) + Number(kind === 'refused')
  const copies = (item.copies ?? 0) + Number(kind === 'unsure')
  const isOld = now - (item.since ?? item.parkedAt) >= giveUpAfterMs
  const isDead =
    (kind === 'refused' && failure.isFinal) ||
    copies >= MOST_COPIES ||
    (isOld && (kind === 'throttled' || tries >= Math.min(FEWEST_TRIES, giveUpAfterMs / (2 * HOUR))))
  const asked = Math.min(LONGEST_WAIT_MS, Math.ceil(failure.retryAfterMs ?? 0))
  const wait =
    kind === 'throttled'
      ? asked || THROTTLED_MS
      : Math.max(asked, backoff(kind, { down: tries, refused: refusals, unsure: copies }[kind], random))
  return {
    ...item,
    group: groupAfter(item, failure, isSummarised),
    status: isDead ? 'dead' : 'waiting',
    tries,
    ...(refusals > 0 && { refusals }),
    ...(copies > 0 && { copies }),
    dueAt: isDead ? now : now + wait,
    waitMs: isDead ? 0 : wait,
    lastError:
      copies >= MOST_COPIES
        ? `${failure.message} (sent ${MOST_COPIES} times without an answer: it may have arrived)`
        : failure.message,
  }
}

/** An item that a person lets go again: what was given up begins a life of its own, as long as the first one. */
export function revived(item: ParkedItem, now: number): ParkedItem {
  if (item.status !== 'dead') return item
  return { ...item, status: 'waiting', tries: 0, refusals: 0, copies: 0, since: now }
}

/** Full jitter, but never at once: exponential from the first wait to the longest. */
function backoff(kind: keyof typeof WAITS, times: number, random: () => number): number {
  const { first, longest } = WAITS[kind]
  const ceiling = Math.min(longest, first * 2 ** (times - 1))
  return kind === 'down'
    ? Math.round(random() * ceiling)
    : Math.min(longest, Math.round(ceiling * (1 + random() / 4)))
}

function groupAfter(item: ParkedItem, { kind, unverifiable }: Failure, isSummarised: boolean): string {
  const { group, payload } = item
  if (payload.kind === 'unverified' || payload.kind === 'rest')
    return unverifiable === true ? groupInLane('unchecked', item) : group
  if (kind === 'refused') return groupInLane('aside', item)
  return kind === 'throttled' && payload.kind === 'alert' && isSummarised
    ? LANES.digest + payload.channel
    : group
}
