import { nameOf, type Node, nodeOf, nodesOf, requiredKeyOf, textOf, timeOf } from './fields'
import type { Task, TaskOutput, Template, Text, WorkflowExecution } from './model'
import { UnreadableCallback } from './unreadable-callback'

/** More do not fit in the longest body with what each of them has to say. */
const MOST_TASKS = 20_000

/** Reads a WorkflowExecution element (460/80039, 436/48042). Throws UnreadableCallback when it has no RunId or no State. */
export function readExecution(node: Node, where: string): WorkflowExecution {
  return {
    runId: requiredKeyOf(node, 'RunId', where),
    bucket: nameOf(node, 'BucketId', where),
    object: nameOf(node, 'Object', where),
    state: requiredKeyOf(node, 'State', where),
    createdAt: timeOf(node, 'CreateTime', where),
    headers: readHeaders(node, where),
    workflow: { id: textOf(node, 'WorkflowId', where), name: textOf(node, 'WorkflowName', where) },
    tasks: readTasks(node, where),
  }
}

function readHeaders(node: Node, where: string): Record<string, Text> {
  const headers = nodesOf(node, 'CosHeaders', where).flatMap((header, index): [string, Text][] => {
    const here = `${where}.CosHeaders[${index + 1}]`
    const key = textOf(header, 'Key', here)
    return key === null ? [] : [[key, textOf(header, 'Value', here)]]
  })
  return Object.fromEntries(headers)
}

function readTasks(node: Node, where: string): readonly Task[] {
  const tasks = nodesOf(node, 'Tasks', where)
  if (tasks.length > MOST_TASKS)
    throw new UnreadableCallback('too-many', `${where} has more than ${MOST_TASKS} Tasks.`)
  return tasks.map((task, index) => readTask(task, `${where}.Tasks[${index + 1}]`))
}

function readTask(node: Node, where: string): Task {
  return {
    type: textOf(node, 'Type', where),
    name: textOf(node, 'Name', where),
    state: textOf(node, 'State', where),
    jobId: textOf(node, 'JobId', where),
    template: readTemplate(node, where),
    // The tables of the documents write `Createtime`, every sample `CreateTime`.
    createdAt: timeOf(node, 'CreateTime', where) ?? timeOf(node, 'Createtime', where),
    startedAt: timeOf(node, 'StartTime', where),
    endedAt: timeOf(node, 'EndTime', where),
    code: textOf(node, 'Code', where),
    message: textOf(node, 'Message', where),
    outputs: readOutputs(node, where),
  }
}

function readTemplate(node: Node, where: string): Template | null {
  const id = textOf(node, 'TemplateId', where)
  const name = textOf(node, 'TemplateName', where)
  return id === null && name === null ? null : { id, name }
}

const NONE: readonly TaskOutput[] = []

function readOutputs(task: Node, where: string): readonly TaskOutput[] {
  const result = nodeOf(task, 'ResultInfo', where)
  if (result === null) return NONE
  return ['ObjectInfo', 'SpriteObjectInfo'].flatMap((list) =>
    nodesOf(result, list, `${where}.ResultInfo`).map((output, index) => {
      const here = `${where}.ResultInfo.${list}[${index + 1}]`
      return {
        object: textOf(output, 'ObjectName', here),
        url: textOf(output, 'ObjectUrl', here),
        code: textOf(output, 'Code', here),
        message: textOf(output, 'Message', here),
      }
    }),
  )
}
