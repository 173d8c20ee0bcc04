import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import fc from '../support/properties'
import { bodyText } from '../../src/callback/body-text'
import { type CloudEvent, toCloudEvent, withRaw } from '../../src/callback/cloud-event'
import { noticeOfJob } from '../../src/callback/kinds/job'
import { noticeOf } from '../../src/callback/kinds/workflow'
import type { Notice } from '../../src/callback/notice'
import { readCallback } from '../../src/callback/read-callback'
import { UnreadableCallback } from '../../src/callback/unreadable-callback'
import { eventKind } from '../../tools/local/event-kind'
import { anyExecution, anyJob } from '../support/executions'
import { sampleBodies } from '../support/fixtures'
import { validateAlert, validateAlertLine, validateMessage } from '../support/schema'

const root = resolve(__dirname, '..', '..')
const read = (...path: readonly string[]): string => readFileSync(join(root, ...path), 'utf8')

/** The bodies of events/, as they come out of the gateway's event. */
const eventBodies = readdirSync(join(root, 'events')).flatMap((name): [string, string][] => {
  if (!name.endsWith('.json')) return []
  const whole = eventKind(JSON.parse(read('events', name)))
  return whole?.kind === 'http'
    ? [[name, bodyText(whole.event.body ?? '', whole.event.isBase64Encoded ?? null)]]
    : []
})
const samples = [
  ...eventBodies,
  ...readdirSync(join(root, 'events', 'bodies')).map((name): [string, string] => [
    `bodies/${name}`,
    read('events', 'bodies', name),
  ]),
  ...sampleBodies().map(([name, body]): [string, string] => [name, body.toString()]),
]

/** What the text holds; nothing where it cannot be read, or is no callback but an answer of CI's. */
function noticesIn(text: string): readonly Notice[] {
  try {
    const callback = readCallback(text, true)
    return callback === 'test' ? [] : callback
  } catch (error) {
    if (error instanceof UnreadableCallback) return []
    throw error
  }
}

const messages = samples.flatMap(([name, text]) =>
  noticesIn(text)
    .filter(({ verdict }) => verdict !== 'running')
    .map((notice): [string, CloudEvent, Notice] => [name, toCloudEvent(notice), notice]),
)
const messageOf = (sample: string): CloudEvent => messages.find(([name]) => name === sample)![1]

test('there are samples of every kind', () => {
  expect(new Set(messages.map(([, { type }]) => type.split('.')[3]))).toEqual(
    new Set(['workflow', 'job', 'review', 'event']),
  )
})

test.each(messages)('%s: its message is as the schema has it, with MESSAGE_RAW, too', (_, event, notice) => {
  validateMessage(JSON.parse(JSON.stringify(event)))
  const raw = withRaw(event, notice.raw, Infinity)
  expect(raw.data).toHaveProperty('raw')
  validateMessage(JSON.parse(JSON.stringify(raw)))
})

test('so is the message of docs/message.md', () => {
  const [, text = ''] = /```json\n([^]*?)```/.exec(read('docs/message.md')) ?? []
  validateMessage(JSON.parse(text))
})

test('so is the message of any execution and any job', () => {
  fc.assert(
    fc.property(anyExecution, anyJob, (execution, job) => {
      for (const notice of [noticeOf(execution, { raw: { any: job.operation } }), noticeOfJob(job)]) {
        if (notice.verdict === 'running') continue
        const event = toCloudEvent(notice)
        for (const one of [event, withRaw(event, notice.raw, Infinity)])
          validateMessage(JSON.parse(JSON.stringify(one)))
      }
    }),
    { numRuns: 300 },
  )
})

test('every message that any test makes is held to it', () => {
  const notice = noticeOf({ ...messages.find(([, { data }]) => 'runId' in data)![1].data, raw: 1 } as never)
  expect(() => toCloudEvent(notice)).toThrow(/message\.schema\.json does not allow \/data\/raw: /)
})

