import { CloudEvent as Official } from 'cloudevents'
import fc from '../../support/properties'
import { toCloudEvent } from '../../../src/callback/cloud-event'
import { noticeOfJob } from '../../../src/callback/kinds/job'
import { noticeOf } from '../../../src/callback/kinds/workflow'
import {
  anyExecution,
  anyJob,
  execution,
  jobNotice,
  jobOf,
  taskOf,
  workflowNotice,
} from '../../support/executions'

test('an execution becomes the message of the design', () => {
  const done = execution({
    tasks: [
      taskOf({ endedAt: '2022-08-09T14:54:39+08:00' }),
      taskOf({ endedAt: '2022-08-09T14:54:42+08:00' }),
      taskOf({ endedAt: null }),
    ],
  })
  expect(toCloudEvent(noticeOf(done))).toEqual({
    specversion: '1.0',
    id: 'i166ee19017b011eda8a5525400c540df:Success',
    source: '/cos/media-1250000000',
    subject: '视频/game.mp4',
    type: 'com.tencentcloud.ci.workflow.succeeded',
    time: '2022-08-09T14:54:42+08:00',
    datacontenttype: 'application/json',
    workflowid: 'web6ac56c1ef54dbfa44d7f4103203be9',
    workflowname: 'workflow-3',
    bucket: 'media-1250000000',
    state: 'Success',
    verdict: 'succeeded',
    data: done,
  })
})

test('a job becomes one, too', () => {
  expect(toCloudEvent(jobNotice())).toMatchObject({
    id: 'j68427030f84611ecb8546d80f2baf56f:Success',
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
  ['Cancel', 'unknown'],
  ['Pause', 'unknown'],
  ['success', 'unknown'],
  ['PartialSuccess', 'unknown'],
  ['Running', 'running'],
  ['Submitted', 'running'],
  ['Auditing', 'running'],
])('State %s: %s', (state, verdict) => {
  expect(toCloudEvent(workflowNotice({ state })).type).toBe(`com.tencentcloud.ci.workflow.${verdict}`)
  expect(toCloudEvent(jobNotice({ state })).type).toBe(`com.tencentcloud.ci.job.${verdict}`)
})

describe('what CI did not send', () => {
  test('time is that of creation when nothing has an end', () => {
    const event = toCloudEvent(workflowNotice({ tasks: [] }))
    expect(event.time).toBe('2022-08-09T14:54:17+08:00')
  })

  test('subject and time are left out', () => {
    const bare = execution({
      bucket: null,
      object: null,
      createdAt: null,
      tasks: [taskOf({ endedAt: null })],
    })
    const event = toCloudEvent(noticeOf(bare))
    expect(Object.keys(event)).toEqual([
      'specversion',
      'id',
      'source',
      'type',
      'datacontenttype',
      'workflowid',
      'workflowname',
      'state',
      'verdict',
      'data',
    ])
    expect(event.source).toBe('/cos/')
  })

  test('a time in no format of CI is no time of a CloudEvent', () => {
    for (const odd of ['yesterday', '2020-12-01 11:00:41', '1606791641', '2020-02-99T00:00:00Z']) {
      const event = toCloudEvent(workflowNotice({ createdAt: odd, tasks: [taskOf({ endedAt: odd })] }))
      expect(event).not.toHaveProperty('time')
      expect(event.data.createdAt).toBe(odd)
    }
  })
})

test('a bucket that is no bucket’s name still makes a URI', () => {
  const event = toCloudEvent(workflowNotice({ bucket: '##中 /?' }))
  expect(event.source).toBe('/cos/%23%23%E4%B8%AD%20%2F%3F')
})

test('the official SDK takes every message', () => {
  fc.assert(
    fc.property(anyExecution, anyJob, (any, job) => {
      for (const event of [
        toCloudEvent(noticeOf(any)),
        toCloudEvent(noticeOfJob(job)),
        toCloudEvent(noticeOf({ ...any, createdAt: any.object })),
      ])
        expect(new Official(JSON.parse(JSON.stringify(event)) as object).validate()).toBe(true)
    }),
    { numRuns: 150 },
  )
})
