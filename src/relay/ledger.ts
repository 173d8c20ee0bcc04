import { inTime } from '../delivery/within'
import type { Log } from '../log'
import type { Claim, Store } from '../stores/store'
import { DEADLINES } from './deadlines'

/** Done claims are kept so long: a repeat within it is a duplicate. */
const KEPT_MS = 7 * 24 * 3_600_000

/** A claim on one callback: `free` is one without a ledger behind it (none configured, or down). */
export type Ticket =
  | { readonly kind: 'claimed'; readonly settle: () => Promise<void>; readonly release: () => Promise<void> }
  | Exclude<Claim, { kind: 'claimed' }>

/**
 * Claims `key` for as long as the invocation may last. A ledger that is down stops no delivery: the claim is then given without one, the
 * log says so, and a repeat may be delivered twice (with the same id).
 */
export async function claim(store: Store | null, key: string, leaseMs: number, log: Log): Promise<Ticket> {
  if (store === null) return withoutLedger
  let answer: Claim
  try {
    answer = await timed(() => store.claim(key, leaseMs))
  } catch (error) {
    log('warn', 'the ledger is down: delivering without it', { key, error: messageOf(error) })
    return withoutLedger
  }
  if (answer.kind !== 'claimed') return answer
  const { holder } = answer
  return {
    kind: 'claimed',
    settle: () =>
      reported(() => store.settle(key, KEPT_MS), 'the ledger took no note: a repeat may be delivered twice'),
    release: () =>
      reported(
        () => store.release(key, holder),
        'the claim was not given back: a repeat waits until it ends',
      ),
  }

  async function reported(step: () => Promise<void>, consequence: string): Promise<void> {
    try {
      await timed(step)
    } catch (error) {
      log('warn', consequence, { key, error: messageOf(error) })
    }
  }
}

const nothing = async (): Promise<void> => {}
const withoutLedger: Ticket = { kind: 'claimed', settle: nothing, release: nothing }

/** A store that hangs is a store that is down. */
export function timed<T>(step: () => Promise<T>): Promise<T> {
  return inTime(DEADLINES.store, step(), () => new Error('the store gave no answer within the time allowed'))
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
