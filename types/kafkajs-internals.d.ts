/** Parts of kafkajs 2.2.4 that its own types leave out; see docs/decisions/0001-kafka-client.md. */
declare module 'kafkajs/src/protocol/requests/apiKeys' {
  const apiKeys: Readonly<
    Record<
      'Produce' | 'Metadata' | 'SaslHandshake' | 'ApiVersions' | 'InitProducerId' | 'SaslAuthenticate',
      number
    >
  >
  export default apiKeys
}

declare module 'kafkajs/src/protocol/request' {
  /** A request as it goes over the wire, its length before it. */
  export default function createRequest(options: {
    readonly correlationId: number
    readonly clientId: string
    readonly request: KafkaWire.Request
  }): Promise<{ readonly buffer: Buffer }>
}

declare module 'kafkajs/src/protocol/requests/apiVersions' {
  const definition: KafkaWire.Definition<
    void,
    {
      readonly errorCode: number
      readonly apiVersions: readonly { readonly apiKey: number; readonly maxVersion: number }[]
    }
  >
  export default definition
}

declare module 'kafkajs/src/protocol/requests/metadata' {
  const definition: KafkaWire.Definition<
    { readonly topics: readonly string[]; readonly allowAutoTopicCreation: boolean },
    KafkaWire.Metadata
  >
  export default definition
}

declare module 'kafkajs/src/protocol/requests/initProducerId' {
  const definition: KafkaWire.Definition<
    { readonly transactionTimeout: number },
    { readonly errorCode: number; readonly producerId: string; readonly producerEpoch: number }
  >
  export default definition
}

declare module 'kafkajs/src/protocol/requests/produce' {
  const definition: KafkaWire.Definition<KafkaWire.Produce, KafkaWire.Produced>
  export default definition
}

declare module 'kafkajs/src/protocol/requests/saslHandshake' {
  const definition: KafkaWire.Definition<
    { readonly mechanism: string },
    { readonly errorCode: number; readonly enabledMechanisms: readonly string[] }
  >
  export default definition
}

declare module 'kafkajs/src/protocol/requests/saslAuthenticate' {
  const definition: KafkaWire.Definition<
    { readonly authBytes: Buffer },
    {
      readonly errorCode: number
      readonly errorMessage: string | null
      readonly authBytes: Buffer
      readonly sessionLifetimeMs?: string
    }
  >
  export default definition
}

declare module 'kafkajs/src/protocol/error' {
  export const errorCodes: readonly {
    readonly type: string
    readonly code: number
    readonly message: string
  }[]
}

declare module 'kafkajs/src/protocol/decoder' {
  export default class Decoder {
    readonly buffer: Buffer
    offset: number
    readInt32(): number
    readArray<T>(reader: (decoder: Decoder) => T): T[]
  }
}

declare module 'kafkajs/src/producer/partitioners/default/murmur2' {
  /** Kafka's own hash of a key, 32 bits with a sign. */
  export default function murmur2(key: Buffer): number
}

declare module 'kafkajs/src/broker/saslAuthenticator/plain' {
  const provider: KafkaWire.SaslProvider
  export default provider
}

declare module 'kafkajs/src/broker/saslAuthenticator/scram256' {
  const provider: KafkaWire.SaslProvider
  export default provider
}

declare module 'kafkajs/src/broker/saslAuthenticator/scram512' {
  const provider: KafkaWire.SaslProvider
  export default provider
}

declare module 'kafkajs/src/broker/saslAuthenticator/scram' {
  export const SCRAM: {
    /** Salts and hashes a password `iterations` times. */
    hi(password: string, salt: Buffer, iterations: number, digest: unknown): Promise<Buffer>
  }
}

/** What the modules above have in common. */
declare namespace KafkaWire {
  interface Request {
    readonly apiKey: number
    readonly apiVersion: number
    encode(): Promise<unknown>
  }

  interface Response<Answer> {
    decode(payload: Buffer): Promise<Answer>
    /** Throws when the answer tells of an error. */
    parse(answer: Answer): Promise<unknown>
  }

  /** All versions of one request. */
  interface Definition<Options, Answer> {
    readonly versions: readonly string[]
    protocol(choice: {
      readonly version: number
    }): (options: Options) => { readonly request: Request; readonly response: Response<Answer> }
  }

  interface Metadata {
    readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[]
    readonly topicMetadata: readonly {
      readonly topicErrorCode: number
      readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[]
    }[]
  }

  interface Message {
    readonly key: Buffer | null
    readonly value: Buffer
    readonly headers: Readonly<Record<string, string>>
  }

  /** The messages of one partition. */
  interface Part {
    readonly partition: number
    readonly firstSequence: number
    readonly messages: readonly Message[]
  }

  interface Produce {
    readonly acks: number
    readonly timeout: number
    readonly producerId?: string
    readonly producerEpoch?: number
    readonly topicData: readonly {
      readonly topic: string
      readonly partitions: readonly Part[]
    }[]
  }

  interface Produced {
    readonly topics: readonly {
      readonly partitions: readonly { readonly partition: number; readonly errorCode: number }[]
    }[]
    /** Set where the broker leaves it to the client to keep quiet for so long, in ms. */
    readonly clientSideThrottleTime?: number
  }

  type SaslProvider = (login: {
    readonly username: string
    readonly password: string
  }) => (connection: {
    readonly host: string
    readonly port: number
    readonly logger: { debug(): void; error(): void }
    readonly saslAuthenticate: (exchange: {
      readonly request: { encode(): Promise<Buffer> }
      readonly response?: Response<unknown>
    }) => Promise<unknown>
  }) => { authenticate(): Promise<void> }
}
