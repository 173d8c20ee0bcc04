/** Parts of kafkajs 2.2.4 that its own types leave out; see src/queues/kafka.ts. */
declare module 'kafkajs/src/network/requestQueue' {
  export default class RequestQueue {
    readonly pending: readonly unknown[]
    scheduleCheckPendingRequests(): void
    /** `ms`: how long the broker asks to be left alone. */
    maybeThrottle(ms: number | null): void
  }
}

declare module 'kafkajs/src/protocol/decoder' {
  export default class Decoder {
    readonly buffer: Buffer
    offset: number
    readInt32(): number
    readArray<T>(reader: (decoder: Decoder) => T): T[]
  }
}

declare module 'kafkajs/src/broker/saslAuthenticator/scram' {
  export const SCRAM: {
    /** Salts and hashes a password `iterations` times. */
    hi(password: string, salt: Buffer, iterations: number, digest: unknown): Promise<Buffer>
  }
}
