import { errorCodes } from 'kafkajs/src/protocol/error'
import { failed, type Peer } from '../../net/peer'
import type { PeerError } from '../../net/peer-error'
import { reasonOf } from '../../net/reason-of'

/**
 * What an error code of a broker says of the messages it answers for.
 *
 * - `taken`: it has them, if from an earlier sending of the same batch.
 * - `large`: the batch is larger than the topic takes; `invalid`: something in it is refused. Neither says which message.
 * - `moved`: it is not, or not yet, the one to ask: the cluster's own word is to be asked for again.
 * - `sequence`: it does not know this producer, or not its last batch. Nothing was taken.
 * - `unsure`: written by the leader, and perhaps by nobody else.
 * - `down`: everything else. Nothing was taken.
 */
export type Verdict = 'taken' | 'large' | 'invalid' | 'moved' | 'sequence' | 'unsure' | 'down'

const VERDICTS: Readonly<Record<string, Verdict>> = {
  DUPLICATE_SEQUENCE_NUMBER: 'taken',
  MESSAGE_TOO_LARGE: 'large',
  RECORD_LIST_TOO_LARGE: 'large',
  CORRUPT_MESSAGE: 'invalid',
  INVALID_TIMESTAMP: 'invalid',
  POLICY_VIOLATION: 'invalid',
  INVALID_RECORD: 'invalid',
  UNKNOWN_TOPIC_OR_PARTITION: 'moved',
  LEADER_NOT_AVAILABLE: 'moved',
  NOT_LEADER_FOR_PARTITION: 'moved',
  REPLICA_NOT_AVAILABLE: 'moved',
  KAFKA_STORAGE_ERROR: 'moved',
  FENCED_LEADER_EPOCH: 'moved',
  UNKNOWN_LEADER_EPOCH: 'moved',
  GROUP_LOAD_IN_PROGRESS: 'moved',
  OUT_OF_ORDER_SEQUENCE_NUMBER: 'sequence',
  INVALID_PRODUCER_EPOCH: 'sequence',
  INVALID_PRODUCER_ID_MAPPING: 'sequence',
  UNKNOWN_PRODUCER_ID: 'sequence',
  UNKNOWN: 'unsure',
  REQUEST_TIMED_OUT: 'unsure',
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 'unsure',
}

/** Kafka's name for an error code: `NOT_ENOUGH_REPLICAS`. */
export function nameOf(code: number): string {
  return errorCodes.find((error) => error.code === code)?.type ?? `error ${code}`
}

export function verdictOf(code: number): Verdict {
  return code === 0 ? 'taken' : (VERDICTS[nameOf(code)] ?? 'down')
}

/** What an error code means, in words for a person, and what to do where something can be done. */
export function wordsOf(code: number, topic: string): string {
  const name = nameOf(code)
  switch (name) {
    case 'UNKNOWN_TOPIC_OR_PARTITION':
      return `there is no topic "${topic}": create it`
    case 'LEADER_NOT_AVAILABLE':
    case 'NOT_LEADER_FOR_PARTITION':
      return `${name}: no broker leads the partition now`
    case 'TOPIC_AUTHORIZATION_FAILED':
      return `${name}: the user may not write to the topic "${topic}": allow it (ACL: Write and Describe)`
    case 'CLUSTER_AUTHORIZATION_FAILED':
      return `${name}: the user may not write as an idempotent producer: allow Write on the topic (before Kafka 2.8 IdempotentWrite on the cluster, too), or add idempotent=0`
    case 'MESSAGE_TOO_LARGE':
    case 'RECORD_LIST_TOO_LARGE':
      return `${name}: the message is larger than the topic takes: raise its max.message.bytes`
    case 'INVALID_RECORD':
    case 'CORRUPT_MESSAGE':
      return `${name}: the topic refuses the message; one that is compacted takes none without a key`
    case 'NOT_ENOUGH_REPLICAS':
    case 'NOT_ENOUGH_REPLICAS_AFTER_APPEND':
      return `${name}: fewer brokers are in sync than the topic's min.insync.replicas asks for`
    default:
      return `${name}: ${errorCodes.find((error) => error.code === code)?.message ?? 'unknown to this client'}`
  }
}

/** A healthy broker's no to whoever asks: another broker of the cluster would say the same. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

/** An error in the words of this driver. One with a code is a healthy broker's no to whoever asks. */
export function told(peer: Peer, error: unknown): PeerError {
  if (error instanceof Refused) return failed(peer, error.message, { code: error.name })
  return (error as Partial<PeerError>).failure === undefined
    ? failed(peer, reasonOf(error))
    : (error as PeerError)
}
