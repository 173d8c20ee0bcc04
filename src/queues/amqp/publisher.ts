import type { Socket } from 'node:net'
import { Connection as RabbitConnection, type Channel, type ConnectionOptions } from 'rabbitmq-client'
import { follow } from '../../net/follow'
import { guard } from '../../net/guarded-socket'
import { failed, type Peer } from '../../net/peer'
import type { PeerError, PeerErrorOptions } from '../../net/peer-error'
import { reasonOf } from '../../net/reason-of'
import type { Connection } from '../../net/shared-connection'
import { framesOfBroker, framesTo, type Message } from './frames'

export interface Route {
  /** Empty: the default exchange, which routes by the name of the queue. */
  readonly exchange: string
  readonly routingKey: string
  /** Whether the queue is to be created. */
  readonly declare: boolean
}

export interface Publisher extends Connection {
  /** Resolves once the broker has confirmed the message. */
  publish(message: Message): Promise<void>
}

/** One message under way. */
interface Sent {
  readonly message: Message
  /** Of whoever waits for it: one that was given up may be asked for again. */
  resolve: () => void
  reject: (error: PeerError) => void
  /** No queue took it: the broker says so before it confirms the message. */
  isReturned: boolean
  /** The queue was declared anew for it. */
  isSecond: boolean
  /** Nobody waits for it any more: what became of it, or null while nobody knows. */
  fate: 'taken' | 'lost' | null
}

/** What rabbitmq-client does not offer. Its version is pinned exactly. */
interface Internals {
  readonly _socket: Socket
  /** What was asked for, and what was agreed with the broker: channels go by the former. */
  readonly _opt: { frameMax: number }
  readonly _state: { readonly heartbeatTimer?: NodeJS.Timeout; readonly frameMax: number }
}
interface ChannelInternals {
  readonly _state: {
    deliveryCount: number
    readonly unconfirmed: Map<
      number,
      { readonly resolve: () => void; readonly reject: (why: unknown) => void }
    >
    readonly incoming?: { readonly methodFrame: { readonly methodId: number } }
  }
  _onHeader(frame: { readonly fields: { readonly messageId?: string } }): void
  _handleRPC(methodId: number, data: unknown): void
}

/** The methods channel.close and basic.return, as the client numbers them. */
const CHANNEL_CLOSE = 0x140028
const BASIC_RETURN = 0x3c0032

/** Reply codes (AMQP 0-9-1, 1.1). */
const ACCESS_REFUSED = 403
const NOT_FOUND = 404
const PRECONDITION_FAILED = 406

/** Messages a write. */
const WRITTEN_TOGETHER = 8
/** How many messages are remembered of which a blocked broker did not say whether it took them. */
const MOST_ORPHANS = 100
/** What a broker took before it began to block is confirmed within so long. */
const CONFIRMS_WHILE_BLOCKED_MS = 100
/** A broker that blocks reads nothing, but it goes on sending heartbeats, two a minute: after such a silence it has to be heard first. */
const SILENT_WHILE_BLOCKED_MS = 90_000

/** Why the broker closed the channel. */
interface Closing {
  readonly replyCode: number
  readonly replyText: string
}

