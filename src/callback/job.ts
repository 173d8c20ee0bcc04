import {
  keyOf,
  nameOf,
  type Node,
  nodeOf,
  nodesOf,
  normalized,
  requiredKeyOf,
  textOf,
  timeOf,
} from './fields'
import type { Job } from './model'
import { UnreadableCallback } from './unreadable-callback'

/**
 * Reads one JobsDetail element (460/76907 and its neighbours). Throws UnreadableCallback when it has no JobId, or neither State nor
 * Code. The job's own State only: an Operation may hold another one (a watermark's, say).
 */
export function readJob(node: Node, where: string): Job {
  const code = textOf(node, 'Code', where)
  const state =
    keyOf(node, 'State', where) ?? (code === null ? null : code === 'Success' ? 'Success' : 'Failed')
  if (state === null) throw new UnreadableCallback('missing-field', `${where} has neither State nor Code.`)
  // Jobs that join several objects list an Input each; the first one names the job.
  const input = nodesOf(node, 'Input', where)[0] ?? {}
  const operation = nodeOf(node, 'Operation', where)
  return {
    jobId: requiredKeyOf(node, 'JobId', where),
    tag: textOf(node, 'Tag', where),
    bucket: nameOf(input, 'BucketId', `${where}.Input`),
    object: nameOf(input, 'Object', `${where}.Input`),
    region: textOf(input, 'Region', `${where}.Input`),
    state,
    code,
    message: textOf(node, 'Message', where),
    queueId: textOf(node, 'QueueId', where),
    createdAt: timeOf(node, 'CreationTime', where) ?? timeOf(node, 'CreateTime', where),
    startedAt: timeOf(node, 'StartTime', where),
    endedAt: timeOf(node, 'EndTime', where),
    workflow: readWorkflow(node, where),
    userData:
      (operation && textOf(operation, 'UserData', `${where}.Operation`)) ?? textOf(node, 'UserData', where),
    operation: operation && withoutUserData(operation),
  }
}

function readWorkflow(node: Node, where: string): Job['workflow'] {
  const workflow = nodeOf(node, 'Workflow', where)
  if (workflow === null) return null
  const here = `${where}.Workflow`
  return {
    runId: textOf(workflow, 'RunId', here),
    id: textOf(workflow, 'WorkflowId', here),
    name: textOf(workflow, 'WorkflowName', here),
  }
}

function withoutUserData(operation: Node): unknown {
  return normalized(Object.fromEntries(Object.entries(operation).filter(([name]) => name !== 'UserData')))
}
