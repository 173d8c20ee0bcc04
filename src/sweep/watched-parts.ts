import { type Failure, failureOf } from '../net/failure'
import type { Services } from '../services'

export interface Watched {
  readonly parts: Services
  /** Why the last of so many tries in a row at queue and channels came to nothing; null: they are not down. */
  readonly whyDown: () => Failure | null
}

/** The parts, watched: a body of thousands is not to be taken apart for destinations that take nothing now. `patience`: how many tries in a row are enough. */
export function watchedParts(services: Services, patience: number): Watched {
  let inARow = 0
  let last: Failure | null = null
  const { queue, channels } = services
  return {
    whyDown: () => (inARow >= patience ? last : null),
    parts: {
      ...services,
      queue: queue && {
        ...queue,
        async publish(events, deadline) {
          return noted(queue.publish(events, deadline), (failures) => failures[0] ?? null)
        },
      },
      channels: channels.map((named) => ({
        ...named,
        channel: {
          ...named.channel,
          async send(alert, deadline) {
            return noted(named.channel.send(alert, deadline), () => null)
          },
        },
      })),
    },
  }

  async function noted<T>(attempt: Promise<T>, whyOf: (result: T) => Failure | null): Promise<T> {
    try {
      const result = await attempt
      note(whyOf(result))
      return result
    } catch (error) {
      note(failureOf(error))
      throw error
    }
  }

  function note(failure: Failure | null): void {
    // One that throttles, or refuses this message, works.
    const isDown = failure?.kind === 'down' || failure?.kind === 'unsure'
    inARow = isDown ? inARow + 1 : 0
    last = failure
  }
}
