import { contentsOf, withoutMark } from './document'
import { elementsOf, type Node } from './fields'
import { readJson } from './json'
import { type Event, eventOf } from './kinds/event-name'
import { jobNotice } from './kinds/job'
import { otherNotice } from './kinds/other'
import { isConsoleTest, isReview, reviewNotice, simpleReviewNotice } from './kinds/review'
import { workflowNotice } from './kinds/workflow'
import type { LeftOut } from './left-out'
import type { Notice } from './notice'
import { UnreadableCallback } from './unreadable-callback'
import { readXml } from './xml'

/** More jobs than the longest body holds with what each cannot do without. */
const MOST_NOTICES = 50_000

/** What a body holds: ends of executions, jobs and reviews, or what the vendor's console sends to try the URL. */
export type Callback = readonly [Notice, ...Notice[]] | 'test'

/** How a document's notices are read. */
export interface Reading {
  /** The document's own. */
  readonly event: Event
  /** Whether each notice keeps the element that it was read from. What was parsed takes far more room than what was read of it. */
  readonly keepsRaw: boolean
}

/**
 * Reads a callback's body: XML or JSON, told apart by the first character that is not blank. A body holds one execution, one or several jobs, or
 * a review. `keepsRaw`: whether each notice keeps the element that it was read from. Throws UnreadableCallback where no kind recognises it.
 */
export function readCallback(body: string, keepsRaw = false): Callback {
  const document = contentsOf(readDocument(body))
  if (isConsoleTest(document)) return 'test'
  const reading = { event: eventOf(document), keepsRaw }
  const jobs = elementsOf(document, 'JobsDetail', 'The document')
  const executions = executionsIn(document, jobs.length, reading)
  const [first, ...rest] = [...executions, ...jobs.map((job, index) => noticeOfJob(job, index, reading))]
  return first === undefined ? [onlyNotice(document, reading)] : [first, ...rest]
}

/** The executions of a document that holds so many jobs, too. */
function executionsIn(document: Node, jobs: number, { event, keepsRaw }: Reading): readonly Notice[] {
  const executions = elementsOf(document, 'WorkflowExecution', 'The document')
  if (executions.length + jobs > MOST_NOTICES)
    throw new UnreadableCallback(
      'too-many',
      `The document holds more than ${MOST_NOTICES} executions and jobs.`,
    )
  return executions.map((node) => kept(workflowNotice(node, event), keepsRaw))
}

function noticeOfJob(node: Node, index: number, { event, keepsRaw }: Reading): Notice {
  const where = `JobsDetail[${index + 1}]`
  return kept((isReview(node, event) ? reviewNotice : jobNotice)(node, event, where), keepsRaw)
}

/** Of a document without executions and jobs. */
function onlyNotice(document: Node, { event, keepsRaw }: Reading): Notice {
  const notice = simpleReviewNotice(document) ?? otherNotice(document, event)
  if (notice === null)
    throw new UnreadableCallback(
      'unknown-document',
      `The document holds neither a WorkflowExecution nor a JobsDetail; it holds: ${namesIn(document)}.`,
    )
  return kept(notice, keepsRaw)
}

function kept(notice: Notice, keepsRaw: boolean): Notice {
  return keepsRaw ? notice : { ...notice, raw: {} }
}

/** The document that a body holds. With `leftOut`, less its jobs. */
function readDocument(body: string, leftOut?: LeftOut): Node {
  const text = withoutMark(body)
  switch (/\S/.exec(text)?.[0]) {
    case undefined:
      throw new UnreadableCallback('empty', 'The body is empty.')
    case '<':
      return readXml(text, leftOut && ((begin, end) => leftOut(false, begin, end)))
    case '{':
      return readJson(text, leftOut)
    default:
      throw new UnreadableCallback(
        'not-xml-or-json',
        'The body begins with neither `<` (XML) nor `{` (JSON).',
      )
  }
}

function namesIn(document: Node): string {
  const names = Object.keys(document).filter((name) => name !== '#text')
  const shown = names.slice(0, 5).map((name) => name.slice(0, 40))
  return shown.length === 0 ? 'nothing' : shown.join(', ') + (names.length > 5 ? ', …' : '')
}

/** What reads documents and their parts, for a file that is loaded by itself, and must not bring it along once more. */
export const READERS = { readDocument, readXml, readJson, executionsIn, noticeOfJob, readCallback }
export type Readers = typeof READERS
