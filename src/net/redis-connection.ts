import { PERCENT_ENCODE, decoded } from './driver-url'
import type { Deadline } from './deadline'
import type { Endpoint } from './endpoint'
import { hostOf } from './endpoint'
import { failureOf } from './failure'
import { follow } from './follow'
import { type Address, openGuarded } from './guarded-socket'
import { failed, type Peer, peerAt } from './peer'
import type { PeerError } from './peer-error'
import { reasonOf } from './reason-of'
import type * as RedisClient from './redis-client'
import type { RunCommand } from './redis-script'
import { redisReplies } from './redis-replies'
import { shareConnection, type Connection, type SharedConnection } from './shared-connection'

/**
 * One connection to a Redis server, opened at the first command and shared by all, kept between invocations.
 *
 * The client is iovalkey: bundled it loads in 24 ms where ioredis takes 33 and @redis/client 45 (medians of 15 on the 2-core
 * machine), and it is the smallest of the three (123, 194 and 426 KB).
 */
export interface RedisConnection {
  readonly peer: Peer
  readonly endpoint: Endpoint
  /**
   * Runs one command (`['XADD', 'stream', …]`) and resolves with Redis's answer. Throws a PeerError that quotes Redis's own
   * words (its `code` is the first of them: `NOSCRIPT`), or says that the server could not be reached (`down`) or did not
   * answer by `deadline` (`unsure`).
   */
  command(words: readonly (string | number | Buffer)[], deadline: Deadline): Promise<unknown>
  /** Commands that Redis gets in the order in which `work` runs them: those of `command` may overtake each other while a connection is made. */
  inOrder<T>(deadline: Deadline, work: (run: RunCommand) => Promise<T>): Promise<T>
  /** Lets go of the connection; a later command opens another. */
  readonly close: () => void
}

interface Target extends Address {
  readonly auth: readonly string[]
  readonly db: string
}

interface Client extends Connection {
  run(words: readonly (string | number | Buffer)[]): Promise<unknown>
}

/** Server answers after which this connection leads nowhere better: the replica of a failover, a server that starts or ends. */
const STALE = new Set(['READONLY', 'LOADING', 'MASTERDOWN'])

/**
 * `driver` names the connection's user in errors: `redis`. Does not touch the network. Throws an Error that says what is wrong
 * with the URL (`redis[s]://[user:pass@]host[:port][/db]`), never the URL itself.
 */
export function redisConnection(driver: string, url: URL): RedisConnection {
  const target = targetOf(url)
  const peer = peerAt(`${driver}: ${url.host}`, url.href)
  let shared: SharedConnection<Client> | null = null
  // Begun now, so that the first command does not wait for it.
  const loaded = import('./redis-client').then(
    (library) => (shared = shareConnection(peer, (lost) => openClient(library, peer, target, lost))),
  )
  loaded.catch(() => undefined)
  return {
    peer,
    endpoint: { host: target.host, port: target.port },
    async command(words, deadline) {
      return (await loaded).use(deadline, (client) => client.run(words))
    },
    async inOrder(deadline, work) {
      return (await loaded).use(deadline, (client) => work((...words) => client.run(words)))
    },
    close: () => shared?.close(),
  }
}

function targetOf(url: URL): Target {
  const db = url.pathname.replace(/^\//, '')
  if (url.hostname === '') throw new Error('the host is missing: redis://host:6379/0')
  if (!/^\d{0,5}$/.test(db))
    throw new Error(`the path must be the number of the database: redis://host:6379/0; ${PERCENT_ENCODE}`)
  const user = decoded(url.username, 'user name')
  const password = decoded(url.password, 'password')
  return {
    host: hostOf(url),
    port: url.port === '' ? 6379 : Number(url.port),
    isTls: url.protocol === 'rediss:',
    auth: [user, password].filter((word) => word !== ''),
    db: db === '' ? '0' : db,
  }
}

function openClient(library: typeof RedisClient, peer: Peer, target: Target, lost: () => void): Client {
  const socket = openGuarded(target, follow(redisReplies()))
  class Connector extends library.AbstractConnector {
    constructor() {
      super(0)
    }
    connect(): Promise<typeof socket> {
      this.stream = socket
      return Promise.resolve(socket)
    }
  }
  // No retries, no queue, no ready check: a lost connection is replaced at the next use, within that use's own deadline.
  const client = new library.Redis({
    Connector,
    // Says which event to wait for.
    ...(target.isTls ? { tls: {} } : {}),
    lazyConnect: true,
    connectTimeout: 0,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  let reason: string | null = null
  // Also what nobody asked for: the next answer would be taken for that of another command.
  client.on('error', (error: Error) => {
    reason ??= reasonOf(error)
    socket.destroy()
  })
  client.on('close', lost)

  /** What is asked in one turn leaves in one write. */
  let isCorked = false
  const cork = (): void => {
    if (isCorked) return
    isCorked = true
    socket.cork()
    setImmediate(() => {
      isCorked = false
      socket.uncork()
    })
  }

  const lostWords = (): string => reason ?? 'the connection was lost'
  const run = async (command: readonly (string | number | Buffer)[]): Promise<unknown> => {
    if (!socket.writable) {
      // The peer may have ended the connection, and the client not yet have told of it.
      lost()
      throw failed(peer, lostWords())
    }
    cork()
    try {
      return await client.call(...(command as [string, ...string[]]))
    } catch (error) {
      // Not by its name: the minified bundle has changed it.
      if (!(error instanceof (library.ReplyError as typeof Error))) {
        lost()
        throw failed(peer, lostWords(), { kind: 'unsure' })
      }
      const code = /^[A-Z]+(?= )/.exec(error.message)?.[0] ?? null
      if (code !== null && STALE.has(code)) lost()
      // A server may quote what it was asked, cut off or changed, so that a password is not known for one.
      const words =
        command[0] === 'AUTH'
          ? `${code ?? 'ERR'} to AUTH: check user name and password in the URL`
          : reasonOf(error)
      throw failed(peer, `the server answered: ${words}`, { code })
    }
  }

  /** Nothing was asked yet that could have been done. */
  const prepare = async (...command: readonly string[]): Promise<void> => {
    try {
      await run(command)
    } catch (error) {
      throw failureOf(error).kind === 'unsure' ? failed(peer, lostWords()) : error
    }
  }

  const open = async (): Promise<void> => {
    try {
      await client.connect()
    } catch {
      throw failed(peer, reason ?? 'the connection failed')
    }
    // Not left to the client: it goes on, in database 0 or unauthenticated, when the server refuses one of these.
    if (target.auth.length > 0) await prepare('AUTH', ...target.auth)
    if (target.db !== '0') await prepare('SELECT', target.db)
  }

  return {
    ready: open(),
    run,
    socket,
    async check() {
      try {
        await run(['PING'])
      } catch (error) {
        // A user who may not ask for it is answered, too.
        if ((error as PeerError).code === null) throw error
      }
    },
    destroy: () => socket.destroy(),
  }
}
