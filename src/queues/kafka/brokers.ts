import type { Peer } from '../../net/peer'
import { shareConnection, type SharedConnection } from '../../net/shared-connection'
import { type Broker, openBroker } from './broker'
import type { Target } from './target'

/** A broker at its address, and the one connection to it. */
export interface Place {
  readonly peer: Peer
  readonly connection: SharedConnection<Broker>
  /** There is a connection that can be used. */
  readonly isReady: boolean
}

export interface Brokers {
  /** `host:port`: of the URL, or one that a broker named. */
  at(address: string): Place
  close(): void
}

export function openBrokers({ scheme, hosts, login }: Target, { secrets }: Peer): Brokers {
  const places = new Map<string, Place>()
  const open = (address: string): Place => {
    const name = hosts.includes(address) ? address : `${address}, which ${hosts.join(',')} advertises`
    const peer = { name: `${scheme}: ${name}`, secrets }
    const colon = address.lastIndexOf(':')
    const to = {
      host: address.slice(0, colon),
      port: Number(address.slice(colon + 1)),
      isTls: scheme === 'kafkas',
    }
    // The last one: one before it may still be at work, and end later.
    let ready: Broker | null = null
    return {
      peer,
      connection: shareConnection(peer, (lost) => {
        const broker = openBroker(peer, to, login, () => {
          if (ready === broker) ready = null
          lost()
        })
        broker.ready.then(
          () => (ready = broker),
          () => undefined,
        )
        return broker
      }),
      get isReady() {
        return ready !== null
      },
    }
  }
  return {
    at(address) {
      const place = places.get(address) ?? open(address)
      places.set(address, place)
      return place
    },
    close() {
      for (const { connection } of places.values()) connection.close()
    },
  }
}
