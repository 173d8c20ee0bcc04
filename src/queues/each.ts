import type { CloudEvent } from '../callback/cloud-event'
import { type Failure, failureOf } from '../net/failure'

/** An answer for each event, of a service that takes one at a time. */
export async function each(
  events: readonly CloudEvent[],
  publish: (event: CloudEvent) => Promise<void>,
): Promise<readonly (Failure | null)[]> {
  return Promise.all(events.map((event) => publish(event).then(() => null, failureOf)))
}

/**
 * An answer for each event, of a service that takes many at once, in order, over one connection. `use` calls what it is given once it has a connection; what
 * fails as a whole leaves the answers that are there.
 */
export async function together(
  events: readonly CloudEvent[],
  use: (each: (publish: (event: CloudEvent) => Promise<void>) => Promise<void>) => Promise<void>,
): Promise<readonly (Failure | null)[]> {
  const answers: (Failure | null | undefined)[] = events.map(() => undefined)
  try {
    await use(async (publish) => {
      await Promise.all(
        events.map(async (event, index) => {
          answers[index] = await publish(event).then(() => null, failureOf)
        }),
      )
    })
  } catch (error) {
    const failure = failureOf(error)
    return answers.map((answer) => (answer === undefined ? failure : answer))
  }
  return answers.map((answer) => answer ?? null)
}
