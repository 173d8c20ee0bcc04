/** A part of kafkajs 2.2.4 that its own types leave out; see src/queues/kafka.ts. */
declare module 'kafkajs/src/network/requestQueue' {
  export default class RequestQueue {
    readonly pending: readonly unknown[]
    scheduleCheckPendingRequests(): void
  }
}
