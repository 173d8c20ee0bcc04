import { Deadline } from '../delivery/deadline'
import type { Claim, Store } from '../stores/store'
import { DEADLINES } from './deadlines'
import type { RelayParts } from './parts'
import type { Run } from './run'

/** A claim on one callback; one without a ledger (none configured, or down) is claimed, too. */
export type Ticket =
  | { readonly kind: 'claimed'; readonly settle: () => Promise<void>; readonly release: () => Promise<void> }
  | Exclude<Claim, { kind: 'claimed' }>

/** The shortest time in which a ledger that is up can answer, when a read-back has used up the rest. */
const SHORTEST_CLAIM_MS = 200

/**
 * Claims `key` for as long as the invocation may last. A ledger that is down stops no delivery: the claim is then given without one, the
 * log says so, and a repeat may be delivered twice (with the same id), unless the ledger is back by the time of settling. Not so where it must
 * be claimed: then it is as if another worker had it.
 */
export async function claim(
  { store, ledgerKeepMs, log }: Pick<RelayParts, 'store' | 'ledgerKeepMs' | 'log'>,
  key: string,
  { leaseMs, deadline, mustClaim }: Pick<Run, 'leaseMs' | 'deadline' | 'mustClaim'>,
): Promise<Ticket> {
  if (store === null) return { kind: 'claimed', settle: nothing, release: nothing }
  const settle = (): Promise<void> =>
    reported(
      () => store.settle(key, ledgerKeepMs),
      'the ledger took no note: a repeat may be delivered twice',
    )
  let answer: Claim
  try {
    const ms = Math.max(SHORTEST_CLAIM_MS, deadline.within(DEADLINES.claim).left)
    answer = await timed(() => store.claim(key, leaseMs), ms)
  } catch (error) {
    if (mustClaim) {
      log('warn', 'the ledger is down: left for later', { key, error: messageOf(error) })
      return { kind: 'held', retryAfterMs: leaseMs }
    }
    log('warn', 'the ledger is down: delivering without it', { key, error: messageOf(error) })
    return { kind: 'claimed', settle, release: nothing }
  }
  if (answer.kind !== 'claimed') return answer
  const { holder } = answer
  return {
    kind: 'claimed',
    settle,
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

/** Whether the ledger knows it as done; asked by a claim that is given back at once. */
export async function isSettled(store: Store, key: string): Promise<boolean> {
  const answer = await store.claim(key, 1_000)
  if (answer.kind === 'claimed') await store.release(key, answer.holder)
  return answer.kind === 'done'
}

const nothing = async (): Promise<void> => {}

/** A store that hangs is a store that is down. */
export function timed<T>(step: () => Promise<T>, ms: number = DEADLINES.store): Promise<T> {
  return Deadline.in(ms).hold(step(), () => new Error('the store gave no answer within the time allowed'))
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
