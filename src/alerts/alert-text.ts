import type { Alert, AlertItem, Fact, Severity } from './alert'
import { sha256 } from '../sha256'
import type { CloudEvent } from '../callback/cloud-event'
import type { Glimpse } from '../callback/glimpse'
import type { UnreadableCallback } from '../callback/unreadable-callback'
import { isRfc3339 } from '../callback/time'
import type { Job, OtherEvent, Review, Task, Text, Trouble, WorkflowExecution } from '../callback/model'
import type { Notice } from '../callback/notice'
import { isErrorCode } from '../callback/verdict'
import type { Words } from './words/words'

/** More than any channel but `console:` and `file:` can show. The event beside the text holds them all. */
const MOST_LISTED = 2_000

/** Longer than any channel shows, in UTF-16 units. */
const LONGEST_TEXT = 2_000

/** How the text of an alert is made of what a notice tells. */
interface Telling {
  /** Whether CI could be asked for the reason. */
  readonly wasAsked: boolean
  readonly words: Words
}

type Told = Pick<Alert, 'title' | 'facts' | 'footer'> & Partial<Alert>

/** The alert that a notice is owed: what a person on call needs in order to act. */
export function alertFor(
  notice: Notice,
  event: CloudEvent,
  severity: Exclude<Severity, 'info'>,
  words: Words,
  wasAsked = true,
): Alert {
  return {
    id: event.id,
    severity,
    incident: incidentOf(notice),
    event,
    itemsHeading: '',
    items: [],
    more: words.moreTasks,
    ...toldOf(notice, { wasAsked, words }),
  }
}

/** Each kind has things of its own to say. */
function toldOf(notice: Notice, telling: Telling): Told {
  switch (notice.kind) {
    case 'workflow':
      return workflowAlert(notice, notice.data, telling)
    case 'job':
      return jobAlert(notice, notice.data, telling)
    case 'review':
      return reviewAlert(notice, notice.data, telling)
    case 'event':
      return eventAlert(notice.data, telling)
  }
}

/** What fails and may be mended: by its piece of work. Null: what tells of it is closed by hand. */
export function incidentOf({
  verdict,
  work,
  unknownEvent,
}: Pick<Notice, 'verdict' | 'work' | 'unknownEvent'>): string | null {
  if (work === null || unknownEvent !== null || !['failed', 'unknown', 'succeeded'].includes(verdict))
    return null
  return work.length > LONGEST_TEXT ? `work/${sha256(work, 'hex')}` : work
}

/** What a title calls it: the workflow, or the kind of job, and the object; of something that has neither, the id. */
export function nameOf(data: CloudEvent['data']): string {
  const [what, id] =
    'runId' in data
      ? [data.workflow.name ?? data.workflow.id, data.runId]
      : 'jobId' in data
        ? ['tag' in data ? data.tag : data.label, data.jobId]
        : [data.event, data.event]
  const url = 'url' in data ? data.url : null
  return [what, data.object ?? url].filter((name) => name !== null).join(' · ') || id
}

function workflowAlert(
  { verdict, unknownEvent, troubles }: Notice,
  execution: WorkflowExecution,
  telling: Telling,
): Told {
  const { words, wasAsked } = telling
  const { workflow, object, state, tasks } = execution
  const failed = tasks.filter((task) => task.state === 'Failed')
  // Nothing failed, yet it did not succeed: the tasks that did not either are what there is to look at.
  const shown = failed.length > 0 ? failed : tasks.filter((task) => !isPlainSuccess(task))
  const title = unknownEvent === null ? words.workflowTitle(verdict, state) : words.unknownEventTitle
  return {
    title: title + words.colon + short(nameOf(execution)),
    facts: facts([
      [words.event, unknownEvent],
      [words.workflow, named(workflow.name, workflow.id, words)],
      [words.object, object ?? words.notSet],
      [words.bucket, execution.bucket ?? words.notSet],
      [words.state, words.stateOf(state)],
      // What no task is shown for lies beside them, or deeper.
      [
        words.reason,
        shown.length > 0
          ? null
          : (troublesOf(troubles, words) ??
            (verdict === 'failed' ? (wasAsked ? words.noReason : words.notAsked) : null)),
      ],
    ]),
    itemsHeading:
      failed.length > 0
        ? words.failedTasks(failed.length, tasks.length)
        : words.unsuccessfulTasks(shown.length, tasks.length),
    items: shown.slice(0, MOST_LISTED).map((task) => taskItem(task, telling)),
    ...(shown.length > MOST_LISTED && { unlisted: shown.length - MOST_LISTED }),
    footer: facts([[words.run, execution.runId]]),
  }
}

