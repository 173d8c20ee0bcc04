import type { Socket } from 'node:net'
import { type Address, openSocket } from './open-socket'

export type { Address }

/** Looks at each chunk that a peer sends, before the client library does. Throws when no peer of its kind would send that. */
export type Inspect = (chunk: Buffer) => void

/** Opens a connection for a client library to use, guarded as by `guard`. */
export function openGuarded(address: Address, inspect: Inspect): Socket {
  const socket = openSocket(address)
  guard(socket, inspect)
  return socket
}

/**
 * Keeps what a peer sends from doing harm: whatever `inspect` or a listener of this socket throws, or an asynchronous listener rejects
 * with, ends this one connection, with the fault as its error. Client libraries parse in such listeners, and trust what they read: left
 * alone, a fault there would end the process.
 */
export function guard(socket: Socket, inspect: Inspect): void {
  const end = (fault: unknown): void => {
    socket.destroy(fault instanceof Error ? fault : new Error(String(fault)))
  }
  const push = socket.push.bind(socket)
  socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    try {
      if (Buffer.isBuffer(chunk)) inspect(chunk)
    } catch (fault) {
      end(fault)
      return false
    }
    return push(chunk, encoding)
  }
  const emit = (event: string | symbol, ...values: unknown[]): boolean => {
    const listeners = socket.rawListeners(event)
    for (const listener of listeners) {
      try {
        const outcome: unknown = Reflect.apply(listener, socket, values)
        if (outcome instanceof Promise) outcome.catch(end)
      } catch (fault) {
        end(fault)
      }
    }
    return listeners.length > 0
  }
  socket.emit = emit as typeof socket.emit
}

/** No protocol answers in fewer: a peer that sends byte by byte gets nowhere. */
const LEAST_BYTES = 4

/** Another number whenever a connection that is being made gets on: each address that is tried in vain is none. */
export function progressOf(socket: Socket): number {
  const { secureConnecting } = socket as Socket & { readonly secureConnecting?: boolean }
  const pieces = Math.floor(socket.bytesRead / LEAST_BYTES)
  return pieces + Number(!socket.connecting) + Number(secureConnecting === false)
}

/** Whether neither side has ended it, as far as it was read. */
export function isOpen(socket: Socket): boolean {
  return socket.writable && !socket.readableEnded
}

/** Lets a socket keep the process going, or end. Each address that is tried is a handle of its own, which keeps it going again. */
export function holder(socket: Socket): (busy: boolean) => void {
  let isHeld = true
  socket.once('connect', () => {
    if (!isHeld) socket.unref()
  })
  return (busy) => {
    isHeld = busy
    if (busy) socket.ref()
    else socket.unref()
  }
}
