import {
  headersOf,
  inside,
  isNode,
  nameOf,
  type Node,
  nodeOf,
  nodesOf,
  type Place,
  placeAt,
  requiredKeyOf,
  stateOf,
  textOf,
  timeOf,
} from '../fields'
import type { Task, TaskOutput, Template, WorkflowExecution } from '../model'
import type { Notice, Verdict } from '../notice'
import { latest, momentOrNull } from '../time'
import { UnreadableCallback } from '../unreadable-callback'
import {
  holdsTrouble,
  isErrorCode,
  isGoingOn,
  type Searched,
  troublesIn,
  unlessTroubled,
  verdictOfState,
} from '../verdict'
import { type Event, eventOf, isReviewEvent, isStart } from './event-name'
import { workOf } from './work'

/** The notice of a WorkflowExecution element (460/80039, 436/48042). Throws UnreadableCallback when it has no RunId or, once it is over, no State. */
export function workflowNotice(node: Node, ofDocument: Event): Notice {
  const event = ofDocument ?? eventOf(node)
  const at = placeAt('WorkflowExecution')
  const data = readExecution(node, at, isStart(event) ? 'Running' : undefined)
  return noticeOf(data, { event, odd: at.odd, raw: node })
}

/** The notice of CI's own account of an execution, or of one that has been changed. */
export function noticeOf(
  data: WorkflowExecution,
  { event = null, odd = [], raw = {} }: { event?: Event; odd?: readonly string[]; raw?: Node } = {},
): Extract<Notice, { kind: 'workflow' }> {
  const { runId, state, bucket, object, workflow, tasks, createdAt } = data
  const verdict = verdictOf(data, event, raw)
  return {
    kind: 'workflow',
    id: runId,
    state,
    verdict,
    troubles: verdict === 'succeeded' || verdict === 'running' ? [] : troublesIn(searchedIn(raw)),
    bucket,
    object,
    workflow,
    tag: null,
    endedAt: latest(tasks.map((task) => task.endedAt)),
    createdAt: momentOrNull(createdAt),
    work: workOf('workflow', [workflow.id ?? workflow.name, bucket], object),
    askedAt: 'executions',
    isOpen: state === 'Success' && tasks.some((task) => isGoingOn(task.state ?? '')),
    unknownEvent: unknownIn(event),
    raw,
    odd,
    data,
  }
}

function verdictOf(data: WorkflowExecution, event: Event, raw: Node): Verdict {
  if (isStart(event)) return 'running'
  if (unknownIn(event) !== null) return 'unknown'
  return unlessTroubled(verdictOfState(data.state), () => isTroubled(raw, data))
}

/** A review of an execution is nothing that is known. */
function unknownIn(event: Event): string | null {
  return isReviewEvent(event) ? (event?.name ?? null) : (event?.unknown ?? null)
}

/** Of the execution all but its own State and its tasks, which are looked at by themselves. */
const OF_EXECUTION = new Set(['State', 'Tasks'])
/** Not its own State, which has been looked at: a judgement node's is no fault. */
const OF_TASK = new Set(['State'])
/** Nor which objects such a node let pass. */
const OF_JUDGEMENT = new Set(['State', 'JudgementInfo'])

/** What the tasks say, and what lies in them and beside them that the model has no place for. */
function isTroubled(raw: Node, execution: WorkflowExecution): boolean {
  if (hasTroubledTask(execution)) return true
  for (const [value, but] of searchedIn(raw)) if (holdsTrouble(value, but)) return true
  return false
}

function* searchedIn(raw: Node): Iterable<Searched> {
  yield [raw, OF_EXECUTION]
  const { Tasks: tasks } = raw
  for (const task of Array.isArray(tasks) ? (tasks as readonly unknown[]) : [tasks])
    yield [task, decidedOf(task)]
}

