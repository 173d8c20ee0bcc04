import type { Deadline } from './net/deadline'
import type { AlertChannel } from './alerts/alert-channel'
import type { Notice } from './callback/notice'
import type { Log } from './log'
import type { Queue } from './queues/queue'
import type { Store } from './stores/store'
import type { Language } from './alerts/words/words'

/** An alert channel and the id under which its parked alerts wait: its scheme and a digest of its URL. */
export interface NamedChannel {
  readonly id: string
  readonly channel: AlertChannel
}

/** What CI says when asked: null when it knows none such. Both throw when CI cannot be asked. */
export interface ReadBack {
  execution(
    bucket: string,
    runId: string,
    deadline: Deadline,
  ): Promise<Extract<Notice, { kind: 'workflow' }> | null>
  job(bucket: string, jobId: string, deadline: Deadline): Promise<Notice | null>
}

/** The open parts that a relay is put together from; null: not configured. */
export interface Services {
  readonly tokens: readonly string[]
  readonly queue: Queue | null
  readonly channels: readonly NamedChannel[]
  readonly store: Store | null
  readonly readBack: ReadBack | null
  readonly verify: 'off' | 'read-back'
  /** RECONCILE: the buckets of a workflow, to ask CI about where a callback names none. */
  readonly bucketsOf: (workflowId: string) => readonly string[]
  /** GIVE_UP_AFTER, in ms. */
  readonly giveUpAfterMs: number
  /** LEDGER_KEEP, in ms: a repeat within it is a duplicate. */
  readonly ledgerKeepMs: number
  /** A sweep is late after so long, in ms; null: none is expected. */
  readonly lateSweepMs: number | null
  /** MESSAGE_RAW: messages carry the callback as parsed. */
  readonly messageRaw: boolean
  readonly language: Language
  readonly log: Log
  /** What GET shows besides the schemes of queue, channels and store. */
  readonly about: Readonly<Record<string, unknown>>
}
