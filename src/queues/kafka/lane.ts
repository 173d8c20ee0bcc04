import { Deadline } from '../../net/deadline'
import { failed } from '../../net/peer'
import type { PeerError, PeerErrorOptions } from '../../net/peer-error'
import { INIT_PRODUCER_ID, PRODUCE } from './api'
import type { Broker } from './broker'
import type { Place } from './brokers'
import { pause } from './cluster'
import { type Delivery, inDoubt, late } from './delivery'
import { told, verdictOf, wordsOf } from './errors'
import type { Target } from './target'

/** Everything that goes to one leader. */
export interface Lane {
  push(delivery: Delivery): void
}

export interface LaneOptions {
  readonly target: Target
  readonly place: Place
  /** Messages that are not for this leader, or cannot reach it; `error` says why. */
  readonly reroute: (deliveries: readonly Delivery[], error: PeerError) => void
  /** A request is on its way. */
  readonly onWork: (broker: Broker) => void
}

/** The messages of one partition in one request: Kafka takes or refuses them as one. */
interface Batch {
  readonly partition: number
  readonly firstSequence: number
  readonly deliveries: readonly Delivery[]
}

/** What is on its way. */
interface Flight {
  readonly batches: readonly Batch[]
  readonly deliveries: readonly Delivery[]
  isWritten: boolean
  /** Its connection ended before the answer came: it is sent again as it was. */
  isLost: boolean
}

/** Messages in one request. */
export const MOST_TOGETHER = 500
/** Bytes of a batch that brokers take unless told otherwise (message.max.bytes), and of its header. */
const LARGEST_BATCH = 1_048_588
const BATCH_HEADER = 61
const LONGEST_QUIET_MS = 60_000
const LONGEST_REPLICATION_MS = 30_000
const UNKNOWN = -1

/**
 * One request at a time. Of several at once on one idempotent producer, one whose answer got lost leaves its sequence numbers in doubt, and the broker
 * drops the next that takes them as a repeat. A request whose connection is lost goes out once more as it was, under the same numbers, so that the broker
 * can tell; after any other doubt the lane begins anew, as another producer.
 */
