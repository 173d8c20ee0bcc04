import { readExecution } from './execution'
import { type Node, nodeOf, nodesOf } from './fields'
import { readJob } from './job'
import { readJson } from './json'
import type { Subject } from './model'
import { UnreadableCallback } from './unreadable-callback'
import { readXml } from './xml'

/** More are more than can be relayed before the sender has its answer. */
const MOST_SUBJECTS = 10_000

/**
 * Reads a callback's body: XML or JSON, told apart by the first character that is not blank. A body holds one execution, or one or
 * several jobs. Throws UnreadableCallback.
 */
export function readCallback(body: string): readonly [Subject, ...Subject[]] {
  const text = body.startsWith('\uFEFF') ? body.slice(1) : body
  const document = contentsOf(readDocument(text))
  const executions = nodesOf(document, 'WorkflowExecution', 'The document')
  const jobs = nodesOf(document, 'JobsDetail', 'The document')
  if (executions.length + jobs.length > MOST_SUBJECTS)
    throw new UnreadableCallback(
      'too-many',
      `The document holds more than ${MOST_SUBJECTS} executions and jobs.`,
    )
  const [first, ...rest] = [
    ...executions.map((node): Subject => ({
      kind: 'workflow',
      execution: readExecution(node, 'WorkflowExecution'),
    })),
    ...jobs.map((node, index): Subject => ({
      kind: 'job',
      job: readJob(node, `JobsDetail[${index + 1}]`),
    })),
  ]
  if (first === undefined)
    throw new UnreadableCallback(
      'unknown-document',
      `The document holds neither a WorkflowExecution nor a JobsDetail; it holds: ${namesIn(document)}.`,
    )
  return [first, ...rest]
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
  return (Object.keys(document).length === 1 && nodeOf(document, 'Response', 'The document')) || document
}

function namesIn(document: Node): string {
  const names = Object.keys(document).filter((name) => name !== '#text')
  const shown = names.slice(0, 5).map((name) => name.slice(0, 40))
  return shown.length === 0 ? 'nothing' : shown.join(', ') + (names.length > 5 ? ', …' : '')
}
