import type { Deadline } from '../../net/deadline'
import { failed, type Peer } from '../../net/peer'
import type { PeerError } from '../../net/peer-error'

/** A message on its way. */
export interface Delivery {
  readonly message: KafkaWire.Message
  /** Bytes in a batch, at the most. */
  readonly size: number
  readonly deadline: Deadline
  /** -1 until it is chosen, then the same to the end: two copies in two partitions would both be taken. */
  partition: number
  /** With how many it may go in one batch: fewer, once a batch with it was refused. */
  mostTogether: number
  /** How often it was sent to another leader. */
  rounds: number
  /** Where it is, or waits. */
  peer: Peer
  /** The broker there may have read it. */
  isWritten: boolean
  isDone: boolean
  /** Null: taken. The first answer counts. */
  done(answer: PeerError | null): void
}

/** The answer to a message when its deadline is over. */
export function late({ peer, isWritten }: Delivery): PeerError {
  const error = failed(peer, 'no answer within the time allowed')
  return isWritten ? inDoubt(peer, error) : error
}

/** The answer to a message that was sent, and not answered so that one could tell. */
export function inDoubt(peer: Peer, { message }: PeerError): PeerError {
  const words = message.replace(`${peer.name}: `, '')
  return failed(peer, `${words}; whether the message was taken is not known`, { kind: 'unsure' })
}
