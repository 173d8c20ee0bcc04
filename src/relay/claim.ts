import { messageOf } from '../log'
import { timed } from '../outbox/timed'
import type { ClaimAnswer, Ledger } from '../stores/store'
import { DEADLINES } from '../deadlines'
import { LAST_SWEEP } from './last-sweep'
import type { Services } from '../services'
import type { CallbackContext } from './callback-context'

/** A claim on one callback; one without a ledger (none configured, or down) is claimed, too. */
export type Claim =
  | { readonly kind: 'claimed'; readonly settle: () => Promise<void>; readonly release: () => Promise<void> }
  | Exclude<ClaimAnswer, { kind: 'claimed' }>

/** The shortest time in which a ledger that is up can answer, when a read-back has used up the rest. */
const SHORTEST_CLAIM_MS = 200

/**
 * Claims `key` for as long as the invocation may last. A ledger that is down stops no delivery: the claim is then given without one, the
 * log says so, and a repeat may be delivered twice (with the same id), unless the ledger is back by the time of settling. Not so where it must
 * be claimed: then it is as if another worker had it.
 */
export async function claim(
  { store, ledgerKeepMs, log }: Pick<Services, 'store' | 'ledgerKeepMs' | 'log'>,
  key: string,
  {
    leaseMs,
    deadline,
    mustClaim,
    seesSweep,
  }: Pick<CallbackContext, 'leaseMs' | 'deadline' | 'mustClaim' | 'seesSweep'>,
): Promise<Claim> {
  if (store === null) return { kind: 'claimed', settle: nothing, release: nothing }
  const settle = (): Promise<void> =>
    reported(
      () => store.settle(key, ledgerKeepMs),
      'the ledger took no note: a repeat may be delivered twice',
    )
  let answer: ClaimAnswer
  try {
    const ms = Math.max(SHORTEST_CLAIM_MS, deadline.within(DEADLINES.claim).left)
    answer = await timed(() => store.claim(key, leaseMs, seesSweep && LAST_SWEEP), ms)
  } catch (error) {
    if (mustClaim) {
      log('warn', 'the ledger is down: left for later', { key, error: messageOf(error) })
      return { kind: 'held', retryAfterMs: leaseMs }
    }
    log('warn', 'the ledger is down: delivering without it', { key, error: messageOf(error) })
    return { kind: 'claimed', settle, release: nothing }
  }
  if (answer.note !== undefined) seesSweep?.(answer.note)
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

/** Whether the ledger knows it as done. */
export async function isSettled(ledger: Ledger, key: string): Promise<boolean> {
  return (await ledger.areSettled([key]))[0] === true
}

const nothing = async (): Promise<void> => {}
