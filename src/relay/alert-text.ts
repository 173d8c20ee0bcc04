import type { Alert, AlertItem, Fact } from '../alerts/alert'
import { sha256 } from '../delivery/sha256'
import type { CloudEvent } from '../callback/cloud-event'
import { isRfc3339 } from '../callback/time'
import type { Job, Subject, Task, Text, WorkflowExecution } from '../callback/model'
import type { Words } from './words/words'
import type { Route } from './route'

/** More than any channel but `console:` and `file:` can show. The event beside the text holds them all. */
const MOST_LISTED = 2_000

/** Longer than any channel shows, in UTF-16 units. */
const LONGEST_TEXT = 2_000

/** The alert that an execution or a job is owed: what a person on call needs in order to act. */
export function alertFor(
  subject: Subject,
  event: CloudEvent,
  severity: NonNullable<Route['alert']>,
  words: Words,
): Alert {
  const common = {
    id: `${event.id}/${event.data.state}`,
    severity,
    incident: incidentOf(subject),
    event,
    itemsHeading: '',
    items: [],
    more: words.moreTasks,
  }
  return subject.kind === 'workflow'
    ? { ...common, ...workflowAlert(subject.execution, severity, words) }
    : { ...common, ...jobAlert(subject.job, severity, words) }
}

/** The same trouble: the same workflow (or kind of job) and the same object. */
export function incidentOf(subject: Subject): string {
  const [what, { bucket, object }] =
    subject.kind === 'workflow'
      ? [subject.execution.workflow.id ?? subject.execution.workflow.name, subject.execution]
      : [subject.job.workflow?.id ?? subject.job.tag, subject.job]
  const incident = [subject.kind, what ?? '', bucket ?? '', object ?? ''].join('/')
  return incident.length > LONGEST_TEXT ? `${subject.kind}/${sha256(incident, 'hex')}` : incident
}

/** What a title calls it: the workflow, or the kind of job, and the object; of something that has neither, the id. */
export function nameOf(data: WorkflowExecution | Job): string {
  const [what, id] =
    'runId' in data ? [data.workflow.name ?? data.workflow.id, data.runId] : [data.tag, data.jobId]
  return [what, data.object].filter((name) => name !== null).join(' · ') || id
}

function workflowAlert(execution: WorkflowExecution, severity: 'error' | 'warning', words: Words) {
  const { workflow, object, state, tasks } = execution
  const failed = tasks.filter((task) => task.state === 'Failed')
  // Nothing failed, yet it did not succeed: the tasks that did not either are what there is to look at.
  const shown = failed.length > 0 ? failed : tasks.filter((task) => task.state !== 'Success')
  const title = state === 'Success' ? words.succeededWithFailedTasks : words.workflowTitle[severity]
  return {
    title: title + words.colon + short(nameOf(execution)),
    facts: facts([
      [words.workflow, named(workflow.name, workflow.id, words)],
      [words.object, object ?? words.notSet],
      [words.bucket, execution.bucket ?? words.notSet],
      [words.state, state],
    ]),
    itemsHeading:
      failed.length > 0
        ? words.failedTasks(failed.length, tasks.length)
        : words.unsuccessfulTasks(shown.length, tasks.length),
    items: shown.slice(0, MOST_LISTED).map((task) => taskItem(task, words)),
    ...(shown.length > MOST_LISTED && { unlisted: shown.length - MOST_LISTED }),
    footer: facts([[words.run, execution.runId]]),
  }
}

function taskItem(task: Task, words: Words): AlertItem {
  return {
    title: short(
      [task.type ?? words.unnamed, task.state === 'Failed' ? null : task.state].filter(Boolean).join(' · '),
    ),
    facts: facts([
      [words.node, task.name],
      [words.template, task.template && named(task.template.name, task.template.id, words)],
      [words.time, span(task.startedAt ?? task.createdAt, task.endedAt, words)],
      [words.job, task.jobId],
      [words.reason, reason(task.code, task.message) ?? (task.state === 'Failed' ? words.noReason : null)],
    ]),
  }
}

function jobAlert(job: Job, severity: 'error' | 'warning', words: Words) {
  return {
    title: words.jobTitle[severity] + words.colon + short(nameOf(job)),
    facts: facts([
      [words.jobType, job.tag],
      [words.object, job.object ?? words.notSet],
      [words.bucket, job.bucket ?? words.notSet],
      [words.region, job.region],
      [words.state, job.state],
      [words.reason, reason(job.code, job.message) ?? words.noJobReason],
      [words.workflow, job.workflow && named(job.workflow.name, job.workflow.id, words)],
      [words.run, job.workflow?.runId],
      [words.time, span(job.startedAt ?? job.createdAt, job.endedAt, words)],
    ]),
    footer: facts([[words.job, job.jobId]]),
  }
}

/** The alert about a body that could not be read; `itemId` is where it is kept, null when it is not. */
export function unreadableAlert(
  id: string,
  problem: string,
  bytes: number,
  itemId: string | null,
  words: Words,
): Alert {
  return {
    id,
    severity: 'warning',
    title: words.unreadableTitle,
    facts: facts([
      [words.problem, problem],
      [words.receivedBytes, String(bytes)],
      [words.whatToDo, itemId === null ? words.unreadableNotKept : words.unreadableKept(itemId)],
    ]),
    itemsHeading: '',
    items: [],
    more: '',
    footer: [],
    incident: null,
    event: null,
  }
}

/** Leaves out what has no value. */
function facts(pairs: readonly (readonly [label: string, value: Text | undefined])[]): Fact[] {
  return pairs.flatMap(([label, value]) => (value ? [{ label, value: short(value) }] : []))
}

/** An alert goes to several channels, and into the outbox: a text of megabytes goes with the event only. */
function short(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1).toWellFormed()}…` : text
}

function named(name: Text, id: Text, words: Words): string {
  if (name !== null && id !== null) return `${name} (${id})`
  return name ?? id ?? words.unnamed
}

/** CI's code and words; a code that only says `Success` explains nothing. */
function reason(code: Text, message: Text): string | null {
  const parts = [code === 'Success' ? null : code, message].filter((part) => part !== null)
  return parts.length === 0 ? null : parts.join(': ')
}

/** `2020-12-01 11:00:42 → 11:00:45 +08:00 (3 s)`. */
function span(from: Text, to: Text, words: Words): string | null {
  if (from === null || to === null) return shownTime(to ?? from)
  if (!isRfc3339(from) || !isRfc3339(to)) return `${String(shownTime(from))} → ${String(shownTime(to))}`
  const seconds = words.seconds((Date.parse(to) - Date.parse(from)) / 1000)
  const sameDay = from.slice(0, 10) === to.slice(0, 10) && offsetOf(from) === offsetOf(to)
  return sameDay
    ? `${from.slice(0, 10)} ${clockOf(from)} → ${clockOf(to)} ${offsetOf(to)} (${seconds})`
    : `${String(shownTime(from))} → ${String(shownTime(to))} (${seconds})`
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
