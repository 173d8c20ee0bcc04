import type { HandlerProcess } from './handler-process'

/** The handler that takes the next call: can be exchanged while calls run. */
export interface HandlerSlot {
  readonly call: HandlerProcess['call']
  readonly has: (handler: string) => boolean
  /** Puts a freshly started handler in place; the old one answers what it has begun. Rejects, and changes nothing, when it cannot start. */
  readonly exchange: () => Promise<void>
  readonly close: () => Promise<void>
}

export async function openHandlerSlot(start: () => Promise<HandlerProcess>): Promise<HandlerSlot> {
  let current = await start()
  let starting: Promise<HandlerProcess> | null = null
  const leaving = new Set<Promise<void>>()

  const exchange = async (): Promise<void> => {
    starting ??= start().finally(() => (starting = null))
    const next = await starting
    if (next === current) return
    const old = current
    current = next
    const left = old.close().finally(() => leaving.delete(left))
    leaving.add(left)
  }

  return {
    call: async (...args) => {
      // One that crashed has failed its own calls; the next call deserves a new one.
      if (current.ended()) await exchange()
      return current.call(...args)
    },
    has: (handler) => current.handlers.includes(handler),
    exchange,
    close: async () => {
      await Promise.all([current.close(), ...leaving])
    },
  }
}
