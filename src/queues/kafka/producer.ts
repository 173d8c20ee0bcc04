import type { Deadline } from '../../net/deadline'
import { failed, type Peer } from '../../net/peer'
import type { PeerError } from '../../net/peer-error'
import { openBrokers } from './brokers'
import { type Layout, openCluster } from './cluster'
import { type Delivery, late } from './delivery'
import { told, wordsOf } from './errors'
import { type Lane, MOST_TOGETHER, openLane } from './lane'
import type { Target } from './target'

export interface Producer {
  /** Never rejects: by the deadline there is an answer for each message, null where it was taken. */
  send(
    messages: readonly Pick<Delivery, 'message' | 'size'>[],
    deadline: Deadline,
  ): Promise<readonly (PeerError | null)[]>
  /** Lets go of the connections; sending afterwards opens new ones. */
  close(): void
}

const MOST_ROUNDS = 5
const LEADER_NOT_AVAILABLE = 5

/** Writes messages to one topic: each goes to the leader of its partition. */
export function openProducer(target: Target, peer: Peer): Producer {
  const brokers = openBrokers(target, peer)
  const cluster = openCluster(target, peer, brokers)
  const lanes = new Map<string, Lane>()

  const laneTo = (address: string): Lane => {
    const old = lanes.get(address)
    if (old !== undefined) return old
    const place = brokers.at(address)
    const lane = openLane({
      target,
      place,
      reroute,
      onWork: (broker) => cluster.lookAlong(place, broker),
    })
    lanes.set(address, lane)
    return lane
  }

  const route = (deliveries: readonly Delivery[], deadline: Deadline): void => {
    if (cluster.layout !== null) assign(cluster.layout, deliveries)
    else
      cluster.look(deadline).then(
        (layout) => assign(layout, deliveries),
        (error: unknown) => deliveries.forEach((delivery) => delivery.done(told(peer, error))),
      )
  }

  const assign = (layout: Layout, deliveries: readonly Delivery[]): void => {
    for (const delivery of deliveries) {
      if (delivery.isDone) continue
      if (delivery.partition < 0) delivery.partition = layout.partitionOf(delivery.message.key)
      const leader = layout.leaderOf(delivery.partition)
      if (leader !== undefined) laneTo(leader).push(delivery)
      else reroute([delivery], failed(peer, wordsOf(LEADER_NOT_AVAILABLE, target.topic)))
    }
  }

  /** To where the brokers say now. Those that went round often enough get `error` for an answer. */
  function reroute(deliveries: readonly Delivery[], error: PeerError): void {
    cluster.forget()
    for (const delivery of deliveries) {
      delivery.isWritten = false
      delivery.rounds += 1
      if (delivery.rounds < MOST_ROUNDS) route([delivery], delivery.deadline)
      else delivery.done(error)
    }
  }

  return {
    async send(messages, deadline) {
      if (messages.length === 0) return []
      return new Promise((resolve) => {
        const answers: (PeerError | null)[] = messages.map(() => null)
        let open = messages.length
        const deliveries = messages.map(({ message, size }, index): Delivery => ({
          message,
          size,
          deadline,
          partition: -1,
          mostTogether: MOST_TOGETHER,
          rounds: 0,
          peer,
          isWritten: false,
          isDone: false,
          done(answer) {
            if (this.isDone) return
            this.isDone = true
            answers[index] = answer
            open -= 1
            if (open > 0) return
            cancel()
            resolve(answers)
          },
        }))
        const cancel = deadline.onceOver(() =>
          deliveries.forEach((delivery) => delivery.done(late(delivery))),
        )
        route(deliveries, deadline)
      })
    },
    close: () => brokers.close(),
  }
}
