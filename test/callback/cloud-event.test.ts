import { CloudEvent as Official } from 'cloudevents'
import fc from 'fast-check'
import { toCloudEvent } from '../../src/callback/cloud-event'
import { anyExecution, anyJob, execution, jobOf, taskOf } from '../support/executions'

test('an execution becomes the message of the design', () => {
  const done = execution({
    tasks: [
      taskOf({ endedAt: '2022-08-09T14:54:39+08:00' }),
      taskOf({ endedAt: '2022-08-09T14:54:42+08:00' }),
      taskOf({ endedAt: null }),
    ],
  })
  expect(toCloudEvent({ kind: 'workflow', execution: done })).toEqual({
    specversion: '1.0',
    id: 'i166ee19017b011eda8a5525400c540df',
    source: '/cos/media-1250000000',
    subject: '视频/game.mp4',
    type: 'com.tencentcloud.ci.workflow.succeeded',
    time: '2022-08-09T14:54:42+08:00',
    datacontenttype: 'application/json',
    data: done,
  })
})

test('a job becomes one, too', () => {
  expect(toCloudEvent({ kind: 'job', job: jobOf() })).toMatchObject({
    id: 'j68427030f84611ecb8546d80f2baf56f',
    source: '/cos/media-1250000000',
    subject: 'input/demo.mp4',
    type: 'com.tencentcloud.ci.job.succeeded',
    time: '2022-06-30T15:30:08+08:00',
    data: jobOf(),
  })
})

test.each([
  ['Success', 'succeeded'],
  ['Failed', 'failed'],
  ['Cancel', 'failed'],
  ['success', 'failed'],
  ['PartialSuccess', 'failed'],
])('State %s: %s', (state, verdict) => {
  expect(toCloudEvent({ kind: 'workflow', execution: execution({ state }) }).type).toBe(
    `com.tencentcloud.ci.workflow.${verdict}`,
  )
  expect(toCloudEvent({ kind: 'job', job: jobOf({ state }) }).type).toBe(`com.tencentcloud.ci.job.${verdict}`)
})

describe('what CI did not send', () => {
  test('time is that of creation when nothing has an end', () => {
    const event = toCloudEvent({ kind: 'workflow', execution: execution({ tasks: [] }) })
    expect(event.time).toBe('2022-08-09T14:54:17+08:00')
  })

  test('subject and time are left out', () => {
    const bare = execution({
      bucket: null,
      object: null,
      createdAt: null,
      tasks: [taskOf({ endedAt: null })],
    })
    const event = toCloudEvent({ kind: 'workflow', execution: bare })
    expect(Object.keys(event)).toEqual(['specversion', 'id', 'source', 'type', 'datacontenttype', 'data'])
    expect(event.source).toBe('/cos/')
  })

  test('a time in no format of CI is no time of a CloudEvent', () => {
    for (const odd of ['yesterday', '2020-12-01 11:00:41', '1606791641', '2020-02-99T00:00:00Z']) {
      const event = toCloudEvent({
        kind: 'workflow',
        execution: execution({ createdAt: odd, tasks: [taskOf({ endedAt: odd })] }),
      })
      expect(event).not.toHaveProperty('time')
      expect(event.data.createdAt).toBe(odd)
    }
  })
})

test('a bucket that is no bucket’s name still makes a URI', () => {
  const event = toCloudEvent({ kind: 'workflow', execution: execution({ bucket: '##中 /?' }) })
  expect(event.source).toBe('/cos/%23%23%E4%B8%AD%20%2F%3F')
})

test('the official SDK takes every message', () => {
  fc.assert(
    fc.property(anyExecution, anyJob, (any, job) => {
      for (const event of [
        toCloudEvent({ kind: 'workflow', execution: any }),
        toCloudEvent({ kind: 'job', job }),
        toCloudEvent({ kind: 'workflow', execution: { ...any, createdAt: any.object } }),
      ])
        expect(new Official(JSON.parse(JSON.stringify(event)) as object).validate()).toBe(true)
    }),
    { numRuns: 150 },
  )
})