function isPlainSuccess({ state, code, outputs }: Task): boolean {
  return state === 'Success' && !isErrorCode(code) && !outputs.some((output) => isErrorCode(output.code))
}

function taskItem(task: Task, { words, wasAsked }: Telling): AlertItem {
  return {
    title: short(
      [
        task.type ?? words.unnamed,
        task.state === null || task.state === 'Failed' ? null : words.stateOf(task.state),
      ]
        .filter(Boolean)
        .join(' · '),
    ),
    facts: facts([
      [words.node, task.name],
      [words.template, task.template && named(task.template.name, task.template.id, words)],
      [words.time, span(task.startedAt ?? task.createdAt, task.endedAt, words)],
      [words.job, task.jobId],
      [
        words.reason,
        reason(task.code, task.message, words) ??
          reasonInside(task, words) ??
          (task.state === 'Failed' ? (wasAsked ? words.noReason : words.notAsked) : null),
      ],
    ]),
  }
}

/** Where inside something says that it did not succeed. */
function troublesOf(troubles: readonly Trouble[], words: Words): string | null {
  const told = troubles.map(
    ({ path, value, message }) =>
      path.replace(/^Operation\./, '') +
      words.colon +
      value +
      (message === null ? '' : words.inBrackets(message)),
  )
  return told.length === 0 ? null : told.join(words.semicolon)
}

function listed(headers: Job['headers']): string | null {
  const all = Object.entries(headers).map(([name, value]) => `${name}=${value ?? ''}`)
  return all.length === 0 ? null : all.join(' ')
}

/** A callback says of each output that went wrong why. */
function reasonInside({ outputs }: Pick<Task, 'outputs'>, words: Words): string | null {
  const wrong = outputs.filter(({ code }) => isErrorCode(code))
  const reasons = wrong.map(({ object, code, message }) =>
    [object, reason(code, message, words)].filter((part) => part !== null).join(words.colon),
  )
  return reasons.length === 0 ? null : reasons.join(words.semicolon)
}

function jobAlert({ verdict, unknownEvent, troubles }: Notice, job: Job, { words }: Telling): Told {
  const title = unknownEvent === null ? words.jobTitle(verdict, job.state) : words.unknownEventTitle
  return {
    title: title + words.colon + short(nameOf(job)),
    facts: facts([
      [words.event, unknownEvent],
      [words.jobType, job.tag],
      [words.object, job.object ?? (job.url === null ? words.notSet : null)],
      [words.url, job.url],
      [words.bucket, job.bucket ?? words.notSet],
      [words.region, job.region],
      [words.state, words.stateOf(job.state)],
      [
        words.reason,
        reason(job.code, job.message, words) ??
          reasonInside(job, words) ??
          troublesOf(troubles, words) ??
          words.noJobReason,
      ],
      [words.workflow, job.workflow && named(job.workflow.name, job.workflow.id, words)],
      [words.run, job.workflow?.runId],
      [words.time, span(job.startedAt ?? job.createdAt, job.endedAt, words)],
      [words.headers, listed(job.headers)],
    ]),
    footer: facts([[words.job, job.jobId]]),
  }
}

function reviewAlert({ verdict, tag, troubles }: Notice, review: Review, { words }: Telling): Told {
  return {
    title: words.reviewTitle[verdict] + words.colon + short(nameOf(review)),
    facts: facts([
      [words.jobType, tag],
      [words.object, review.object ?? (review.url === null ? words.notSet : null)],
      [words.url, review.object === null ? review.url : null],
      [words.bucket, review.bucket ?? words.notSet],
      [words.state, words.stateOf(review.state)],
      [words.result, review.result],
      [words.label, review.label],
      [words.score, review.score],
      [words.frozen, review.frozen === null ? null : words.frozenAs(review.frozen)],
      [words.reason, isErrorCode(review.code) ? reason(review.code, review.message, words) : null],
      [words.found, troublesOf(troubles, words)],
      [words.dataId, review.dataId],
    ]),
    footer: facts([[words.job, review.jobId]]),
  }
}

function eventAlert({ event }: OtherEvent, { words }: Telling): Told {
  return {
    title: words.unknownEventTitle + words.colon + short(event),
    facts: facts([[words.event, event]]),
    footer: [],
  }
}

