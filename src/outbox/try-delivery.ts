import type { CloudEvent } from '../callback/cloud-event'
import type { Deadline } from '../net/deadline'
import { failure, type Failure, failureOf } from '../net/failure'
import type { ParkedItem, Store } from '../stores/store'
import { DEADLINES } from '../deadlines'
import type { Delivery } from './delivery'
import { timed } from './timed'
import type { NamedChannel, Services } from '../services'

/** Drivers settle by their deadline; one that does not is waited for so much longer. */
const GRACE_MS = 50

/** One try at a delivery, asking for the channel's limit included; null when the destination has taken it. Never throws. */
export async function tryDelivery(
  { queue, channels, store }: Pick<Services, 'queue' | 'channels' | 'store'>,
  { payload }: Pick<Delivery, 'payload'>,
  deadline: Deadline,
): Promise<Failure | null> {
  if (payload.kind === 'message') return (await tryMessages({ queue }, [payload.event], deadline))[0] ?? null
  const named = channels.find(({ id }) => id === payload.channel)
  if (named === undefined) return failure(noLongerThere(payload.channel))
  const { channel } = named
  const wait = await waitBefore(store, named, deadline)
  if (wait > 0)
    return failure(`${channel.scheme}: held back to keep within the channel's limit`, {
      kind: 'throttled',
      retryAfterMs: wait,
    })
  return attempt(deadline, async () => {
    if (payload.kind === 'alert') await channel.send(payload.alert, deadline)
    else await channel.resolve?.(payload.incident, deadline)
    return null
  })
}

/** One try at several messages; for each, null when the queue has taken it. Never throws. */
export async function tryMessages(
  { queue }: Pick<Services, 'queue'>,
  events: readonly CloudEvent[],
  deadline: Deadline,
): Promise<readonly (Failure | null)[]> {
  if (queue === null) return events.map(() => failure('QUEUE_URL is no longer set'))
  let answers: readonly (Failure | null)[] = []
  const failed = await attempt(deadline, async () => {
    answers = await queue.publish(events, deadline)
    return null
  })
  return failed === null ? answers : events.map(() => failed)
}

async function attempt(deadline: Deadline, deliver: () => Promise<Failure | null>): Promise<Failure | null> {
  if (deadline.isOver) return failure('no time was left for it')
  try {
    return await deadline.plus(GRACE_MS).hold(deliver(), () => new Error('gave no answer'))
  } catch (error) {
    return failureOf(error)
  }
}

/**
 * How long a channel must be left alone. Counted in the store, so that all instances together keep within its limit; over a little more than
 * its time, for a message may be under way for as long as an attempt lasts, and the next be quicker.
 */
async function waitBefore(
  store: Store | null,
  { id, channel: { limit } }: NamedChannel,
  deadline: Deadline,
): Promise<number> {
  if (limit === null || store === null) return 0
  try {
    const perMs = limit.perMs + Math.min(DEADLINES.attempt, limit.perMs / 10)
    const asking = deadline.within(DEADLINES.store).left
    return await timed(() => store.admit(`limit/${id}`, limit.messages, perMs), asking)
  } catch {
    return 0
  }
}

/** Whether an item is for a channel that is no longer in ALERT_URLS, or is there by another key: it can never go there. */
export function isForNobody(
  { payload }: Pick<ParkedItem, 'payload'>,
  channels: readonly NamedChannel[],
): boolean {
  return 'channel' in payload && !channels.some(({ id }) => id === payload.channel)
}

export function noLongerThere(channel: string): string {
  return `the channel ${channel} is no longer in ALERT_URLS`
}
