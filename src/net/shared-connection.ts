import type { Socket } from 'node:net'
import { Deadline } from './deadline'
import { holder, isOpen, progressOf } from './guarded-socket'
import type { PeerError } from './peer-error'
import { failed, type Peer } from './peer'

/** One opened connection of a client library, as far as sharing it goes. */
export interface Connection {
  /** Resolves when it can be used; rejects with a PeerError when it could not be opened. */
  readonly ready: Promise<unknown>
  readonly socket: Socket
  /** One cheap round trip. Absent: an idle connection is replaced instead. */
  check?(): Promise<unknown>
  /** Lets go at once, with all that is in progress. May be called more than once; must not throw. */
  destroy(): void
}

export interface SharedConnection<C extends Connection> {
  /**
   * Runs `work` on the connection, opening one when there is none. Throws what `work` throws, or, once `deadline` is over, a PeerError: `down`
   * when there was no connection to work on, `unsure` when `work` had begun. Work that has begun is never begun again.
   */
  use<T>(deadline: Deadline, work: (connection: C) => Promise<T>): Promise<T>
  /** Lets go of the connection; a later use opens another. */
  readonly close: () => void
}

interface Lease<C> {
  readonly connection: C
  /** Lets the process, or the invocation, go on while the connection is at work (`true`) or end while it is idle (`false`). */
  readonly hold: (busy: boolean) => void
  readonly openedAt: number
  readonly made: Promise<void>
  users: number
  isMade: boolean
  isRetired: boolean
  /** How long it took to be made, in ms. */
  madeIn: number
  progress: number
  /** When the peer was last heard, by the wall clock: the monotonic one may stand still while an instance is frozen. */
  heardAt: number
  checking: Promise<boolean> | null
}

/** A connection that has been silent for longer is checked before it is trusted: on the way it may have been forgotten. */
const TRUSTED_MS = 1_000
/** How long a check may take; longer where the connection was long in the making. */
const CHECK_MS = { shortest: 300, longest: 1_000 } as const
/** What took longer was frozen meanwhile. */
const LONGEST_MAKING_MS = 4_000
/** A connection in the making is given up after such a silence, or after a third of the try when that is longer. */
const SILENCE_MS = 2_000
/** So often a connection in the making is looked at: when its peer was last heard is known no better. */
const LOOK_MS = 200
/** Work that was given so long, and got no answer, was given to a peer that hangs. */
const HUNG_MS = 1_000

