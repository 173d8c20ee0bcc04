import { type Node, placeAt, textOf } from '../fields'

/** EventName, told apart; null: there is none, as in CI's older documents. */
export type Event = {
  readonly name: string
  readonly unknown: string | null
  readonly isStart: boolean
} | null

/** "when the workflow starts or ends" (436/48042): nothing has ended. */
const STARTS = new Set(['WorkflowStart', 'TaskStart', 'JobStart'])
const ENDS = new Set(['WorkflowFinish', 'TaskFinish', 'JobFinish'])
/** An open list: ReviewImage, ReviewVideo, ReviewText … */
const REVIEW = /^Review[A-Z]/

/** What is longer is no name: it stands in the log, in alerts and in the store. */
export const LONGEST_EVENT = 100

export function eventOf(document: Node): Event {
  const name =
    textOf(document, 'EventName', placeAt('The document'))?.slice(0, LONGEST_EVENT).toWellFormed() ?? null
  if (name === null) return null
  const isKnown = STARTS.has(name) || ENDS.has(name) || REVIEW.test(name)
  return { name, unknown: isKnown ? null : name, isStart: STARTS.has(name) }
}

export function isStart(event: Event): boolean {
  return event?.isStart === true
}

export function isReviewEvent(event: Event): boolean {
  return event !== null && REVIEW.test(event.name)
}