export function openPublisher(
  peer: Peer,
  options: ConnectionOptions,
  route: Route,
  lost: () => void,
): Publisher {
  const fail = (words: string, how?: PeerErrorOptions): PeerError => failed(peer, words, how)
  const connection = new RabbitConnection(options)
  const internals = connection as unknown as Internals
  const socket = internals._socket
  let heardAt = Date.now()
  let heard = (): void => undefined
  const inspect = follow(framesOfBroker())
  guard(socket, (chunk) => {
    heardAt = Date.now()
    heard()
    inspect(chunk)
  })

  /** Why the connection is of no more use, where the broker or the system said so. */
  let reason: string | null = null
  let closing: Closing | null = null
  /** Why the broker takes no messages now; null: it takes them. */
  let blocked: string | null = null
  let refuse: (error: Error) => void = () => undefined
  const refused = new Promise<never>((_, reject) => (refuse = reject))
  const end = (why: string): void => {
    reason ??= why
    refuse(fail(reason))
    // The client would reconnect by itself, on timers that nobody waits for: the next publish opens a connection of its own.
    connection.unsafeDestroy()
    lost()
  }
  const endBy = (error: Error): void => end(explained(error, route, options))
  connection.on('error', endBy)
  // Sooner than the client tells of it, and with the first cause.
  socket.on('error', endBy)

  const underWay = new Set<Sent>()
  /** By message id. */
  const orphans = new Map<string, Sent>()
  connection.on('connection.blocked', (why: string) => {
    blocked = why
    const error = fail(blockedWords(why))
    for (const sent of unwritten) settle(sent, error)
    unwritten = []
    setTimeout(orphan, CONFIRMS_WHILE_BLOCKED_MS).unref()
  })
  connection.on('connection.unblocked', () => (blocked = null))

  const settle = (sent: Sent, error: PeerError | null): void => {
    sent.fate = error === null ? 'taken' : 'lost'
    if (!underWay.delete(sent)) return
    if (error === null) sent.resolve()
    else sent.reject(error)
  }

  /** What was written is taken as soon as the broker reads on: nobody waits for that, and it must not be sent again. */
  const orphan = (): void => {
    if (blocked === null) return
    const error = fail(blockedWords(blocked), { kind: 'unsure' })
    for (const sent of underWay) {
      underWay.delete(sent)
      if (orphans.size < MOST_ORPHANS) orphans.set(sent.message.id, sent)
      sent.reject(error)
    }
  }

  const confirmed = (sent: Sent): void => {
    if (!sent.isReturned) settle(sent, null)
    else if (route.declare && !sent.isSecond && underWay.has(sent)) void declareAnew(sent)
    else settle(sent, fail(unroutable(route)))
  }

  const declareAnew = async (sent: Sent): Promise<void> => {
    sent.isSecond = true
    sent.isReturned = false
    try {
      await (await channel).queueDeclare({ queue: route.routingKey, durable: true })
    } catch (error) {
      settle(sent, fail(explained(error, route, options)))
      return
    }
    // The broker may have begun to block meanwhile.
    if (underWay.has(sent)) write(sent)
  }

  /** What a message that was not confirmed met with. */
  const unconfirmed = (sent: Sent, error: unknown): PeerError => {
    if ((error as { code?: unknown }).code === 'NACK')
      return fail('the broker did not take the message (basic.nack): the queue is full, or cannot store it')
    if (closing === null) return fail(reason ?? explained(error, route, options), { kind: 'unsure' })
    const { replyCode, replyText } = closing
    const size = /message size (\d+)/i.exec(replyText)?.[1]
    if (replyCode === PRECONDITION_FAILED && Number(size) === sent.message.size)
      return fail(`${replyText}: raise max_message_size there`, { kind: 'refused', isFinal: true })
    const isDown = replyCode === NOT_FOUND || replyCode === ACCESS_REFUSED
    return fail(wordsFor(replyCode, replyText, route, options), { kind: isDown ? 'down' : 'unsure' })
  }

  let unwritten: Sent[] = []
  let isToBeFlushed = false
  let frames: ReturnType<typeof framesTo> | null = null
  let tags: ChannelInternals['_state'] | null = null
  /** What is published in one turn leaves in few writes: one costs as much as all the rest of a publish. */
  const write = (sent: Sent): void => {
    // The broker begins with these while the next ones are made.
    if (unwritten.push(sent) === WRITTEN_TOGETHER) flush()
    else if (!isToBeFlushed) {
      isToBeFlushed = true
      setImmediate(() => {
        isToBeFlushed = false
        flush()
      })
    }
  }
  const flush = (): void => {
    if (frames === null || tags === null || unwritten.length === 0) return
    const batch = unwritten
    unwritten = []
    if (reason !== null || closing !== null || !socket.writable) {
      const words = reason ?? 'the connection was lost'
      batch.forEach((sent) => settle(sent, fail(words)))
      return
    }
    const seconds = Math.floor(Date.now() / 1000)
    const buffers: Buffer[] = []
    for (const sent of batch) {
      buffers.push(frames(sent.message, seconds))
      tags.unconfirmed.set(tags.deliveryCount++, {
        resolve: () => confirmed(sent),
        reject: (error) => settle(sent, unconfirmed(sent, error)),
      })
    }
    const [first] = buffers
    socket.write(buffers.length === 1 && first !== undefined ? first : Buffer.concat(buffers))
  }

  /** Before the confirm, of each of those that have this id: it may be under way twice. */
  const returned = (id: string | undefined): void => {
    for (const sent of [...underWay, ...orphans.values()]) if (sent.message.id === id) sent.isReturned = true
  }

  const watch = (opened: Channel): void => {
    const inner = opened as unknown as ChannelInternals
    const onHeader = inner._onHeader.bind(opened)
    inner._onHeader = (frame) => {
      if (inner._state.incoming?.methodFrame.methodId === BASIC_RETURN) returned(frame.fields.messageId)
      onHeader(frame)
    }
    const handleRpc = inner._handleRPC.bind(opened)
    inner._handleRPC = (methodId, data) => {
      if (methodId === CHANNEL_CLOSE) closing = data as Closing
      handleRpc(methodId, data)
    }
    opened.on('close', () => {
      if (closing === null) end('the broker closed the channel')
      else end(wordsFor(closing.replyCode, closing.replyText, route, options))
    })
    tags = inner._state
    frames = framesTo(opened.id, route.exchange, route.routingKey, internals._state.frameMax)
  }
  const open = async (): Promise<Channel> => {
    // Asked for any sooner, a channel would be waited for with a timer that holds the process.
    await new Promise((resolve) => connection.once('connection', resolve))
    internals._state.heartbeatTimer?.unref()
    internals._opt.frameMax = internals._state.frameMax
    try {
      const opened = await channelTo(route, connection)
      await opened.confirmSelect()
      watch(opened)
      return opened
    } catch (error) {
      throw fail(reason ?? explained(error, route, options))
    }
  }
  const channel = Promise.race([open(), refused])
  channel.catch(() => undefined)

  return {
    ready: channel,
    socket,
    async check() {
      // It would not be read; and a second connection would only be blocked, too.
      if (blocked === null) return (await channel).confirmSelect()
      if (Math.abs(Date.now() - heardAt) > SILENT_WHILE_BLOCKED_MS)
        await new Promise<void>((resolve) => (heard = resolve))
    },
    publish(message) {
      const earlier = orphans.get(message.id)
      if (earlier?.fate != null) orphans.delete(message.id)
      if (earlier?.fate === 'taken') return Promise.resolve()
      if (blocked !== null) return Promise.reject(fail(blockedWords(blocked)))
      return new Promise((resolve, reject) => {
        if (earlier?.fate === null) {
          // The broker reads on, and has come to it, or soon will.
          orphans.delete(message.id)
          underWay.add(Object.assign(earlier, { resolve, reject }))
          return
        }
        const sent = {
          message,
          resolve,
          reject,
          isReturned: false,
          isSecond: false,
          fate: null,
        }
        underWay.add(sent)
        write(sent)
      })
    },
    destroy: () => connection.unsafeDestroy(),
  }
}