/**
 * One connection for all uses at once, kept from one invocation to the next.
 *
 * One that is still being made when a use ends goes on being made, for the next one. One that is lost, could not be opened, was silent for too
 * long, or on which a use timed out is retired: those at work on it go on, the next use opens another, and the last to leave destroys it. So
 * a peer that hung is never asked twice on the same connection.
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
    const connection = open(() => retire(lease))
    const openedAt = Date.now()
    const lease: Lease<C> = {
      connection,
      hold: holder(connection.socket),
      openedAt,
      made: connection.ready.then(() => {
        lease.isMade = true
        lease.heardAt = Date.now()
        lease.madeIn = Math.min(LONGEST_MAKING_MS, Math.abs(lease.heardAt - openedAt))
      }),
      users: 0,
      isMade: false,
      isRetired: false,
      madeIn: 0,
      progress: progressOf(connection.socket),
      heardAt: openedAt,
      checking: null,
    }
    lease.made.catch(() => retire(lease))
    return lease
  }

  const enter = (lease: Lease<C>): void => {
    lease.users += 1
    if (lease.users === 1) lease.hold(true)
  }

  const leave = (lease: Lease<C>): void => {
    lease.users -= 1
    if (lease.users > 0) return
    if (lease.isRetired) lease.connection.destroy()
    else lease.hold(false)
  }

  /** A connection that can be trusted. */
  const prepare = async (deadline: Deadline): Promise<Lease<C>> => {
    const patience = Math.max(SILENCE_MS, deadline.left / 3)
    for (;;) {
      if (deadline.isOver) throw notConnected(peer)
      const before: Lease<C> | null = current
      const lease = (current ??= start())
      enter(lease)
      try {
        if (
          lease.isMade ? await answers(peer, lease, deadline) : await isMade(peer, lease, deadline, patience)
        )
          return lease
      } catch (error) {
        // One that was begun before may have been lost before, too.
        if (lease !== before || deadline.left === 0) throw error
      } finally {
        leave(lease)
      }
      retire(lease)
    }
  }

  const run = async <T>(
    lease: Lease<C>,
    deadline: Deadline,
    work: (connection: C) => Promise<T>,
  ): Promise<T> => {
    const startedAt = Date.now()
    const late = (): PeerError => {
      if (Date.now() - startedAt >= HUNG_MS) retire(lease)
      // It may be slow only: the next one to use it finds out.
      else lease.heardAt = -Infinity
      return failed(peer, 'no answer within the time allowed', { kind: 'unsure' })
    }
    enter(lease)
    try {
      const result = await deadline.hold(work(lease.connection), late)
      lease.heardAt = Date.now()
      return result
    } finally {
      leave(lease)
    }
  }

  /** Begins work on a connection on which nothing else is under way. */
  const begin = async <T>(deadline: Deadline, work: (connection: C) => Promise<T>): Promise<T> => {
    const kept = current
    if (kept?.isMade === true) {
      // So that its end is read, where the peer has ended it and nobody has looked since: all that lies there is read between two turns.
      enter(kept)
      await turn()
      await turn()
      if (!isOpen(kept.connection.socket)) retire(kept)
      leave(kept)
    }
    const lease = await prepare(deadline)
    // What is sent with no time for an answer comes twice.
    if (deadline.left < lease.madeIn / 4) throw notConnected(peer)
    return run(lease, deadline, work)
  }

  return {
    use(deadline, work) {
      const lease = current
      const isAtWork = lease !== null && lease.isMade && lease.users > 0 && isTrusted(lease)
      return isAtWork ? run(lease, deadline, work) : begin(deadline, work)
    },
    close() {
      const lease = current
      current = null
      lease?.connection.destroy()
    },
  }
}

const turn = (): Promise<void> => new Promise(setImmediate)

function isTrusted({ heardAt }: Lease<Connection>): boolean {
  return Math.abs(Date.now() - heardAt) < TRUSTED_MS
}

/** False when the peer was silent for too long. Rejects when the connection cannot be made, or not by the deadline. */
async function isMade(
  peer: Peer,
  lease: Lease<Connection>,
  deadline: Deadline,
  patience: number,
): Promise<boolean> {
  for (;;) {
    const progress = progressOf(lease.connection.socket)
    if (progress !== lease.progress) Object.assign(lease, { progress, heardAt: Date.now() })
    const silence = Math.abs(Date.now() - lease.heardAt)
    if (silence >= patience) return false
    if (await isDone(lease.made, deadline.within(Math.min(LOOK_MS, patience - silence)))) return true
    if (deadline.isOver) throw notConnected(peer)
  }
}

/** Whether an idle connection still leads to the peer. Those who ask at once share one check. */
async function answers(peer: Peer, lease: Lease<Connection>, deadline: Deadline): Promise<boolean> {
  if (isTrusted(lease)) return true
  lease.checking ??= check(lease).finally(() => (lease.checking = null))
  return deadline.hold(lease.checking, () => notConnected(peer))
}

async function check(lease: Lease<Connection>): Promise<boolean> {
  if (lease.connection.check === undefined) return false
  const patience = Math.min(CHECK_MS.longest, Math.max(CHECK_MS.shortest, lease.madeIn / 3))
  try {
    if (!(await isDone(lease.connection.check(), Deadline.in(patience)))) return false
  } catch {
    return false
  }
  lease.heardAt = Date.now()
  return !lease.isRetired
}

/** False when the deadline was over before. */
async function isDone(promise: Promise<unknown>, deadline: Deadline): Promise<boolean> {
  const late = new Error('late')
  try {
    await deadline.hold(promise, () => late)
    return true
  } catch (error) {
    if (error === late) return false
    throw error
  }
}

function notConnected(peer: Peer): PeerError {
  return failed(peer, 'not connected: no answer within the time allowed')
}
