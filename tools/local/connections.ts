import type { Server } from 'node:http'
import type { Socket } from 'node:net'

const MOST_STRANGERS = 256
/** How long a peer is listened to that has been answered before it said all that it had to say. */
const LINGER_MS = 5_000
const LAST_LINGER_MS = 300

/** A server's connections: those that have shown no token yet are bounded in number, and the oldest gives way to a new one. */
export interface Connections {
  /** A request has come: it will be answered even if the server stops meanwhile. */
  readonly begin: (socket: Socket) => void
  /** The request has the token: its connection gives way to nobody. */
  readonly admit: (socket: Socket) => void
  /** The answer is out. */
  readonly finish: (socket: Socket) => void
  /** Nothing more is taken from this connection; it ends with the answer that is under way. */
  readonly endAfterAnswer: (socket: Socket) => void
  /** Whether nothing more is taken from it. One that goes on asking when it has its last answer is cut off. */
  readonly isOver: (socket: Socket) => boolean
  /** Ends what waits for a request at once, and the rest soon after its answer. */
  readonly endAll: () => void
}

export function boundConnections(server: Server): Connections {
  const strangers = new Set<Socket>()
  const quiet = new Set<Socket>()
  const ending = new WeakSet<Socket>()
  let lingerMs = LINGER_MS

  const expectRequest = (socket: Socket): void => {
    strangers.add(socket)
    quiet.add(socket)
  }
  server.on('connection', (socket: Socket) => {
    const [oldest] = strangers
    if (oldest !== undefined && strangers.size >= MOST_STRANGERS) oldest.destroy()
    expectRequest(socket)
    socket.once('close', () => {
      strangers.delete(socket)
      quiet.delete(socket)
    })
  })

  return {
    begin: (socket) => void quiet.delete(socket),
    admit: (socket) => void strangers.delete(socket),
    finish: (socket) => {
      if (!socket.destroyed) expectRequest(socket)
    },
    endAfterAnswer: (socket) => {
      ending.add(socket)
      // node:http calls this after the last answer. Closed at once, a connection on which bytes still come is reset, and the reset takes the
      // answer with it: so only our half is closed, and what comes is thrown away for a while.
      socket.destroySoon = () => {
        socket.end()
        setTimeout(() => socket.destroy(), lingerMs).unref()
      }
    },
    isOver: (socket) => {
      if (ending.has(socket) && socket.writableEnded) socket.destroy()
      return ending.has(socket)
    },
    endAll: () => {
      lingerMs = LAST_LINGER_MS
      quiet.forEach((socket) => socket.destroy())
    },
  }
}
