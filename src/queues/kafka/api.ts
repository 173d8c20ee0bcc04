import Decoder from 'kafkajs/src/protocol/decoder'
import apiKeys from 'kafkajs/src/protocol/requests/apiKeys'
import ApiVersions from 'kafkajs/src/protocol/requests/apiVersions'
import InitProducerId from 'kafkajs/src/protocol/requests/initProducerId'
import Metadata from 'kafkajs/src/protocol/requests/metadata'
import Produce from 'kafkajs/src/protocol/requests/produce'
import SaslAuthenticate from 'kafkajs/src/protocol/requests/saslAuthenticate'
import SaslHandshake from 'kafkajs/src/protocol/requests/saslHandshake'

/** One kind of request, in all versions that kafkajs speaks. See docs/decisions/0001-kafka-client.md. */
export interface Api<Options, Answer> {
  readonly key: number
  readonly definition: KafkaWire.Definition<Options, Answer>
}

/**
 * A broker's answer, with the error codes that are in it. `onWritten` is called when the request leaves: from then on the broker may have read it.
 * Rejects when the connection ends first.
 */
export type Ask = <Options, Answer>(
  api: Api<Options, Answer>,
  options: Options,
  onWritten?: () => void,
) => Promise<Answer>

export const API_VERSIONS = { key: apiKeys.ApiVersions, definition: ApiVersions }
export const METADATA = { key: apiKeys.Metadata, definition: Metadata }
export const INIT_PRODUCER_ID = { key: apiKeys.InitProducerId, definition: InitProducerId }
export const PRODUCE = { key: apiKeys.Produce, definition: Produce }
export const SASL_HANDSHAKE = { key: apiKeys.SaslHandshake, definition: SaslHandshake }
export const SASL_AUTHENTICATE = { key: apiKeys.SaslAuthenticate, definition: SaslAuthenticate }

// kafkajs makes room for as many elements as a broker announces, before the first of them was read.
Decoder.prototype.readArray = function (reader) {
  const length = this.readInt32()
  if (length > this.buffer.length - this.offset) throw new Error('the broker announces more than it sends')
  return Array.from({ length: Math.max(0, length) }, () => reader(this))
}
