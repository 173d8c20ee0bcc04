import { cosObjectOf } from '../cos-url'
import {
  inside,
  isNode,
  keyOf,
  nameOf,
  type Node,
  nodeOf,
  placeAt,
  requiredKeyOf,
  restOf,
  stateOf,
  textOf,
  timeOf,
} from '../fields'
import { fingerprintOf } from '../fingerprint'
import type { Review, Text } from '../model'
import type { Notice, Verdict } from '../notice'
import { momentOrNull } from '../time'
import { findingOf, holdsTrouble, isErrorCode, troublesIn, verdictOfState } from '../verdict'
import { type Event, isReviewEvent, isStart } from './event-name'

/** Moderation, virus detection, image inspection: told by what it found, never by its State. */
type Finding = 'normal' | 'sensitive' | 'suspected'

/** Whether a JobsDetail is that of a review: of an event that says so, or with a finding in it. */
export function isReview(node: Node, event: Event): boolean {
  if (isReviewEvent(event)) return true
  if (['Suggestion', 'Result', 'Suspicious', 'ForbidState'].some((name) => Object.hasOwn(node, name)))
    return true
  return hitsIn(node).length > 0 || inspectionIn(node) !== null
}

/** Detail (1045/52187), a virus check (460/63965), an inspection (436/97896): a JobsDetail. */
export function reviewNotice(node: Node, event: Event, where: string, bucket: string | null = null): Notice {
  const at = placeAt(where)
  const code = textOf(node, 'Code', at)
  const state = stateOf(node, at) ?? (isStart(event) ? 'Running' : isErrorCode(code) ? 'Failed' : 'Success')
  const input = nodeOf(node, 'Input', at) ?? {}
  const inInput = inside(at, 'Input')
  const url = textOf(node, 'Url', at) ?? textOf(input, 'Url', inInput)
  const place = cosObjectOf(url)
  const inspection = inspectionIn(node)
  const results = [
    textOf(node, 'Result', at),
    textOf(node, 'Suggestion', at),
    textOf(node, 'Suspicious', at),
    inspection && textOf(inspection, 'Suspicious', at),
  ].filter((one) => one !== null)
  const label = textOf(node, 'Label', at)
  const worst = worstInfo(node)
  const data: Review = {
    jobId: requiredKeyOf(node, 'JobId', at),
    bucket:
      bucket ?? nameOf(node, 'BucketId', at) ?? nameOf(input, 'BucketId', inInput) ?? place?.bucket ?? null,
    object: nameOf(node, 'Object', at) ?? nameOf(input, 'Object', inInput) ?? place?.object ?? null,
    url,
    state,
    // Where they do not agree, what is to be looked at.
    result: results.find((one) => findingOf(one) !== 'normal') ?? results[0] ?? null,
    label:
      (isNormal(label) ? worst?.label : null) ??
      label ??
      (inspection && textOf(inspection, 'SuspiciousType', at)),
    score: (isNormal(label) ? worst?.score : null) ?? textOf(node, 'Score', at),
    frozen: textOf(node, 'ForbidState', at),
    code,
    message: textOf(node, 'Message', at),
    dataId: textOf(node, 'DataId', at),
    createdAt: timeOf(node, 'CreationTime', at) ?? timeOf(node, 'CreateTime', at),
    details: restOf(node, READ_OF_DETAIL),
  }
  return noticeOf(data, event, at.odd, {
    raw: node,
    inner: node,
    findings: [...results, ...hitsIn(node)],
    tag: textOf(node, 'Tag', at) ?? event?.name ?? null,
    endedAt: timeOf(node, 'EndTime', at),
  })
}

const READ_OF_DETAIL = new Set(
  'JobId BucketId Object Url State Result Suggestion Suspicious Label Score ForbidState Code Message DataId CreationTime'.split(
    ' ',
  ),
)

/** Simple (436/62387): always JSON, `{code, message, data}`. Null: it is none. */
export function simpleReviewNotice(document: Node): Notice | null {
  const data = document['data']
  if (!Object.hasOwn(document, 'code') || !isNode(data)) return null
  if (!['event', 'trace_id', 'result', 'url'].some((name) => Object.hasOwn(data, name))) return null
  const at = placeAt('data')
  const top = placeAt('The document')
  const code = textOf(document, 'code', top)
  const url = textOf(data, 'url', at)
  const place = cosObjectOf(url)
  const result = textOf(data, 'result', at)
  const event = textOf(data, 'event', at)
  const dataId = textOf(data, 'data_id', at)
  const worst = worstInfo(data)
  const review: Review = {
    jobId: keyOf(data, 'trace_id', at) ?? fingerprintOf([event, url, dataId, result].map((one) => one ?? '')),
    bucket: place?.bucket ?? null,
    object: place?.object ?? null,
    url,
    state: isErrorCode(code) ? 'Failed' : 'Success',
    result,
    label: textOf(data, 'label', at) ?? worst?.label ?? null,
    score: textOf(data, 'score', at) ?? worst?.score ?? null,
    frozen: textOf(data, 'forbidden_status', at),
    code,
    message: textOf(document, 'message', top),
    dataId,
    createdAt: null,
    details: restOf(data, READ_OF_SIMPLE),
  }
  return noticeOf(review, null, [...top.odd, ...at.odd], {
    raw: document,
    inner: data,
    findings: [result, textOf(data, 'suggestion', at), ...hitsIn(data)].filter((one) => one !== null),
    tag: event,
    endedAt: null,
  })
}

