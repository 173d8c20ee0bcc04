import { monotonicMs } from './monotonic-ms'

interface Waiter {
  /** By the monotonic clock. */
  readonly at: number
  readonly call: () => void
  /** In `waiters`; -1: no longer. */
  place: number
}

/**
 * Until when something may be waited for. All who wait share one timer: it is set while somebody waits, and each callback has a dozen waits that
 * come to nothing.
 *
 * An answer that lies in a socket already, unread because the process was busy (a cold start), still counts: it is read before the verdict.
 */
export class Deadline {
  readonly #endsAt: number

  private constructor(endsAt: number) {
    this.#endsAt = endsAt
  }

  /** Ends `ms` from now; at once, when that is none. */
  static in(ms: number): Deadline {
    return new Deadline(monotonicMs() + ms)
  }

  /** What is left of it, in ms; never negative. */
  get left(): number {
    return Math.max(0, this.#endsAt - monotonicMs())
  }

  get isOver(): boolean {
    return monotonicMs() >= this.#endsAt
  }

  /** This one, or one that ends `ms` from now: the sooner. */
  within(ms: number): Deadline {
    return new Deadline(Math.min(this.#endsAt, monotonicMs() + ms))
  }

  /** One that ends `ms` later. */
  plus(ms: number): Deadline {
    return new Deadline(this.#endsAt + ms)
  }

  /** Calls once when it is over, unless what is returned is called before. */
  onceOver(call: () => void): () => void {
    return wait({ at: this.#endsAt, call, place: waiters.length })
  }

  /** The outcome of a promise, or a rejection with `late()` when that is over first; what was waited for goes on unheard. */
  hold<T>(promise: Promise<T>, late: () => Error): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = this.onceOver(() => reject(late()))
      promise.then(
        (value) => {
          stop()
          resolve(value)
        },
        (error: unknown) => {
          stop()
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- handed on as it came
          reject(error)
        },
      )
    })
  }
}

/**
 * In no order. Not a Set: that makes itself anew every few changes, and whatever the old ones held, whole requests and answers, stays until V8 next
 * goes through all of its memory.
 */
const waiters: Waiter[] = []
let timer: NodeJS.Timeout | null = null
let rings = Infinity

function wait(waiter: Waiter): () => void {
  waiters.push(waiter)
  if (waiter.at < rings) setTimer(waiter.at)
  return () => {
    if (leave(waiter) && waiters.length === 0) stopTimer()
  }
}

function leave(waiter: Waiter): boolean {
  const { place } = waiter
  const last = place === -1 ? undefined : waiters.pop()
  if (last === undefined) return false
  if (last !== waiter) {
    waiters[place] = last
    last.place = place
  }
  waiter.place = -1
  return true
}

function setTimer(at: number): void {
  stopTimer()
  rings = at
  // Rounded up: a timer that rings before its time would have to be set again.
  timer = setTimeout(() => setImmediate(ring), Math.max(0, Math.ceil(at - monotonicMs())))
}

function stopTimer(): void {
  if (timer !== null) clearTimeout(timer)
  timer = null
  rings = Infinity
}

/** Most who waited for the time it was set for have left meanwhile. */
function ring(): void {
  stopTimer()
  const now = monotonicMs()
  for (const waiter of waiters.filter(({ at }) => at <= now)) if (leave(waiter)) waiter.call()
  // What was called may have set the timer already.
  const next = Math.min(...waiters.map(({ at }) => at))
  if (next < rings) setTimer(next)
}
