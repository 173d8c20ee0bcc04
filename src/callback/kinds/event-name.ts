import { type Node, placeAt, textOf } from '../fields'

/** EventName, told apart; null: there is none, as in CI's older documents. */
export type Event = {
  readonly name: string
  readonly unknown: string | null
  readonly isStart: boolean
} | null

/** "when the workflow starts or ends" (436/48042): nothing has ended. */
const STARTS = new Set(['workflowstart', 'taskstart', 'jobstart'])
const ENDS = new Set(['workflowfinish', 'taskfinish', 'jobfinish'])
/** An open list: ReviewImage, ReviewVideo, ReviewText … */
const REVIEW = /^Review(?!Start)[A-Z](?!\w*Start$)/

/** What is longer is no name: it stands in the log, in alerts and in the store. */
export const LONGEST_EVENT = 100

export function eventOf(document: Node): Event {
  const name =
    textOf(document, 'EventName', placeAt('The document'))?.trim().slice(0, LONGEST_EVENT).toWellFormed() ??
    null
  if (name === null) return null
  const word = name.toLowerCase()
  const isKnown = STARTS.has(word) || ENDS.has(word) || REVIEW.test(name)
  return { name, unknown: isKnown ? null : name, isStart: STARTS.has(word) }
}

export function isStart(event: Event): boolean {
  return event?.isStart === true
}

export function isReviewEvent(event: Event): boolean {
  return event !== null && REVIEW.test(event.name)
}