const READ_OF_SIMPLE = new Set('trace_id url result forbidden_status data_id label score'.split(' '))

/** What the console sends when somebody sets the URL there: it wants an answer, and means nothing. */
export function isConsoleTest(document: Node): boolean {
  const data = document['data']
  return (
    isNode(data) &&
    (data['url'] === 'test_url' || document['message'] === 'Test request when setting callback url')
  )
}

interface Told {
  readonly raw: Node
  /** Where in it the findings lie. */
  readonly inner: Node
  readonly findings: readonly string[]
  readonly tag: Text
  readonly endedAt: Text
}

/** What the alert has lines of its own for. */
const DECIDED = new Set(['State', 'Code', 'Result', 'result', 'Suggestion', 'suggestion', 'Suspicious'])

function noticeOf(data: Review, event: Event, odd: readonly string[], told: Told): Notice {
  const verdict = isStart(event) ? 'running' : verdictOf(data, told)
  return {
    kind: 'review',
    id: data.jobId,
    state: data.state,
    verdict,
    troubles: verdict === 'normal' || verdict === 'running' ? [] : troublesIn([[told.inner, DECIDED]]),
    bucket: data.bucket,
    object: data.object,
    workflow: null,
    tag: told.tag,
    endedAt: momentOrNull(told.endedAt),
    createdAt: momentOrNull(data.createdAt),
    // A finding is no fault of the work on the object: nothing ends it, and it ends nothing.
    work: null,
    askedAt: 'none',
    isOpen: false,
    unknownEvent: null,
    raw: told.raw,
    odd,
    data,
  }
}

function verdictOf({ state }: Review, { findings, raw }: Told): Verdict {
  const outer = verdictOfState(state)
  if (outer !== 'succeeded') return outer
  const found = worstOf(findings.map(findingOf))
  // Of a video, its pictures and its sound each have findings of their own.
  return found === 'normal' && holdsTrouble(raw) ? 'suspected' : found
}

/** One that says nothing of what it found is one to look at. */
function worstOf(findings: readonly Finding[]): Finding {
  const order = ['sensitive', 'suspected', 'normal'] as const
  return order.find((one) => findings.includes(one)) ?? 'suspected'
}

/** What says nothing of what was found. */
function isNormal(label: Text): boolean {
  return label === null || label.toLowerCase() === 'normal'
}

interface Info {
  readonly name: string
  readonly node: Node
}

/** `PornInfo`, `porn_info` and the like, which each say whether they hit. */
function infosIn(node: Node): readonly Info[] {
  return Object.entries(node).flatMap(([name, inside]) =>
    /_?info$/i.test(name) && isNode(inside) ? [{ name, node: inside }] : [],
  )
}

function hitOf({ node }: Info): Text {
  const at = placeAt('')
  return textOf(node, 'HitFlag', at) ?? textOf(node, 'hit_flag', at)
}

function hitsIn(node: Node): readonly string[] {
  return infosIn(node).flatMap((info) => hitOf(info) ?? [])
}

/** Of the scenes that which says most, and is no plain no. */
function worstInfo(node: Node): { readonly label: Text; readonly score: Text } | null {
  const hits = infosIn(node).filter((info) => findingOf(hitOf(info) ?? '0') !== 'normal')
  const [worst] = [...hits.filter((info) => hitOf(info) === '1'), ...hits]
  if (worst === undefined) return null
  const at = placeAt(worst.name)
  const label = textOf(worst.node, 'label', at) ?? textOf(worst.node, 'Label', at)
  const scene = worst.name.replace(/_?info$/i, '')
  return {
    label: [scene, label].filter(Boolean).join('/') || null,
    score: textOf(worst.node, 'score', at) ?? textOf(worst.node, 'Score', at),
  }
}

/** Of an inspection the result lies in the Operation of its job. */
function inspectionIn(node: Node): Node | null {
  const at = placeAt('JobsDetail')
  const operation = nodeOf(node, 'Operation', placeAt('JobsDetail'))
  const result =
    (operation && nodeOf(operation, 'ImageInspectResult', at)) ?? nodeOf(node, 'ImageInspectResult', at)
  if (result === null) return null
  return nodeOf(result, 'ProcessResult', at) ?? result
}
