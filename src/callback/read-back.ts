import { cosObjectOf } from './cos-url'
import {
  elementsOf,
  inside,
  isNode,
  type Node,
  nodeOf,
  placeAt,
  requiredKeyOf,
  textOf,
  timeOf,
} from './fields'
import { jobNotice } from './kinds/job'
import { isReview, reviewNotice } from './kinds/review'
import { noticeOf, readExecution } from './kinds/workflow'
import type { Text } from './model'
import type { Notice } from './notice'
import { UnreadableCallback } from './unreadable-callback'
import { readXml } from './xml'

/** One line of CI's list of executions. */
export interface ListedExecution {
  readonly runId: string
  readonly state: string
  /** RFC 3339. */
  readonly createdAt: Text
  readonly object: Text
}

export interface ExecutionPage {
  readonly executions: readonly ListedExecution[]
  /** For the next page; null after the last. */
  readonly nextToken: Text
}

/**
 * Reads CI's account of one execution (460/80044, 436/50854), which unlike a callback tells each task's code and message. It does not name
 * the bucket, so the caller gives it. Throws UnreadableCallback.
 */
export function readExecutionAnswer(xml: string, bucket: string): Extract<Notice, { kind: 'workflow' }> {
  const at = placeAt('WorkflowExecution')
  const node = nodeOf(responseOf(xml), 'WorkflowExecution', placeAt('Response'))
  if (node === null) throw new UnreadableCallback('missing-field', 'Response has no WorkflowExecution.')
  const execution = readExecution(node, at)
  return noticeOf(
    {
      ...execution,
      bucket,
      object: keyOf(execution.object),
      workflow: {
        id: execution.workflow.id,
        name: execution.workflow.name ?? textOf(node, 'Name', at),
      },
      // The beginning of the workflow, which an old sample lists among the tasks; no callback does.
      tasks: execution.tasks.filter((task) => task.type !== 'Start'),
    },
    { raw: node },
  )
}

/**
 * Reads CI's account of one job (436/85084); null when it lists the job among those that do not exist. The bucket is not always in it, so
 * the caller gives it. Throws UnreadableCallback.
 */
export function readJobAnswer(xml: string, bucket: string): Notice | null {
  const [node] = elementsOf(responseOf(xml), 'JobsDetail', 'Response')
  if (node === undefined) return null
  return (isReview(node, null) ? reviewNotice : jobNotice)(node, null, 'JobsDetail', bucket)
}

/** Reads one page of CI's list of executions (460/80050, 436/80048). Throws UnreadableCallback. */
export function readExecutionPage(xml: string): ExecutionPage {
  const response = responseOf(xml)
  const at = placeAt('Response')
  return {
    executions: elementsOf(response, 'WorkflowExecutionList', 'Response').map((node, index) => {
      const here = inside(at, `WorkflowExecutionList[${index + 1}]`)
      return {
        runId: requiredKeyOf(node, 'RunId', here),
        state: requiredKeyOf(node, 'State', here),
        // An old sample has `CreationTime`.
        createdAt: timeOf(node, 'CreateTime', here) ?? timeOf(node, 'CreationTime', here),
        object: keyOf(textOf(node, 'Object', here)),
      }
    }),
    nextToken: textOf(response, 'NextToken', at),
  }
}

function responseOf(xml: string): Node {
  const roots = readXml(xml.startsWith('\uFEFF') ? xml.slice(1) : xml)
  if (!Object.hasOwn(roots, 'Response')) {
    throw new UnreadableCallback('unknown-document', 'The answer of CI has no Response.')
  }
  // Empty when there is nothing to list.
  return isNode(roots['Response']) ? roots['Response'] : {}
}

/** An old sample gives the object's whole URL where the others give its key. */
function keyOf(object: Text): Text {
  return cosObjectOf(object)?.object ?? object
}