describe('the schema refuses', () => {
  const ofWorkflow = messageOf('url-success.json')
  const ofJob = messageOf('job-success.json')
  const ofReview = messageOf('review-sensitive.json')
  /** A copy with another value at a path; undefined takes it away. */
  const changed = (event: CloudEvent, path: string, value: unknown): unknown => {
    const copy = structuredClone(event) as unknown as Record<string, unknown>
    const names = path.split('/')
    const last = names.pop() ?? ''
    let here = copy
    for (const name of names) here = here[name] as Record<string, unknown>
    here[last] = value
    return JSON.parse(JSON.stringify(copy))
  }

  test.each<[what: string, event: CloudEvent, path: string, value: unknown, fault: RegExp]>([
    ['no id', ofWorkflow, 'id', undefined, /the whole: .*'id'/],
    ['no data', ofWorkflow, 'data', undefined, /the whole: .*'data'/],
    ['no RunId', ofWorkflow, 'data/runId', undefined, /\/data: .*'runId'/],
    ['an id without a State', ofWorkflow, 'id', 'i1', /\/id: /],
    ['an attribute that nobody knows', ofWorkflow, 'extra', 'x', /the whole: .*"extra"/],
    ['a field of data that nobody knows', ofJob, 'data/extra', null, /\/data: .*"extra"/],
    ['a field of a task that nobody knows', ofWorkflow, 'data/tasks/0/extra', null, /\/data\/tasks\/0: /],
    ['a number where text is', ofWorkflow, 'data/tasks/0/code', 0, /\/data\/tasks\/0\/code: /],
    ['a number in what is as parsed', ofJob, 'data/operation/Width', 1, /\/data\/operation\/Width: /],
    ['an empty text in place of null', ofJob, 'data/url', '', /\/data\/url: /],
    ['null in place of a list', ofWorkflow, 'data/tasks', null, /\/data\/tasks: /],
    ['a time without an offset', ofWorkflow, 'time', '2026-03-09T20:16:41', /\/time: /],
    ['an attribute that is null', ofWorkflow, 'subject', null, /\/subject: /],
    ['a control character in an attribute', ofWorkflow, 'workflowname', 'a\nb', /\/workflowname: /],
    ['a verdict that is not the end of the type', ofWorkflow, 'verdict', 'failed', /oneOf|verdict|type/],
    ['a verdict of another kind', ofReview, 'type', 'com.tencentcloud.ci.review.partial', /\/type: /],
    ['a kind that nobody knows', ofReview, 'type', 'com.tencentcloud.ci.bill.failed', /type|oneOf/],
    ['what has not ended', ofWorkflow, 'verdict', 'running', /\/verdict: /],
    ['a workflow in a review', ofReview, 'workflowid', 'w1', /the whole: .*"workflowid"/],
    ['the data of another kind', ofWorkflow, 'data', ofJob.data, /\/data: /],
    ['raw that is text', ofWorkflow, 'data/raw', '<xml/>', /\/data\/raw: /],
  ])('%s', (_, event, path, value, fault) => {
    validateMessage(JSON.parse(JSON.stringify(event)))
    expect(() => validateMessage(changed(event, path, value))).toThrow(fault)
  })

  test.each([null, 'text', [], {}])('%j', (value) => {
    expect(() => validateMessage(value)).toThrow(/message\.schema\.json/)
    expect(() => validateAlert(value)).toThrow(/alert\.schema\.json/)
    expect(() => validateAlertLine(value)).toThrow(/alert\.schema\.json/)
  })

  test('an alert that is wrong, alone or in its event', () => {
    const event = messageOf('url-failed.json')
    const line = { severity: 'error', title: 'Workflow failed', text: '', event }
    validateAlertLine(line)
    validateAlertLine({ ...line, event: null })
    expect(() => validateAlertLine({ ...line, severity: 'fatal' })).toThrow(/\/severity: /)
    expect(() => validateAlertLine({ ...line, event: undefined })).toThrow(/event/)
    expect(() => validateAlertLine({ ...line, event: { ...event, extra: 1 } })).toThrow(/\/event: .*extra/)
    expect(() => validateAlertLine({ ...line, event: ofWorkflow })).toThrow(/\/event/)
    const about = {
      ...event,
      id: `${event.id}:alert`,
      type: 'com.tencentcloud.ci.alert',
      data: line,
    }
    validateAlert(about)
    expect(() => validateAlert({ ...about, id: event.id })).toThrow(/\/id: /)
    expect(() => validateAlert({ ...about, extra: 1 })).toThrow(/extra/)
    expect(() => validateAlert({ ...about, data: { ...line, event: null } })).toThrow(/alert\.schema/)
    expect(() => validateAlert({ ...about, data: { ...line, event: { ...event, id: 7 } } })).toThrow(
      /event\/id/,
    )
  })
})

test('every field says what it holds', () => {
  const silent: string[] = []
  const look = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return
    for (const [name, inside] of Object.entries(schema)) {
      const isField = /\/properties$/.test(path) && !/\/(oneOf\/\d+|data|line)\/properties$/.test(path)
      if (isField && typeof inside === 'object' && !('description' in inside || '$ref' in inside))
        silent.push(`${path}/${name}`)
      look(inside, `${path}/${name}`)
    }
  }
  for (const name of ['message', 'alert'])
    look(JSON.parse(read('docs', 'schema', `${name}.schema.json`)), name)
  expect(silent).toEqual([])
})