/** What an alert has that is about no event, lists nothing and ends nothing. */
export function bareAlert(
  words: Words,
): Pick<Alert, 'itemsHeading' | 'items' | 'more' | 'footer' | 'incident' | 'event'> {
  return { itemsHeading: '', items: [], more: words.moreItems, footer: [], incident: null, event: null }
}

/** The warning about an execution that has not ended for so long, in ms. */
export function runningAlert(execution: WorkflowExecution, ms: number, words: Words): Alert {
  const { runId, workflow, bucket, object, state, createdAt } = execution
  return {
    ...bareAlert(words),
    id: `running:${runId}`,
    severity: 'warning',
    title: words.runningTitle(words.duration(ms)) + words.colon + short(nameOf(execution)),
    facts: facts([
      [words.workflow, named(workflow.name, workflow.id, words)],
      [words.object, object ?? words.notSet],
      [words.bucket, bucket],
      [words.state, words.stateOf(state)],
      [words.time, shownTime(createdAt)],
      [words.whatToDo, words.runningAdvice],
    ]),
    footer: facts([[words.run, runId]]),
  }
}

/** A body that could not be read. */
export interface Unreadable {
  readonly id: string
  readonly problem: Pick<UnreadableCallback, 'code' | 'message'>
  readonly bytes: number
  /** Whether it is in the outbox, by its id. */
  readonly isKept: boolean
  readonly seen: Glimpse
}

/** The alert about it: what is wrong, what can be seen in it, and what to do. */
export function unreadableAlert({ id, problem, bytes, isKept, seen }: Unreadable, words: Words): Alert {
  const some = facts([
    [words.workflow, seen.workflowName ?? seen.workflowId],
    [words.object, seen.object],
    [words.bucket, seen.bucket],
    [words.state, seen.state === null ? null : words.stateOf(seen.state)],
    [words.run, seen.runId],
    [words.job, seen.jobId],
  ])
  return {
    ...bareAlert(words),
    id: id.replace('-', ':'),
    severity: 'warning',
    title: words.unreadableTitle,
    facts: facts([
      [words.problem, words.problemOf(problem.code, problem.message)],
      [words.size, words.bytes(bytes)],
      [words.whatToDo, isKept ? words.unreadableKept(id) : words.unreadableNotKept],
    ]),
    itemsHeading: words.seenInIt,
    items: some.length === 0 ? [] : [{ title: words.unchecked, facts: some }],
  }
}

/** Leaves out what has no value. */
function facts(pairs: readonly (readonly [label: string, value: Text | undefined])[]): Fact[] {
  return pairs.flatMap(([label, value]) => (value ? [{ label, value: short(value) }] : []))
}

/** An alert goes to several channels, and into the outbox: a text of megabytes goes with the event only. */
function short(text: string): string {
  const cut = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1).toWellFormed()}…` : text
  // A line of its own would pass for one of ours.
  return cut.replaceAll(/\s*[\n\r\u2028\u2029]\s*/g, ' ')
}

function named(name: Text, id: Text, words: Words): string {
  if (name !== null && id !== null) return name + words.inBrackets(id)
  return name ?? id ?? words.unnamed
}

/** CI's code and words; a code that only says `Success` explains nothing. */
function reason(code: Text, message: Text, words: Words): string | null {
  const parts = [isErrorCode(code) ? code : null, message].filter((part) => part !== null)
  return parts.length === 0 ? null : parts.join(words.colon)
}

/** `2020-12-01 11:00:42 → 11:00:45 +08:00 (3 s)`. */
function span(from: Text, to: Text, words: Words): string | null {
  if (from === null || to === null) return shownTime(to ?? from)
  if (!isRfc3339(from) || !isRfc3339(to)) return `${String(shownTime(from))} → ${String(shownTime(to))}`
  const seconds = words.seconds((Date.parse(to) - Date.parse(from)) / 1000)
  const sameDay = from.slice(0, 10) === to.slice(0, 10) && offsetOf(from) === offsetOf(to)
  return sameDay
    ? `${from.slice(0, 10)} ${clockOf(from)} → ${clockOf(to)} ${offsetOf(to)}${words.inBrackets(seconds)}`
    : `${String(shownTime(from))} → ${String(shownTime(to))}${words.inBrackets(seconds)}`
}

function shownTime(time: Text): Text {
  return time === null || !isRfc3339(time) ? time : `${time.slice(0, 10)} ${clockOf(time)} ${offsetOf(time)}`
}

function clockOf(time: string): string {
  return time.slice(11, 19)
}

function offsetOf(time: string): string {
  return time.slice(19).replace(/^\.\d+/, '')
}
