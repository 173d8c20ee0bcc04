import type { CloudEvent } from '../../src/callback/cloud-event'

/** A message as the relay makes it, with what is awkward on a wire: other scripts, quotes, a line break, a `+`. */
export function sampleEvent(id: string, note = 'a&b=c\n%41 d+e'): CloudEvent {
  const object = '视频/holiday 1+"2".mp4'
  return {
    specversion: '1.0',
    id,
    source: '/cos/examplebucket-1250000000',
    subject: object,
    type: 'com.tencentcloud.ci.workflow.succeeded',
    time: '2020-12-01T11:00:41+08:00',
    datacontenttype: 'application/json',
    workflowid: 'w1b4ffd6900a343c3a2fe5b92b1fb7ff6',
    workflowname: 'demo',
    bucket: 'examplebucket-1250000000',
    state: 'Success',
    verdict: 'succeeded',
    data: {
      runId: id,
      bucket: 'examplebucket-1250000000',
      object,
      state: 'Success',
      createdAt: '2020-12-01T11:00:41+08:00',
      headers: { 'x-cos-meta-note': note },
      workflow: { id: 'w1b4ffd6900a343c3a2fe5b92b1fb7ff6', name: 'demo' },
      tasks: [],
    },
  }
}