function decidedOf(task: unknown): ReadonlySet<string> {
  // A list in the place of a task: nothing has been decided about what is in it.
  if (!isNode(task)) return new Set()
  return [task['Type'], task['Name']].some(isJudgement) ? OF_JUDGEMENT : OF_TASK
}

function isJudgement(word: unknown): boolean {
  return typeof word === 'string' && /^judge?ment/i.test(word)
}

function hasTroubledTask({ tasks }: WorkflowExecution): boolean {
  return tasks.some(
    (task) => !isFine(task) || isErrorCode(task.code) || task.outputs.some(({ code }) => isErrorCode(code)),
  )
}

/** A node that judges takes some of its branches: to it, PartialSuccess is an ordinary end. */
function isFine({ state, type, name }: Task): boolean {
  if (state === null || state === 'Success') return true
  return state === 'PartialSuccess' && [type, name].some(isJudgement)
}

/** More do not fit in the longest body with what each of them has to say. */
const MOST_TASKS = 20_000

/** Reads a WorkflowExecution element, of a callback or of CI's own account. `noState`: what stands for a missing State; unless given, that is an error. */
export function readExecution(node: Node, at: Place, noState?: string): WorkflowExecution {
  const runId = requiredKeyOf(node, 'RunId', at)
  const state = stateOf(node, at) ?? noState ?? requiredKeyOf(node, 'State', at)
  return {
    runId,
    bucket: nameOf(node, 'BucketId', at),
    object: nameOf(node, 'Object', at),
    state,
    createdAt: timeOf(node, 'CreateTime', at),
    headers: headersOf(node, at),
    workflow: { id: textOf(node, 'WorkflowId', at), name: textOf(node, 'WorkflowName', at) },
    tasks: readTasks(node, at),
  }
}

function readTasks(node: Node, at: Place): readonly Task[] {
  const tasks = nodesOf(node, 'Tasks', at)
  if (tasks.length > MOST_TASKS)
    throw new UnreadableCallback('too-many', `${at.path} has more than ${MOST_TASKS} Tasks.`)
  return tasks.map((task, index) => readTask(task, inside(at, `Tasks[${index + 1}]`)))
}

function readTask(node: Node, at: Place): Task {
  return {
    type: textOf(node, 'Type', at),
    name: textOf(node, 'Name', at),
    state: textOf(node, 'State', at),
    jobId: textOf(node, 'JobId', at),
    template: readTemplate(node, at),
    // The tables of the documents write `Createtime`, every sample `CreateTime`.
    createdAt: timeOf(node, 'CreateTime', at) ?? timeOf(node, 'Createtime', at),
    startedAt: timeOf(node, 'StartTime', at),
    endedAt: timeOf(node, 'EndTime', at),
    code: textOf(node, 'Code', at),
    message: textOf(node, 'Message', at),
    outputs: readOutputs(node, at),
  }
}

function readTemplate(node: Node, at: Place): Template | null {
  const id = textOf(node, 'TemplateId', at) ?? textOf(node, 'TranscodeTemplateId', at)
  const name = textOf(node, 'TemplateName', at) ?? textOf(node, 'TranscodeTemplateName', at)
  return id === null && name === null ? null : { id, name }
}

const NONE: readonly TaskOutput[] = []

function readOutputs(task: Node, at: Place): readonly TaskOutput[] {
  const result = nodeOf(task, 'ResultInfo', at)
  if (result === null) return NONE
  const here = inside(at, 'ResultInfo')
  return ['ObjectInfo', 'SpriteObjectInfo'].flatMap((list) => outputsIn(result, list, here))
}

/** What a list of results says of each. */
export function outputsIn(result: Node, list: string, at: Place): readonly TaskOutput[] {
  return nodesOf(result, list, at).map((output, index) => {
    const here = inside(at, `${list}[${index + 1}]`)
    return {
      object: textOf(output, 'ObjectName', here),
      url: textOf(output, 'ObjectUrl', here),
      code: textOf(output, 'Code', here),
      message: textOf(output, 'Message', here),
    }
  })
}
