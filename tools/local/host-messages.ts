/** What the gateway and the process of the handler say to each other. */
export type HostMessage =
  /** Comes first: which bundle to load, and how to mark what is not the log's. */
  | { readonly kind: 'open'; readonly bundle: string; readonly mark: string }
  | {
      readonly kind: 'call'
      readonly id: number
      readonly handler: string
      readonly event: unknown
      readonly requestId: string
      readonly timeLimitMs: number
    }
  /** Finish what is running, then end. */
  | { readonly kind: 'close' }

export type HostReply =
  | { readonly kind: 'ready'; readonly handlers: readonly string[] }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly message: string }

/**
 * What stands, as JSON, behind the mark on a line of standard output: a text that the function printed, or the number of a call whose output is
 * all there. Lines without the mark are the function's log. The mark is new in each process and known to nobody outside: no name
 * in an alert can pass for a line of the log, or end the output of a call.
 */
export type Marked = string | number
