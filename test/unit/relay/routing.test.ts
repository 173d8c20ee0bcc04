import type { Task } from '../../../src/callback/model'
import { createRelay } from '../../../src/relay/relay'
import { execution, jobOf, taskOf } from '../../support/executions'
import { fakeChannel, fakeQueue, INVOCATION, post, testParts } from '../../support/parts'
import { executionJson, executionXml, jobsJson, jobsXml } from '../../support/render'

/** What goes where for one body: the types of the messages, the severities of the alerts. */
async function routed(body: string): Promise<{ messages: string[]; alerts: string[] }> {
  const queue = fakeQueue()
  const channels = [fakeChannel('wecom-1'), fakeChannel('slack-2')] as const
  await createRelay(testParts({ queue, channels }))(post(body), INVOCATION)
  const [first, second] = channels.map(({ alerts }) => alerts)
  expect(first).toEqual(second)
  return {
    messages: queue.events.map(({ type }) => type),
    alerts: (first ?? []).map(({ severity }) => severity),
  }
}

const WORKFLOW = 'com.tencentcloud.ci.workflow.succeeded'
const PARTIAL = 'com.tencentcloud.ci.workflow.partial'
const JOB = 'com.tencentcloud.ci.job.succeeded'
const ok = taskOf()
const bad = taskOf({ state: 'Failed' })

test.each<[what: string, state: string, tasks: Task[], messages: string[], alerts: string[]]>([
  ['success', 'Success', [ok, ok], [WORKFLOW], []],
  ['success without tasks', 'Success', [], [WORKFLOW], []],
  ['success with a failed task', 'Success', [ok, bad], [PARTIAL], ['warning']],
  ['success with a cancelled task', 'Success', [taskOf({ state: 'Cancel' })], [PARTIAL], ['warning']],
  ['success with a paused task', 'Success', [taskOf({ state: 'Pause' })], [PARTIAL], ['warning']],
  ['success with a task that goes on', 'Success', [taskOf({ state: 'Running' })], [PARTIAL], ['warning']],
  ['success with a task without a state', 'Success', [taskOf({ state: null })], [WORKFLOW], []],
  ['success with a task whose code is an error', 'Success', [taskOf({ code: 'E1' })], [PARTIAL], ['warning']],
  ['failure', 'Failed', [ok, bad], [], ['error']],
  ['failure, though every task succeeded', 'Failed', [ok], [], ['error']],
  ['cancelled', 'Cancel', [ok], [], ['warning']],
  ['paused', 'Pause', [], [], ['warning']],
  ['a word nobody knows', 'Gelungen', [ok], [], ['warning']],
  ['nearly Success', 'success', [ok], [], ['warning']],
  ['nearly Failed', 'FAILED', [bad], [], ['warning']],
  ['a name of every object', 'constructor', [], [], ['warning']],
  ['submitted', 'Submitted', [], [], []],
  ['running, a task failed already', 'Running', [bad], [], []],
])('an execution: %s (%s)', async (_, state, tasks, messages, alerts) => {
  for (const body of [executionXml(execution({ state, tasks })), executionJson(execution({ state, tasks }))])
    expect(await routed(body)).toEqual({ messages, alerts })
})

test.each<[state: string, messages: string[], alerts: string[]]>([
  ['Success', [JOB], []],
  ['Failed', [], ['error']],
  ['Pause', [], ['warning']],
  ['Cancel', [], ['warning']],
  ['PartialSuccess', [], ['warning']],
  ['Submitted', [], []],
  ['Running', [], []],
])('a job: %s', async (state, messages, alerts) => {
  for (const body of [jobsXml([jobOf({ state })]), jobsJson([jobOf({ state })])])
    expect(await routed(body)).toEqual({ messages, alerts })
})

test('a job without State is judged by its Code', async () => {
  const job = (code: string): string => `{"JobsDetail":{"JobId":"j","Code":"${code}"}}`
  expect(await routed(job('Success'))).toEqual({ messages: [JOB], alerts: [] })
  expect(await routed(job('success'))).toEqual({ messages: [], alerts: ['error'] })
  expect(await routed(job('InputNotFound'))).toEqual({ messages: [], alerts: ['error'] })
})

test('message and alert carry the whole execution', async () => {
  const queue = fakeQueue()
  const channel = fakeChannel('wecom-1')
  const whole = execution({ tasks: [bad] })
  await createRelay(testParts({ queue, channels: [channel] }))(post(executionXml(whole)), INVOCATION)
  expect(queue.events[0]?.data).toEqual(whole)
  expect(channel.alerts[0]?.event).toEqual(queue.events[0])
})

describe('where there is no target', () => {
  test('for messages, an alert still goes; alone, a success is ignored and the log says so', async () => {
    const channel = fakeChannel('wecom-1')
    const parts = testParts({ queue: null, channels: [channel] })
    const relay = createRelay(parts)
    expect((await relay(post(executionXml(execution({ tasks: [bad] }))), INVOCATION)).body).toMatchObject({
      outcome: 'alerted',
    })
    expect((await relay(post(executionXml(execution({ runId: '2' }))), INVOCATION)).body).toMatchObject({
      outcome: 'ignored',
    })
    expect(parts.lines).toContainEqual(
      expect.objectContaining({ msg: 'QUEUE_URL is not set: the success goes nowhere', id: '2' }),
    )
    expect(channel.alerts).toHaveLength(1)
  })

  test('for alerts, the log says that nobody is told', async () => {
    const parts = testParts({ channels: [] })
    const answer = await createRelay(parts)(post(executionXml(execution({ state: 'Failed' }))), INVOCATION)
    expect(answer.body).toMatchObject({ outcome: 'ignored', state: 'Failed' })
    expect(parts.lines).toContainEqual(
      expect.objectContaining({ level: 40, msg: 'ALERT_URLS is not set: nobody is told' }),
    )
  })
})
