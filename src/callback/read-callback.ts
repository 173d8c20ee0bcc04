import { elementsOf, isNode, type Node } from './fields'
import { readJson } from './json'
import { type Event, eventOf } from './kinds/event-name'
import { jobNotice } from './kinds/job'
import { otherNotice } from './kinds/other'
import { isConsoleTest, isReview, reviewNotice, simpleReviewNotice } from './kinds/review'
import { workflowNotice } from './kinds/workflow'
import type { Notice } from './notice'
import { UnreadableCallback } from './unreadable-callback'
import { readXml } from './xml'

/** More are more than can be relayed before the sender has its answer. */
const MOST_NOTICES = 10_000

/** What a body holds: ends of executions, jobs and reviews, or what the vendor's console sends to try the URL. */
export type Callback = readonly [Notice, ...Notice[]] | 'test'

/**
 * Reads a callback's body: XML or JSON, told apart by the first character that is not blank. A body holds one execution, one or several jobs, or
 * a review. `keepsRaw`: whether each notice keeps the element that it was read from. Throws UnreadableCallback where no kind recognises it.
 */
export function readCallback(body: string, keepsRaw = false): Callback {
  const text = body.startsWith('\uFEFF') ? body.slice(1) : body
  const document = contentsOf(readDocument(text))
  if (isConsoleTest(document)) return 'test'
  const [first, ...rest] = noticesIn(document, eventOf(document))
  if (first === undefined)
    throw new UnreadableCallback(
      'unknown-document',
      `The document holds neither a WorkflowExecution nor a JobsDetail; it holds: ${namesIn(document)}.`,
    )
  // What was parsed takes far more room than what was read of it.
  return keepsRaw ? [first, ...rest] : [withoutRaw(first), ...rest.map(withoutRaw)]
}

function withoutRaw(notice: Notice): Notice {
  return { ...notice, raw: {} }
}

function noticesIn(document: Node, event: Event): readonly Notice[] {
  const executions = elementsOf(document, 'WorkflowExecution', 'The document')
  const jobs = elementsOf(document, 'JobsDetail', 'The document')
  if (executions.length + jobs.length > MOST_NOTICES)
    throw new UnreadableCallback(
      'too-many',
      `The document holds more than ${MOST_NOTICES} executions and jobs.`,
    )
  const found = [
    ...executions.map((node) => workflowNotice(node, event)),
    ...jobs.map((node, index) => {
      const where = `JobsDetail[${index + 1}]`
      return isReview(node, event) ? reviewNotice(node, event, where) : jobNotice(node, event, where)
    }),
  ]
  if (found.length > 0) return found
  return [simpleReviewNotice(document) ?? otherNotice(document, event)].filter((notice) => notice !== null)
}

function readDocument(text: string): Node {
  switch (/\S/.exec(text)?.[0]) {
    case undefined:
      throw new UnreadableCallback('empty', 'The body is empty.')
    case '<':
      return readXml(text)
    case '{':
      return readJson(text)
    default:
      throw new UnreadableCallback(
        'not-xml-or-json',
        'The body begins with neither `<` (XML) nor `{` (JSON).',
      )
  }
}

/** XML has a `Response` root around it, except on CI's newest page; JSON has none, except in one of CI's samples. */
function contentsOf(document: Node): Node {
  const response = document['Response']
  return Object.keys(document).length === 1 && isNode(response) ? response : document
}

function namesIn(document: Node): string {
  const names = Object.keys(document).filter((name) => name !== '#text')
  const shown = names.slice(0, 5).map((name) => name.slice(0, 40))
  return shown.length === 0 ? 'nothing' : shown.join(', ') + (names.length > 5 ? ', …' : '')
}
