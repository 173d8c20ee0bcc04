import {
  headersOf,
  inside,
  nameOf,
  type Node,
  nodeOf,
  nodesOf,
  type Place,
  placeAt,
  requiredKeyOf,
  restOf,
  stateOf,
  textOf,
  timeOf,
} from '../fields'
import type { Job, TaskOutput } from '../model'
import type { Notice, Verdict } from '../notice'
import { momentOrNull } from '../time'
import { UnreadableCallback } from '../unreadable-callback'
import { holdsTrouble, isErrorCode, troublesIn, unlessTroubled, verdictOfState } from '../verdict'
import { type Event, eventOf, isStart } from './event-name'
import { workOf } from './work'
import { outputsIn } from './workflow'

/**
 * The notice of one JobsDetail element (460/76907 and its neighbours). Throws UnreadableCallback when it has no JobId or, once it is over, neither
 * State nor Code. The verdict begins with the job's own State only; what an Operation holds (a watermark's State, say) can make it `partial`.
 */
export function jobNotice(
  node: Node,
  ofDocument: Event,
  where: string,
  bucket: string | null = null,
): Notice {
  const event = ofDocument ?? eventOf(node)
  const at = placeAt(where)
  const read = readJob(node, at, isStart(event))
  const data = bucket === null ? read : { ...read, bucket }
  return noticeOfJob(data, event, at.odd, node)
}

/** The notice of a job as read. `node`: the element that it was read from. */
export function noticeOfJob(
  data: Job,
  event: Event = null,
  odd: readonly string[] = [],
  node: Node = { Operation: data.operation },
): Notice {
  const { jobId, state, bucket, object, workflow, tag, createdAt, endedAt, operation } = data
  const verdict = verdictOf(data, event, node)
  return {
    kind: 'job',
    id: jobId,
    state,
    verdict,
    troubles: verdict === 'succeeded' || verdict === 'running' ? [] : troublesIn([[node, DECIDED]]),
    bucket,
    object,
    workflow,
    tag,
    endedAt: momentOrNull(endedAt),
    createdAt: momentOrNull(createdAt),
    work: workOf('job', [tag, templateOf(operation) ?? nodeNameOf(node), bucket], object),
    askedAt: 'jobs',
    isOpen: false,
    unknownEvent: event?.unknown ?? null,
    raw: node,
    odd,
    data,
  }
}

/** Of the job all but what has been looked at, and what it was given. */
const DECIDED = new Set(['State', 'Code', 'Input', 'Workflow'])

function verdictOf({ state, code, outputs }: Job, event: Event, node: Node): Verdict {
  if (isStart(event)) return 'running'
  if (event?.unknown != null) return 'unknown'
  return unlessTroubled(
    verdictOfState(state),
    () =>
      isErrorCode(code) || outputs.some((output) => isErrorCode(output.code)) || holdsTrouble(node, DECIDED),
  )
}

/** The template by which it works. */
function templateOf(operation: unknown): string | null {
  const at = placeAt('Operation')
  const node = (operation ?? {}) as Node
  return textOf(node, 'TemplateId', at) ?? textOf(node, 'TemplateName', at)
}

/** The node of the workflow that started it. */
function nodeNameOf(node: Node): string | null {
  const at = placeAt('JobsDetail')
  const workflow = nodeOf(node, 'Workflow', at)
  return workflow && textOf(workflow, 'Name', at)
}

const USER_DATA = new Set(['UserData'])

