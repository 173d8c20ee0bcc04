import type { UnreadableCode } from '../../callback/unreadable-callback'
import type { Verdict } from '../../callback/notice'

export type Language = 'en' | 'zh'

/** Every word of an alert that is not CI's own, by language. */
export interface Words {
  readonly colon: string
  readonly semicolon: string
  readonly inBrackets: (text: string) => string
  readonly workflowTitle: (verdict: Verdict, state: string) => string
  readonly jobTitle: (verdict: Verdict, state: string) => string
  readonly reviewTitle: Readonly<Record<Verdict, string>>
  readonly unknownEventTitle: string
  readonly event: string
  readonly url: string
  readonly headers: string
  readonly result: string
  readonly label: string
  /** Of a review, where inside it says so. */
  readonly found: string
  readonly score: string
  readonly frozen: string
  readonly frozenAs: (state: string) => string
  readonly dataId: string
  readonly workflow: string
  readonly object: string
  readonly bucket: string
  readonly region: string
  readonly state: string
  readonly stateOf: (state: string) => string
  readonly failedTasks: (failed: number, all: number) => string
  /** Those that neither failed nor succeeded, of an execution without a failed one. */
  readonly unsuccessfulTasks: (shown: number, all: number) => string
  readonly moreTasks: string
  readonly node: string
  readonly template: string
  readonly time: string
  readonly job: string
  readonly jobType: string
  readonly reason: string
  readonly noReason: string
  /** CI was not asked. */
  readonly notAsked: string
  readonly noJobReason: string
  readonly run: string
  readonly unnamed: string
  readonly notSet: string
  readonly seconds: (seconds: number) => string
  readonly unreadableTitle: string
  readonly unreadableKept: (id: string) => string
  readonly unreadableNotKept: string
  readonly problem: string
  readonly problemOf: (code: UnreadableCode, message: string) => string
  readonly size: string
  readonly bytes: (count: number) => string
  readonly seenInIt: string
  readonly unchecked: string
  readonly whatToDo: string
  readonly deadTitle: (count: number) => string
  readonly deadAdvice: string
  readonly deadItems: string
  readonly refusedTitle: (count: number) => string
  readonly refusedAdvice: string
  readonly outboxItems: string
  readonly content: string
  /** Before a destination: `queue`, or a channel's id. */
  readonly sentTo: string
  readonly namedHere: string
  readonly firstOf: (named: number, count: number) => string
  readonly unverifiedCallback: string
  readonly restOfBody: string
  readonly uncheckedTitle: (count: number) => string
  readonly uncheckedAdvice: string
  readonly duration: (ms: number) => string
  readonly runningTitle: (duration: string) => string
  readonly runningAdvice: string
  /** Of a destination that takes nothing. */
  readonly outage: {
    readonly queue: (scheme: string) => string
    readonly channel: (id: string) => string
    readonly ci: string
    readonly title: (destination: string, duration: string) => string
    readonly over: (destination: string) => string
    readonly since: string
    readonly waiting: string
    readonly dead: string
    readonly lasted: string
    readonly advice: (hours: number) => string
  }
  /** Of two or more. */
  readonly digestTitle: Readonly<
    Record<'workflows' | 'jobs' | 'alerts', (count: number, minutes: number) => string>
  >
  readonly digestHeading: string
  readonly moreItems: string
}
