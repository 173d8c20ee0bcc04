import type { Deadline } from './deadline'
import type { PeerError } from './peer-error'
import { failed, type Peer } from './peer'

/** One opened connection of a client library, as far as sharing it goes. */
export interface Connection {
  /** Resolves when it can be used; rejects when it could not be opened. */
  readonly ready: Promise<unknown>
  /** Lets the process, or the invocation, go on while this connection is at work (`true`) or end while it is idle (`false`). */
  hold(busy: boolean): void
  /** Lets go at once, with all that is in progress. May be called more than once; must not throw. */
  destroy(): void
}

export interface SharedConnection<C extends Connection> {
  /**
   * Runs `work` on the connection, opening one when there is none. Throws what `work` throws, or a PeerError as soon as
   * `deadline` aborts.
   */
  use<T>(deadline: Deadline, work: (connection: C) => Promise<T>): Promise<T>
  /** Lets go of the connection; a later use opens another. */
  readonly close: () => void
}

interface Lease<C> {
  readonly connection: C
  users: number
  isRetired: boolean
  /** Not used since it was last idle: the peer may have dropped it meanwhile, unseen by an instance that was frozen. */
  isStale: boolean
}

/**
 * One connection for all uses at once, kept from one invocation to the next.
 *
 * A connection that is lost, could not be opened, or on which a use timed out is retired: those at work on it go on, the next use
 * opens another, and the last to leave destroys it. So a peer that hung is never asked twice on the same connection. A use that
 * finds a kept connection lost is tried once more on a new one.
 *
 * `open` must not throw; it calls `lost` when the connection is of no more use.
 */
export function shareConnection<C extends Connection>(
  peer: Peer,
  open: (lost: () => void) => C,
): SharedConnection<C> {
  let current: Lease<C> | null = null

  const retire = (lease: Lease<C>): void => {
    lease.isRetired = true
    if (current === lease) current = null
    if (lease.users === 0) lease.connection.destroy()
  }

  const start = (): Lease<C> => {
    const lease: Lease<C> = {
      connection: open(() => retire(lease)),
      users: 0,
      isRetired: false,
      isStale: false,
    }
    lease.connection.ready.catch(() => retire(lease))
    return lease
  }

  const useOnce = async <T>(
    lease: Lease<C>,
    deadline: Deadline,
    work: (connection: C) => Promise<T>,
  ): Promise<T> => {
    lease.users += 1
    if (lease.users === 1) lease.connection.hold(true)
    try {
      const result = await beforeAbort(peer, deadline, run(lease.connection, work))
      lease.isStale = false
      return result
    } finally {
      lease.users -= 1
      if (deadline.isOver) retire(lease)
      else if (lease.users === 0) {
        if (lease.isRetired) lease.connection.destroy()
        else {
          lease.isStale = true
          lease.connection.hold(false)
        }
      }
    }
  }

  return {
    async use(deadline, work) {
      if (deadline.isOver) throw late(peer)
      const lease = (current ??= start())
      const wasStale = lease.isStale
      try {
        return await useOnce(lease, deadline, work)
      } catch (error) {
        if (!wasStale || !lease.isRetired || hasAborted(deadline)) throw error
        return useOnce((current ??= start()), deadline, work)
      }
    },
    close() {
      const lease = current
      current = null
      lease?.connection.destroy()
    },
  }
}

async function run<C extends Connection, T>(connection: C, work: (connection: C) => Promise<T>): Promise<T> {
  await connection.ready
  return work(connection)
}

/** Asked anew: it may have aborted since the last look. */
function hasAborted(deadline: Deadline): boolean {
  return deadline.isOver
}

function late(peer: Peer): PeerError {
  return failed(peer, 'no answer within the time allowed')
}

/** The promise's outcome, unless `deadline` aborts first. */
function beforeAbort<T>(peer: Peer, deadline: Deadline, promise: Promise<T>): Promise<T> {
  return deadline.hold(promise, () => late(peer))
}