export function openLane({ target, place, reroute, onWork }: LaneOptions): Lane {
  const { topic, isIdempotent } = target
  const { peer, connection } = place
  let waiting: Delivery[] = []
  let isBusy = false
  let flight: Flight | null = null
  let producer: { readonly producerId: string; readonly producerEpoch: number } | null = null
  /** The next one of each partition. */
  let sequences = new Map<number, number>()
  /** By the wall clock: until then the broker wants to be left alone. */
  let quietUntil = 0
  /** Bytes: less, once the topic has refused that much. */
  let largestBatch = LARGEST_BATCH

  const work = async (): Promise<void> => {
    isBusy = true
    // What others have for this leader in the same turn goes along: each request costs a write, a read and a batch.
    await new Promise(setImmediate)
    while (hasWork()) await turn()
    isBusy = false
  }

  /** Answers those that have no time left; is there anything left to do? */
  const hasWork = (): boolean => {
    const quietMs = quietUntil - Date.now()
    waiting = waiting.filter((delivery) => {
      if (!delivery.isDone && delivery.deadline.left <= quietMs) delivery.done(throttled(quietMs))
      else if (delivery.deadline.isOver) delivery.done(late(delivery))
      return !delivery.isDone
    })
    if (flight?.deliveries.every(({ isDone }) => isDone) === true) beginAnew()
    return flight !== null || waiting.length > 0
  }

  /** Once there and back; never rejects. */
  const turn = async (): Promise<void> => {
    const quietMs = quietUntil - Date.now()
    if (quietMs > 0) {
      await pause(Deadline.in(quietMs))
      return
    }
    const deadline = latest(flight?.deliveries ?? waiting)
    try {
      await connection.use(deadline, flush)
    } catch (error) {
      stop(told(peer, error), deadline)
    }
  }

  /** The connection ended, or could not be made, or the deadline is over. */
  const stop = (error: PeerError, deadline: Deadline): void => {
    const stopped = flight
    if (stopped?.isWritten === true) {
      if (isIdempotent && !stopped.isLost && !deadline.isOver) {
        stopped.isLost = true
        return
      }
      beginAnew()
      for (const delivery of stopped.deliveries) delivery.done(inDoubt(peer, error))
      return
    }
    if (stopped !== null) waiting.unshift(...stopped.deliveries)
    flight = null
    if (error.code !== null) for (const delivery of waiting) delivery.done(error)
    // A deadline speaks for itself, to each that it is over for.
    else if (!deadline.isOver) reroute(waiting.splice(0), error)
  }

  /** Sends what waits, or again what was not answered on the last connection, and hands out the answers. */
  const flush = async (broker: Broker): Promise<void> => {
    if (isIdempotent) producer ??= await introduce(broker)
    const sent = (flight ??= takeOff())
    if (sent === null) return
    const answer = broker.ask(
      PRODUCE,
      {
        acks: -1,
        timeout: LONGEST_REPLICATION_MS,
        ...producer,
        topicData: [{ topic, partitions: sent.batches.map(partOf) }],
      },
      () => {
        sent.isWritten = true
        for (const delivery of sent.deliveries) delivery.isWritten = true
      },
    )
    onWork(broker)
    const produced = await answer
    // Else it was given up meanwhile.
    if (flight === sent) land(sent, produced)
  }

  const introduce = async (broker: Broker): Promise<typeof producer> => {
    const { errorCode, producerId, producerEpoch } = await broker.ask(INIT_PRODUCER_ID, {
      transactionTimeout: LONGEST_REPLICATION_MS,
    })
    if (errorCode === 0) return { producerId, producerEpoch }
    const code = verdictOf(errorCode) === 'moved' ? null : String(errorCode)
    throw failed(peer, wordsOf(errorCode, topic), { code })
  }

  /** As many of those that wait, in their order, as go into one request. */
  const takeOff = (): Flight | null => {
    const batches = new Map<number, Delivery[]>()
    let count = 0
    let bytes = 0
    let most = MOST_TOGETHER
    for (const delivery of waiting) {
      const batch = batches.get(delivery.partition)
      const more = delivery.size + (batch === undefined ? BATCH_HEADER : 0)
      most = Math.min(most, delivery.mostTogether)
      if (count > 0 && (count >= most || bytes + more > largestBatch)) break
      if (batch === undefined) batches.set(delivery.partition, [delivery])
      else batch.push(delivery)
      count += 1
      bytes += more
    }
    if (count === 0) return null
    return {
      batches: Array.from(batches, ([partition, deliveries]) => ({
        partition,
        firstSequence: sequences.get(partition) ?? 0,
        deliveries,
      })),
      deliveries: waiting.splice(0, count),
      isWritten: false,
      isLost: false,
    }
  }

  /** Hands out the answers. */
  const land = (sent: Flight, { topics, clientSideThrottleTime = 0 }: KafkaWire.Produced): void => {
    flight = null
    if (clientSideThrottleTime > 0)
      quietUntil = Date.now() + Math.min(clientSideThrottleTime, LONGEST_QUIET_MS)
    const codes = new Map(
      topics
        .flatMap(({ partitions }) => partitions)
        .map(({ partition, errorCode }) => [partition, errorCode]),
    )
    const inStep = sent.batches.map((batch) => settle(batch, codes.get(batch.partition), sent.isLost))
    if (inStep.includes(false)) beginAnew()
  }

  /** What one batch was answered. False when the broker may count its messages otherwise than we do. */
  const settle = (batch: Batch, code = UNKNOWN, isLost: boolean): boolean => {
    const { partition, firstSequence, deliveries } = batch
    const all = (answer: PeerError | null): void => deliveries.forEach((delivery) => delivery.done(answer))
    const error = (options?: PeerErrorOptions): PeerError => failed(peer, wordsOf(code, topic), options)
    const verdict = verdictOf(code)
    switch (verdict) {
      case 'taken':
        sequences.set(partition, firstSequence + deliveries.length)
        all(null)
        return true
      case 'large':
      case 'invalid':
        if (deliveries.length > 1) split(deliveries, verdict)
        else all(error({ kind: 'refused', isFinal: verdict === 'large' }))
        return true
      case 'moved':
        reroute(deliveries, error())
        return true
      case 'sequence':
        if (isLost) all(inDoubt(peer, error()))
        else reroute(deliveries, error())
        return false
      case 'unsure':
        all(inDoubt(peer, error()))
        return false
      case 'down':
        all(error())
        return false
    }
  }

  /** One message may be the reason why a batch was refused: smaller ones are tried. */
  const split = (deliveries: readonly Delivery[], verdict: 'large' | 'invalid'): void => {
    const bytes = deliveries.reduce((sum, { size }) => sum + size, BATCH_HEADER)
    if (verdict === 'large') largestBatch = Math.min(largestBatch, Math.ceil(bytes / 2))
    for (const delivery of deliveries) {
      delivery.mostTogether = Math.ceil(deliveries.length / 2)
      delivery.isWritten = false
    }
    waiting.unshift(...deliveries)
  }

  /** What is sent next is another producer's, whose numbers begin at 0. */
  const beginAnew = (): void => {
    flight = null
    producer = null
    sequences = new Map()
  }

  const throttled = (quietMs: number): PeerError =>
    failed(peer, 'it asks for a pause: the quota of this client is used up', {
      kind: 'throttled',
      retryAfterMs: quietMs,
    })

  return {
    push(delivery) {
      delivery.peer = peer
      const quietMs = quietUntil - Date.now()
      if (delivery.deadline.left <= quietMs) {
        delivery.done(throttled(quietMs))
        return
      }
      waiting.push(delivery)
      if (!isBusy) void work()
    },
  }
}

function partOf({ partition, firstSequence, deliveries }: Batch): KafkaWire.Part {
  return { partition, firstSequence, messages: deliveries.map(({ message }) => message) }
}

function latest(deliveries: readonly Delivery[]): Deadline {
  return deliveries.map(({ deadline }) => deadline).reduce((last, one) => (one.left > last.left ? one : last))
}