/** A channel of a connection that leads to a queue or an exchange that is there. */
async function channelTo(route: Route, connection: RabbitConnection): Promise<Channel> {
  const channel = await connection.acquire()
  if (route.exchange !== '') {
    await channel.exchangeDeclare({ exchange: route.exchange, passive: true })
    return channel
  }
  const queue = { queue: route.routingKey }
  try {
    await channel.queueDeclare(route.declare ? { ...queue, durable: true } : { ...queue, passive: true })
    return channel
  } catch (error) {
    const { code } = error as { code?: unknown }
    // It is there, declared in another way, or another connection's own: messages go there all the same.
    const isThere = code === 'PRECONDITION_FAILED' || code === 'RESOURCE_LOCKED'
    if (!isThere && !(route.declare && code === 'ACCESS_REFUSED')) throw error
    const next = await connection.acquire()
    // Who may not create a queue may still use it.
    if (!isThere) await next.queueDeclare({ ...queue, passive: true })
    return next
  }
}

function blockedWords(why: string): string {
  return `the broker takes no messages now (${why})`
}

const CODES: Readonly<Record<string, number>> = { ACCESS_REFUSED, NOT_FOUND, PRECONDITION_FAILED }

/** Plain words for the broker's commonest refusals, and what to do; its own for all others. */
function explained(error: unknown, route: Route, options: ConnectionOptions): string {
  const { code } = error as { code?: unknown }
  const words = reasonOf(error).replace(/^undefined: /, '')
  const user = `the user "${options.username ?? ''}"`
  const vhost = `vhost "${options.vhost ?? ''}"`
  if (/^ACCESS_REFUSED - Login/.test(words))
    return `${user} may not log in (${words}): check user name and password in the URL`
  if (code === 'NOT_ALLOWED')
    return `${user} may not use ${vhost} (${words}): create it, or give the user permissions on it`
  return wordsFor(CODES[String(code)] ?? 0, words, route, options)
}

function wordsFor(code: number, words: string, route: Route, { username, vhost }: ConnectionOptions): string {
  const where = `in vhost "${vhost ?? ''}"`
  if (code === ACCESS_REFUSED)
    return `the user "${username ?? ''}" is refused ${where} (${words}): give it the permissions it needs there`
  if (code !== NOT_FOUND) return words
  return route.exchange === ''
    ? `there is no queue "${route.routingKey}" ${where}: create it, or add declare=1 to the URL`
    : `there is no exchange "${route.exchange}" ${where}: create it`
}

function unroutable(route: Route): string {
  return route.exchange === ''
    ? `there is no queue "${route.routingKey}" any more: the message was returned`
    : `exchange "${route.exchange}" has no queue for routing key "${route.routingKey}": the message was returned, bind a queue`
}
