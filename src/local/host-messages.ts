/** What the gateway and the process of the handler say to each other. */
export type HostMessage =
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

/** Begins the line of standard output that ends the output of a call; the call's number follows. */
export const OUTPUT_MARK = '\u001e'
