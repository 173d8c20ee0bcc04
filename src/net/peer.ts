import { blanked } from './blanked'
import { PeerError, type PeerErrorOptions } from './peer-error'
import { secretsInUrl } from './url-secrets'

/** Whom a driver talks to. */
export interface Peer {
  /** What errors call it, never with a credential: `redis: 127.0.0.1:6379`. */
  readonly name: string
  /** What the driver gives it to be let in, and it may repeat when it refuses: keys, passwords, tokens, signatures. */
  readonly secrets: readonly string[]
}

/** The peer at a driver's URL. */
export function peerAt(name: string, url: string): Peer {
  return { name, secrets: secretsInUrl(url) }
}

const LONGEST_WORDS = 500

/**
 * The error of a delivery that `peer` did not take: its name and `words`, in which none of its secrets is left, whoever put it there. Drivers
 * make their errors here, and nowhere else.
 */
export function failed(peer: Peer, words: string, options: PeerErrorOptions = {}): PeerError {
  // Blanked before it is cut: half a secret would not be known for one.
  return new PeerError(`${peer.name}: ${blanked(words, peer.secrets).slice(0, LONGEST_WORDS)}`, options)
}
