import fc from './properties'
import type { Alert, AlertItem } from '../../src/alerts/alert'
import { type CloudEvent, toCloudEvent } from '../../src/callback/cloud-event'
import { noticeOf } from '../../src/callback/kinds/workflow'
import type { Task, WorkflowExecution } from '../../src/callback/model'
import { hostileText } from './hostile-names'

const RUN_ID = 'i166ee19017b011eda8a5525400c540df'

const TASK: Task = {
  type: 'Transcode',
  name: 'Transcode_1581665960537',
  state: 'Failed',
  jobId: 'j8d121820f5e411ec926ef19d53ba9c5d',
  template: { id: 't04e1ab86554984f1aa17c062fbf6c007c', name: 'MP4 1080p' },
  createdAt: '2022-07-18T15:16:43+08:00',
  startedAt: '2022-07-18T15:16:44+08:00',
  endedAt: '2022-07-18T15:17:02+08:00',
  code: 'InvalidVideo',
  message: 'the input has no video stream',
  outputs: [],
}

const EXECUTION: WorkflowExecution = {
  runId: RUN_ID,
  bucket: 'media-1250000000',
  object: 'uploads/2022/07/18/课程_lesson-03 (final).mp4',
  state: 'Failed',
  createdAt: '2022-07-18T15:16:43+08:00',
  headers: {},
  workflow: { id: 'w18fd791485904afba3ab07ed57d9cf1e', name: 'Lesson videos' },
  tasks: [TASK],
}

export function sampleEvent(changes: Partial<WorkflowExecution> = {}): CloudEvent {
  return toCloudEvent(noticeOf({ ...EXECUTION, ...changes }))
}

const ENGLISH_ITEMS: readonly AlertItem[] = [
  {
    title: 'Transcode_1581665960537 (MP4 1080p)',
    facts: [
      { label: 'Reason', value: 'InvalidVideo: the input has no video stream' },
      { label: 'Job', value: 'j8d121820f5e411ec926ef19d53ba9c5d' },
    ],
  },
  {
    title: 'Snapshot_1581665960538',
    facts: [
      { label: 'Reason', value: 'FrameNotFound: no frame at 00:00:30.000; the video is 12.4 s long' },
      { label: 'Job', value: 'j8d121820f5e411ec926ef19d53ba9c5e' },
    ],
  },
  {
    title: 'Watermark_1581665960539',
    facts: [
      { label: 'Reason', value: 'AccessDenied: cannot read watermark/logo[v2]_final.png' },
      { label: 'Job', value: 'j8d121820f5e411ec926ef19d53ba9c5f' },
    ],
  },
]

export const ENGLISH: Alert = {
  id: `${RUN_ID}/Failed`,
  severity: 'error',
  title: 'Workflow failed: Lesson videos',
  facts: [
    { label: 'Object', value: 'uploads/2022/07/18/课程_lesson-03 (final).mp4' },
    { label: 'Bucket', value: 'media-1250000000 (ap-guangzhou)' },
    { label: 'Ended', value: '2022-07-18 15:17:02 +08:00' },
  ],
  itemsHeading: 'Failed tasks',
  items: ENGLISH_ITEMS,
  more: 'and {count} more tasks',
  footer: [{ label: 'Run', value: RUN_ID }],
  incident:
    'w18fd791485904afba3ab07ed57d9cf1e media-1250000000 uploads/2022/07/18/课程_lesson-03 (final).mp4',
  event: sampleEvent(),
}

export const CHINESE: Alert = {
  ...ENGLISH,
  title: '工作流失败：课程视频',
  facts: [
    { label: '对象', value: 'uploads/2022/07/18/课程_lesson-03 (final).mp4' },
    { label: '存储桶', value: 'media-1250000000（ap-guangzhou）' },
    { label: '结束时间', value: '2022-07-18 15:17:02 +08:00' },
  ],
  itemsHeading: '失败的任务',
  items: ENGLISH_ITEMS.map((item, index) => ({
    title: item.title,
    facts: [
      {
        label: '原因',
        value: [
          'InvalidVideo：输入文件没有视频流',
          'FrameNotFound：视频只有 12.4 秒',
          'AccessDenied：水印图片不可读',
        ][index]!,
      },
      { label: '任务 ID', value: item.facts[1]!.value },
    ],
  })),
  more: '以及另外 {count} 个任务',
  footer: [{ label: '实例 ID', value: RUN_ID }],
}

/** About a body that nobody could read: no event, nothing to resolve. */
export const WITHOUT_EVENT: Alert = {
  id: 'unreadable/3f0c',
  severity: 'warning',
  title: 'A callback could not be read',
  facts: [{ label: 'Why', value: 'truncated at byte 512' }],
  itemsHeading: 'Failed tasks',
  items: [],
  more: 'and {count} more tasks',
  footer: [{ label: 'Kept as', value: 'quarantine/3f0c' }],
  incident: null,
  event: null,
}

/** 2,000 tasks with names of 1,000 characters. */
export const HUGE: Alert = {
  ...ENGLISH,
  items: Array.from({ length: 2000 }, (_, index) => ({
    title: `task ${String(index + 1)} ${'转'.repeat(990)}`,
    facts: [{ label: 'Reason', value: '😀'.repeat(500) }],
  })),
}

const facts = (max: number) =>
  fc.array(fc.record({ label: fc.constantFrom('Object', '原因', 'Job'), value: hostileText }), {
    maxLength: max,
  })

/** Alerts full of hostile names, with up to some hundred items. */
export const hostileAlerts: fc.Arbitrary<Alert> = fc
  .record({
    severity: fc.constantFrom('error', 'warning', 'info'),
    title: hostileText,
    facts: facts(6),
    items: fc.array(fc.record({ title: hostileText, facts: facts(4) }), { maxLength: 12 }),
    repeat: fc.constantFrom(1, 1, 1, 30),
    footer: facts(2),
    incident: fc.option(hostileText),
    object: hostileText,
  })
  .map(({ items, repeat, object, severity, ...rest }) => ({
    ...ENGLISH,
    ...rest,
    severity,
    items: Array.from({ length: repeat }, () => items).flat(),
    // What is empty is read as null.
    event: sampleEvent({ object: object || null, workflow: { id: null, name: object || null } }),
  }))
