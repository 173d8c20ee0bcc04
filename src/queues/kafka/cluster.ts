import murmur2 from 'kafkajs/src/producer/partitioners/default/murmur2'
import type { Deadline } from '../../net/deadline'
import { failed, type Peer } from '../../net/peer'
import type { PeerError } from '../../net/peer-error'
import { METADATA } from './api'
import type { Broker } from './broker'
import type { Brokers, Place } from './brokers'
import { told, wordsOf } from './errors'
import type { Target } from './target'

/** A topic as its brokers know it. */
export interface Layout {
  /** The address of the broker that leads a partition, `host:port`; undefined while none does. */
  leaderOf(partition: number): string | undefined
  /** Where a message goes: by its key, as every client of Kafka chooses; without one anywhere. */
  partitionOf(key: Buffer | null): number
}

/** The layout as it was told last, and the way to hear of it anew. */
export interface Cluster {
  readonly layout: Layout | null
  /** Rejects with a PeerError, late at the deadline. */
  look(deadline: Deadline): Promise<Layout>
  forget(): void
  /** Asks a broker that is at work anyway, once in a while: leaders move and partitions are added without need. */
  lookAlong(place: Place, broker: Broker): void
}

/** Brokers need a moment to agree on a new leader. */
const BETWEEN_LOOKS_MS = 100
const KEPT_MS = 300_000
/** What a broker may call another: a name or an address, to be shown in errors as it is. */
const HOST = /^[A-Za-z0-9._:-]{1,253}$/

export function openCluster({ scheme, hosts, topic }: Target, peer: Peer, brokers: Brokers): Cluster {
  let known: { readonly layout: Layout; readonly at: number } | null = null
  let looking: Promise<Layout> | null = null
  let lookedAt = -Infinity
  /** The last that answered is asked first. */
  let order = hosts

  const learn = (layout: Layout): Layout => {
    known = { layout, at: Date.now() }
    return layout
  }

  const ask = async (place: Place, broker: Broker): Promise<Layout> => {
    const metadata = await broker
      .ask(METADATA, { topics: [topic], allowAutoTopicCreation: false })
      .catch((error: unknown) => {
        throw told(place.peer, error)
      })
    const code = metadata.topicMetadata[0]?.topicErrorCode ?? 0
    if (code !== 0) throw failed(place.peer, wordsOf(code, topic), { code: String(code) })
    return layoutOf(metadata)
  }

  const lookAround = async (deadline: Deadline): Promise<Layout> => {
    const sinceLast = Date.now() - lookedAt
    if (sinceLast >= 0 && sinceLast < BETWEEN_LOOKS_MS)
      await pause(deadline.within(BETWEEN_LOOKS_MS - sinceLast))
    lookedAt = Date.now()
    const places = order.map((host) => brokers.at(host)).sort((a, b) => Number(b.isReady) - Number(a.isReady))
    const first = await firstOf(
      places,
      deadline,
      (place) => place.connection.use(deadline, (broker) => ask(place, broker)),
      (errors) => together(errors),
    )
    // What was passed over may hang.
    for (const place of places) if (!place.isReady) place.connection.close()
    order = [...order].sort(
      (a, b) => Number(brokers.at(b) === first.place) - Number(brokers.at(a) === first.place),
    )
    return learn(first.value)
  }

  /** Whatever it was: nothing can have been taken. */
  const together = (errors: readonly PeerError[]): PeerError => {
    const words = errors.map(({ message }) => message.replace(`${scheme}: `, ''))
    return failed({ ...peer, name: scheme }, words.join('; '))
  }

  return {
    get layout() {
      return known?.layout ?? null
    },
    async look(deadline) {
      for (let isOurs = false; ;) {
        if (looking === null) {
          isOurs = true
          looking = lookAround(deadline).finally(() => (looking = null))
        }
        try {
          return await looking
        } catch (error) {
          // Another's look may have had less time than there is here.
          if (isOurs || deadline.isOver) throw error
        }
      }
    },
    forget() {
      known = null
    },
    lookAlong(place, broker) {
      if (known === null || Date.now() - known.at < KEPT_MS) return
      learn(known.layout)
      ask(place, broker).then(learn, () => undefined)
    },
  }
}

function layoutOf({ brokers, topicMetadata }: KafkaWire.Metadata): Layout {
  const addresses = new Map(
    brokers
      .filter(({ host, port }) => HOST.test(host) && port > 0 && port < 65_536)
      .map(({ nodeId, host, port }) => [nodeId, `${host}:${port}`]),
  )
  const partitions = topicMetadata[0]?.partitionMetadata ?? []
  const leaders = new Map<number, string>()
  for (const { partitionId, leader } of partitions) {
    const address = addresses.get(leader)
    if (address !== undefined) leaders.set(partitionId, address)
  }
  const led = [...leaders.keys()]
  return {
    leaderOf: (partition) => leaders.get(partition),
    partitionOf(key) {
      if (key !== null) return (murmur2(key) & 0x7fffffff) % partitions.length
      return led[Math.floor(Math.random() * led.length)] ?? 0
    },
  }
}

export function pause(deadline: Deadline): Promise<void> {
  return new Promise((done) => deadline.onceOver(done))
}

/**
 * The first success. The next is begun when one has failed, or after a third of the time at the most; those begun before go on. A healthy
 * broker's no ends it, for it is the no of all.
 */
function firstOf<T>(
  places: readonly Place[],
  deadline: Deadline,
  ask: (place: Place) => Promise<T>,
  together: (errors: readonly PeerError[]) => PeerError,
): Promise<{ readonly place: Place; readonly value: T }> {
  const patienceMs = deadline.left / Math.max(3, places.length + 1)
  return new Promise((resolve, reject) => {
    const errors: PeerError[] = []
    let begun = 0
    let cancel = (): void => undefined
    const end = (): void => {
      cancel()
      begun = places.length
    }
    const begin = (): void => {
      cancel()
      const place = places[begun]
      if (place === undefined) return
      begun += 1
      if (begun < places.length) cancel = deadline.within(patienceMs).onceOver(begin)
      ask(place).then(
        (value) => {
          end()
          resolve({ place, value })
        },
        (reason: unknown) => {
          const error = told(place.peer, reason)
          errors.push(error)
          if (error.code === null && errors.length < places.length) {
            begin()
            return
          }
          end()
          reject(error.code === null ? together(errors) : error)
        },
      )
    }
    begin()
  })
}