export function readJob(node: Node, at: Place, isStarted = false): Job {
  const code = textOf(node, 'Code', at)
  const state =
    stateOf(node, at) ??
    (isStarted ? 'Running' : code === null ? null : isErrorCode(code) ? 'Failed' : 'Success')
  if (state === null) throw new UnreadableCallback('missing-field', `${at.path} has neither State nor Code.`)
  // Jobs that join several objects list an Input each; the first one names the job.
  const input = nodeOf(node, 'Input', at) ?? {}
  const inInput = inside(at, 'Input')
  const operation = nodeOf(node, 'Operation', at)
  const inOperation = inside(at, 'Operation')
  // Jobs on documents name the bucket only where they write to.
  const output = (operation && nodeOf(operation, 'Output', inOperation)) ?? {}
  const inOutput = inside(inOperation, 'Output')
  return {
    jobId: requiredKeyOf(node, 'JobId', at),
    tag: textOf(node, 'Tag', at),
    bucket: nameOf(input, 'BucketId', inInput) ?? nameOf(output, 'Bucket', inOutput),
    object: nameOf(input, 'Object', inInput),
    url: textOf(input, 'Url', inInput),
    headers: {
      ...(operation && headersOf(nodeOf(operation, 'Input', inOperation) ?? {}, inOperation)),
      ...headersOf(input, inInput),
    },
    region: textOf(input, 'Region', inInput) ?? textOf(output, 'Region', inOutput),
    state,
    code,
    message: textOf(node, 'Message', at),
    queueId: textOf(node, 'QueueId', at),
    createdAt: timeOf(node, 'CreationTime', at) ?? timeOf(node, 'CreateTime', at),
    startedAt: timeOf(node, 'StartTime', at),
    endedAt: timeOf(node, 'EndTime', at),
    workflow: readWorkflow(node, at),
    userData: (operation && textOf(operation, 'UserData', inOperation)) ?? textOf(node, 'UserData', at),
    outputs: operation === null ? [] : readOutputs(operation, inOperation),
    operation: operation && restOf(operation, USER_DATA),
  }
}

function readWorkflow(node: Node, at: Place): Job['workflow'] {
  const workflow = nodeOf(node, 'Workflow', at)
  if (workflow === null) return null
  const here = inside(at, 'Workflow')
  const runId = textOf(workflow, 'RunId', here)
  const id = textOf(workflow, 'WorkflowId', here)
  const name = textOf(workflow, 'WorkflowName', here)
  return runId === null && id === null && name === null ? null : { runId, id, name }
}

/** Of media jobs MediaResult.OutputFile, of documents the pages: whatever lists what was made. */
function readOutputs(operation: Node, at: Place): readonly TaskOutput[] {
  const media = nodeOf(operation, 'MediaResult', at)
  const file = media && nodeOf(media, 'OutputFile', inside(at, 'MediaResult'))
  const inFile = inside(inside(at, 'MediaResult'), 'OutputFile')
  const sprite = file && nodeOf(file, 'SpriteOutputFile', inFile)
  const results = nodeOf(operation, 'ResultInfo', at)
  return [
    ...(file === null ? [] : namedIn(file, inFile)),
    ...(sprite === null ? [] : namedIn(sprite, inside(inFile, 'SpriteOutputFile'))),
    ...(results === null ? [] : outputsIn(results, 'ObjectInfo', inside(at, 'ResultInfo'))),
  ]
}

/** ObjectName is a text, or a list of them, and ObjectPrefix stands in front. */
function namedIn(file: Node, at: Place): readonly TaskOutput[] {
  const names = Object.hasOwn(file, 'ObjectName') ? file['ObjectName'] : []
  const all = (Array.isArray(names) ? (names as readonly unknown[]) : [names]).filter(
    (name): name is string => typeof name === 'string' && name !== '' && name !== '-',
  )
  const infos = nodesOf(file, 'Md5Info', at)
  const prefix = textOf(file, 'ObjectPrefix', at) ?? ''
  return all.map((name, index) => {
    const info = infos.find((one) => one['ObjectName'] === name) ?? infos[index] ?? {}
    const object = name.startsWith(prefix) ? name : prefix + name
    const here = inside(at, `Md5Info[${index + 1}]`)
    return {
      object,
      url: null,
      code: textOf(info, 'Code', here),
      message: textOf(info, 'Message', here),
    }
  })
}
