import fc from './properties'
import { noticeOfJob } from '../../src/callback/kinds/job'
import { noticeOf } from '../../src/callback/kinds/workflow'
import type { Notice } from '../../src/callback/notice'
import type { Job, Task, TaskOutput, Text, WorkflowExecution } from '../../src/callback/model'

/** A value that is set: CI writes `-` or nothing for one that is not. XML has no way to say a control character. */
const character = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...Array.from('abcXYZ019 /._-&<>"\'%+=?#;[]{}$\\:,\t\n')) },
  { weight: 3, arbitrary: fc.constantFrom(...Array.from('中文视频转码失败，。')) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('😀', '👨‍👩‍👧', '𠮷', 'é', 'e\u0301', '\u00a0', '\u2028', '\ufeff', '\ufffd'),
  },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
)
/** With the prototype that parsed objects have. */
function record<T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(fields, { noNullPrototype: true }) as fc.Arbitrary<T>
}

const NOT_IN_XML = /[^\t\n\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u

export const setText: fc.Arbitrary<string> = fc
  .oneof(
    fc.array(character, { minLength: 1, maxLength: 12 }).map((characters) => characters.join('')),
    fc.constantFrom(
      '007',
      '1e5',
      'true',
      'null',
      '0',
      '--',
      '- ',
      '&amp;',
      '<![CDATA[x]]>',
      ']]>',
      '%E4%B8%AD',
      '__proto__',
      'a  b',
    ),
  )
  .filter((text) => text.trim() !== '' && text !== '-' && !NOT_IN_XML.test(text))

/** A State: the blanks around it are no part of it. */
const word: fc.Arbitrary<string> = setText.map((text) => text.trim()).filter((text) => text !== '-')

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.option(arbitrary, { nil: null, freq: 4 })
const text: fc.Arbitrary<Text> = maybe(setText)

/** RFC 3339, as the model has it. */
const time: fc.Arbitrary<Text> = maybe(
  fc
    .tuple(
      fc.integer({ min: 1_500_000_000, max: 1_900_000_000 }),
      fc.constantFrom('', '.5', '.123456'),
      fc.constantFrom('+08:00', '-03:30', '+00:00', 'Z'),
    )
    .map(
      ([seconds, fraction, offset]) =>
        new Date(seconds * 1000).toISOString().slice(0, 19) + fraction + offset,
    ),
)

const output: fc.Arbitrary<TaskOutput> = record({
  object: text,
  url: text,
  code: text,
  message: text,
}).filter((one) => Object.values(one).some((value) => value !== null))

const task: fc.Arbitrary<Task> = record({
  type: fc.constantFrom<Text>('Transcode', 'Snapshot', 'SmartCover', null),
  name: text,
  state: fc.constantFrom<Text>('Success', 'Failed', 'Cancel', '未知', null),
  jobId: text,
  template: maybe(record({ id: text, name: text })).map((template) =>
    template === null || (template.id === null && template.name === null) ? null : template,
  ),
  createdAt: time,
  startedAt: time,
  endedAt: time,
  code: text,
  message: text,
  outputs: fc.array(output, { maxLength: 3 }),
})

const isBare = (one: Task): boolean =>
  Object.values(one).every((value) => value === null || (Array.isArray(value) && value.length === 0))

const headers = fc
  .array(fc.tuple(fc.oneof(setText, fc.constantFrom('__proto__', 'constructor', 'toString')), text), {
    maxLength: 3,
  })
  .map((pairs) => Object.fromEntries(pairs) as Record<string, Text>)

export const anyExecution: fc.Arbitrary<WorkflowExecution> = record({
  runId: setText,
  bucket: text,
  object: text,
  state: fc.oneof(fc.constantFrom('Success', 'Failed', 'Running'), word),
  createdAt: time,
  headers,
  workflow: record({ id: text, name: text }),
  tasks: fc.array(
    task.filter((one) => !isBare(one)),
    { maxLength: 4 },
  ),
})

/** What an Operation may hold: text, elements by name, or an element several times. */
const anyTree = fc.letrec<{ tree: unknown; node: Record<string, unknown> }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    tie('node'),
    fc.array(fc.oneof(text, tie('node')), { minLength: 2, maxLength: 3 }),
  ),
  node: fc
    .array(
      fc.tuple(
        fc.constantFrom(
          'Output',
          'Object',
          'MediaInfo',
          'State',
          'JobId',
          '__proto__',
          'constructor',
          'toString',
          'cdata',
        ),
        tie('tree'),
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((pairs) => Object.fromEntries(pairs) as Record<string, unknown>),
})).node

export const anyJob: fc.Arbitrary<Job> = record({
  jobId: setText,
  tag: text,
  bucket: text,
  object: text,
  url: text,
  headers,
  region: text,
  state: word,
  code: text,
  message: text,
  queueId: text,
  createdAt: time,
  startedAt: time,
  endedAt: time,
  workflow: maybe(record({ runId: setText, id: text, name: text })),
  userData: text,
  outputs: fc.constant([]),
  operation: maybe(anyTree),
})

/** A small execution for tests that care about one thing in it. */
export function execution(changes: Partial<WorkflowExecution> = {}): WorkflowExecution {
  return {
    runId: 'i166ee19017b011eda8a5525400c540df',
    bucket: 'media-1250000000',
    object: '视频/game.mp4',
    state: 'Success',
    createdAt: '2022-08-09T14:54:17+08:00',
    headers: {},
    workflow: { id: 'web6ac56c1ef54dbfa44d7f4103203be9', name: 'workflow-3' },
    tasks: [taskOf()],
    ...changes,
  }
}

export function taskOf(changes: Partial<Task> = {}): Task {
  return {
    type: 'Transcode',
    name: 'Transcode_1581665960537',
    state: 'Success',
    jobId: 'j168668b217b011ed8efb27bb229e2d11',
    template: { id: 't01e57db1c2d154d2fb57aa5de9313a897', name: 'MP4-265-SD' },
    createdAt: '2022-08-09T14:54:18+08:00',
    startedAt: null,
    endedAt: '2022-08-09T14:54:39+08:00',
    code: null,
    message: null,
    outputs: [],
    ...changes,
  }
}

export function jobOf(changes: Partial<Job> = {}): Job {
  return {
    jobId: 'j68427030f84611ecb8546d80f2baf56f',
    tag: 'Transcode',
    bucket: 'media-1250000000',
    object: 'input/demo.mp4',
    url: null,
    headers: {},
    region: 'ap-chongqing',
    state: 'Success',
    code: 'Success',
    message: null,
    queueId: 'p2242ab62c7c94486915508540933a2c6',
    createdAt: '2022-06-30T15:29:42+08:00',
    startedAt: '2022-06-30T15:29:44+08:00',
    endedAt: '2022-06-30T15:30:08+08:00',
    workflow: null,
    userData: null,
    outputs: [],
    operation: null,
    ...changes,
  }
}

/** The notice of a job as CI would call it back. */
export function jobNotice(changes: Partial<Job> = {}): Notice {
  return noticeOfJob(jobOf(changes))
}

export function workflowNotice(changes: Partial<WorkflowExecution> = {}): WorkflowNotice {
  return noticeOf(execution(changes))
}

export type WorkflowNotice = Extract<Notice, { kind: 'workflow' }>
