import { isBucketName } from './bucket-name'
import { readExecution } from './execution'
import { type Node, nodeOf, nodesOf, requiredKeyOf, textOf, timeOf } from './fields'
import { readJob } from './job'
import type { Job, Text, WorkflowExecution } from './model'
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
export function readExecutionAnswer(xml: string, bucket: string): WorkflowExecution {
  const node = nodeOf(responseOf(xml), 'WorkflowExecution', 'Response')
  if (node === null) throw new UnreadableCallback('missing-field', 'Response has no WorkflowExecution.')
  const execution = readExecution(node, 'WorkflowExecution')
  return {
    ...execution,
    bucket,
    object: keyOf(execution.object),
    workflow: {
      id: execution.workflow.id,
      name: execution.workflow.name ?? textOf(node, 'Name', 'WorkflowExecution'),
    },
    // The beginning of the workflow, which an old sample lists among the tasks; no callback does.
    tasks: execution.tasks.filter((task) => task.type !== 'Start'),
  }
}

/**
 * Reads CI's account of one job (436/85084); null when it lists the job among those that do not exist. The bucket is not always in it, so
 * the caller gives it. Throws UnreadableCallback.
 */
export function readJobAnswer(xml: string, bucket: string): Job | null {
  const [node] = nodesOf(responseOf(xml), 'JobsDetail', 'Response')
  return node === undefined ? null : { ...readJob(node, 'JobsDetail'), bucket }
}

/** Reads one page of CI's list of executions (460/80050, 436/80048). Throws UnreadableCallback. */
export function readExecutionPage(xml: string): ExecutionPage {
  const response = responseOf(xml)
  return {
    executions: nodesOf(response, 'WorkflowExecutionList', 'Response').map((node, index) => {
      const here = `WorkflowExecutionList[${index + 1}]`
      return {
        runId: requiredKeyOf(node, 'RunId', here),
        state: requiredKeyOf(node, 'State', here),
        // An old sample has `CreationTime`.
        createdAt: timeOf(node, 'CreateTime', here) ?? timeOf(node, 'CreationTime', here),
        object: keyOf(textOf(node, 'Object', here)),
      }
    }),
    nextToken: textOf(response, 'NextToken', 'Response'),
  }
}

function responseOf(xml: string): Node {
  const roots = readXml(xml.startsWith('\uFEFF') ? xml.slice(1) : xml)
  if (!Object.hasOwn(roots, 'Response')) {
    throw new UnreadableCallback('unknown-document', 'The answer of CI has no Response.')
  }
  // Empty when there is nothing to list.
  return nodeOf(roots, 'Response', 'The answer of CI') ?? {}
}

/** An old sample gives the object's whole URL where the others give its key. */
function keyOf(object: Text): Text {
  const [, bucket = '', key = ''] =
    /^https?:\/\/([^./]+)\.cos[.-][a-z0-9.-]+\/([^?]+)/.exec(object ?? '') ?? []
  if (!isBucketName(bucket)) return object
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}
