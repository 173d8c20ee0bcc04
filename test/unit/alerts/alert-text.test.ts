import { WORDS } from '../../support/words'
import { plainText } from '../../../src/alerts/alert'
import { fitAlert } from '../../../src/alerts/fit'
import { toCloudEvent } from '../../../src/callback/cloud-event'
import { glimpse } from '../../../src/callback/glimpse'
import { noticeOfJob } from '../../../src/callback/kinds/job'
import { noticeOf } from '../../../src/callback/kinds/workflow'
import type { Notice } from '../../../src/callback/notice'
import { alertFor, unreadableAlert } from '../../../src/alerts/alert-text'
import type { Language } from '../../../src/alerts/words/words'
import { execution, jobOf, taskOf } from '../../support/executions'

function textOf(subject: Notice, severity: 'error' | 'warning', language: Language): string {
  const alert = alertFor(subject, toCloudEvent(subject), severity, WORDS[language])
  return `${alert.title}\n${plainText(alert)}`
}

const failed: Notice = noticeOf(
  execution({
    state: 'Failed',
    object: '视频/开场.mp4',
    workflow: { id: 'w1', name: '转码流程' },
    tasks: [
      taskOf(),
      taskOf({
        type: 'Snapshot',
        name: 'Snapshot_1',
        state: 'Failed',
        jobId: 'j1',
        template: { id: 't1', name: '封面 720p' },
        createdAt: '2020-12-01T11:00:42+08:00',
        startedAt: '2020-12-01T11:00:43+08:00',
        endedAt: '2020-12-01T11:00:45+08:00',
        code: 'InputError',
        message: 'no frame',
      }),
      taskOf({
        type: 'SmartCover',
        name: null,
        state: 'Failed',
        jobId: null,
        template: null,
        createdAt: null,
        endedAt: null,
      }),
    ],
  }),
)

test('a failed execution, in English', () => {
  expect(textOf(failed, 'error', 'en')).toBe(
    [
      'Workflow failed: 转码流程 · 视频/开场.mp4',
      'Workflow: 转码流程 (w1)',
      'Object: 视频/开场.mp4',
      'Bucket: media-1250000000',
      'State: Failed',
      'Failed tasks (2 of 3):',
      '  1. Snapshot',
      '     Node: Snapshot_1',
      '     Template: 封面 720p (t1)',
      '     Time: 2020-12-01 11:00:43 → 11:00:45 +08:00 (2 s)',
      '     Job: j1',
      '     Reason: InputError: no frame',
      '  2. SmartCover',
      '     Reason: unknown: callbacks do not say why, and CI did not tell',
      'Run: i166ee19017b011eda8a5525400c540df',
    ].join('\n'),
  )
})

test('a failed execution, in Chinese', () => {
  expect(textOf(failed, 'error', 'zh')).toBe(
    [
      '工作流执行失败：转码流程 · 视频/开场.mp4',
      '工作流：转码流程（w1）',
      '文件：视频/开场.mp4',
      '存储桶：media-1250000000',
      '状态：失败（Failed）',
      '失败任务（2/3）：',
      '  1. Snapshot',
      '     节点：Snapshot_1',
      '     模板：封面 720p（t1）',
      '     时间：2020-12-01 11:00:43 → 11:00:45 +08:00（耗时 2 秒）',
      '     任务 ID：j1',
      '     原因：InputError：no frame',
      '  2. SmartCover',
      '     原因：未知（回调未说明，向数据万象查询也未得到原因）',
      '实例 ID：i166ee19017b011eda8a5525400c540df',
    ].join('\n'),
  )
})

test('success with a failed task is said to be so', () => {
  const subject: Notice = noticeOf(execution({ tasks: [taskOf({ state: 'Failed' })] }))
  expect(textOf(subject, 'warning', 'en').split('\n')[0]).toBe(
    'Workflow succeeded in part: workflow-3 · 视频/game.mp4',
  )
  expect(textOf(subject, 'warning', 'zh').split('\n')[0]).toBe(
    '工作流执行成功，但部分任务未成功：workflow-3 · 视频/game.mp4',
  )
})

test('an unusual end lists the tasks that did not succeed, each with its state', () => {
  const tasks = [
    taskOf(),
    taskOf({ state: 'Cancel', name: 'n2', jobId: 'j2' }),
    taskOf({ type: null, state: null, name: 'n3', jobId: 'j3', template: null }),
  ]
  const subject: Notice = noticeOf(
    execution({
      state: 'Cancel',
      bucket: null,
      object: null,
      workflow: { id: 'w1', name: null },
      tasks,
    }),
  )
  expect(textOf(subject, 'warning', 'en')).toBe(
    [
      'Workflow did not run to its end (Cancel): w1',
      'Workflow: w1',
      'Object: (not sent)',
      'Bucket: (not sent)',
      'State: Cancel',
      'Tasks that did not succeed (2 of 3):',
      '  1. Transcode · Cancel',
      '     Node: n2',
      '     Template: MP4-265-SD (t01e57db1c2d154d2fb57aa5de9313a897)',
      '     Time: 2022-08-09 14:54:18 → 14:54:39 +08:00 (21 s)',
      '     Job: j2',
      '  2. (unnamed)',
      '     Node: n3',
      '     Time: 2022-08-09 14:54:18 → 14:54:39 +08:00 (21 s)',
      '     Job: j3',
      'Run: i166ee19017b011eda8a5525400c540df',
    ].join('\n'),
  )
  expect(textOf(subject, 'warning', 'zh')).toContain('\n未成功的任务（2/3）：\n')
})

test('a failed job', () => {
  const subject: Notice = noticeOfJob(
    jobOf({
      state: 'Failed',
      code: 'InputFileNotFound',
      message: 'no such file',
      workflow: { runId: 'r1', id: 'w1', name: 'wf' },
    }),
  )
  expect(textOf(subject, 'error', 'en')).toBe(
    [
      'Job failed: Transcode · input/demo.mp4',
      'Type: Transcode',
      'Object: input/demo.mp4',
      'Bucket: media-1250000000',
      'Region: ap-chongqing',
      'State: Failed',
      'Reason: InputFileNotFound: no such file',
      'Workflow: wf (w1)',
      'Run: r1',
      'Time: 2022-06-30 15:29:44 → 15:30:08 +08:00 (24 s)',
      'Job: j68427030f84611ecb8546d80f2baf56f',
    ].join('\n'),
  )
  const bare: Notice = noticeOfJob(
    jobOf({
      state: 'Pause',
      tag: null,
      object: null,
      bucket: null,
      region: null,
      startedAt: null,
      endedAt: null,
    }),
  )
  expect(textOf(bare, 'warning', 'zh')).toBe(
    [
      '任务未正常完成（Pause）：j68427030f84611ecb8546d80f2baf56f',
      '文件：（回调未提供）',
      '存储桶：（回调未提供）',
      '状态：已暂停（Pause）',
      '原因：未知（回调未说明）',
      '时间：2022-06-30 15:29:42 +08:00',
      '任务 ID：j68427030f84611ecb8546d80f2baf56f',
    ].join('\n'),
  )
})

describe('times', () => {
  const timeOf = (startedAt: string | null, endedAt: string | null): string | undefined => {
    const subject: Notice = noticeOf(
      execution({
        state: 'Failed',
        tasks: [taskOf({ state: 'Failed', createdAt: null, startedAt, endedAt })],
      }),
    )
    const alert = alertFor(subject, toCloudEvent(subject), 'error', WORDS.en)
    return alert.items[0]?.facts.find(({ label }) => label === 'Time')?.value
  }

  test.each([
    [
      '2020-12-01T23:59:59+08:00',
      '2020-12-02T00:00:01+08:00',
      '2020-12-01 23:59:59 +08:00 → 2020-12-02 00:00:01 +08:00 (2 s)',
    ],
    [
      '2020-12-01T11:00:42+08:00',
      '2020-12-01T03:00:45Z',
      '2020-12-01 11:00:42 +08:00 → 2020-12-01 03:00:45 Z (3 s)',
    ],
    [
      '2020-12-01T11:00:42.5+08:00',
      '2020-12-01T11:00:45.75+08:00',
      '2020-12-01 11:00:42 → 11:00:45 +08:00 (3.25 s)',
    ],
    [
      '2020-12-01T11:00:42.1+08:00',
      '2020-12-01T11:00:45.4+08:00',
      '2020-12-01 11:00:42 → 11:00:45 +08:00 (3.3 s)',
    ],
    ['2020-12-01T11:00:42+08:00', null, '2020-12-01 11:00:42 +08:00'],
    [null, '2020-12-01T11:00:45+08:00', '2020-12-01 11:00:45 +08:00'],
    ['yesterday', 'today', 'yesterday → today'],
    ['yesterday', '2020-12-01T11:00:45+08:00', 'yesterday → 2020-12-01 11:00:45 +08:00'],
    ['2020-12-01 11:00:42', null, '2020-12-01 11:00:42'],
    ['9', '12', '9 → 12'],
    [null, null, undefined],
  ])('%s to %s: %s', (from, to, shown) => {
    expect(timeOf(from, to)).toBe(shown)
  })
})

test('an unreadable body, kept or not, with what can be seen in it', () => {
  const text = (isKept: boolean, language: Language): string => {
    const body =
      '<Response><WorkflowExecution><RunId>r1</RunId><Object>a & b.mp4</Object><State>Failed</State>'
    const problem = {
      code: 'malformed-xml',
      message: 'The XML cannot be read: a fault, line 1, column 56.',
    } as const
    const unreadable = { id: 'unreadable-1', problem, bytes: 980, isKept, seen: glimpse(body) }
    const alert = unreadableAlert(unreadable, WORDS[language])
    return `${alert.title}\n${plainText(alert)}`
  }
  expect(text(true, 'en')).toBe(
    [
      'A callback could not be read',
      'Problem: The XML cannot be read: a fault, line 1, column 56.',
      'Size: 980 bytes',
      'What to do: The body is kept (item unreadable-1). Look at it with `npm run outbox -- show unreadable-1`, then redeliver or drop it.',
      'What can be seen in it:',
      '  1. Not checked',
      '     Object: a & b.mp4',
      '     State: Failed',
      '     Run: r1',
    ].join('\n'),
  )
  expect(text(false, 'zh')).toBe(
    [
      '收到无法解析的回调',
      '问题：XML 格式有误（第 1 行第 56 列）',
      '大小：980 字节',
      '处理建议：未配置存储，原始回调仅保留在函数日志中。',
      '可辨认的内容：',
      '  1. 未经核实',
      '     文件：a & b.mp4',
      '     状态：失败（Failed）',
      '     实例 ID：r1',
    ].join('\n'),
  )
})

test('more tasks than anyone can look at are counted, not listed', () => {
  const tasks = Array.from({ length: 13_000 }, (_, index) => taskOf({ state: 'Failed', jobId: `j${index}` }))
  const subject: Notice = noticeOf(execution({ state: 'Failed', tasks }))
  const alert = alertFor(subject, toCloudEvent(subject), 'error', WORDS.en)
  expect(alert).toMatchObject({ itemsHeading: 'Failed tasks (13000 of 13000)', unlisted: 11_000 })
  expect(alert.items).toHaveLength(2_000)
  expect(alert.event?.data).toBe(subject.data)
  expect(plainText(alert)).toMatch(/\n  2000\. Transcode\n[^]*: j1999\n.*\nand 11000 more tasks\nRun: /)
  expect(fitAlert(alert, () => true)).toMatchObject({ more: 'and 11000 more tasks' })
  expect(fitAlert(alert, ({ items }) => items.length <= 7).more).toBe('and 12993 more tasks')
})

test('a text of megabytes goes with the event only, its incident under a short name', () => {
  const long = '\u{1f600}'.repeat(1_000_000)
  const subject = (object: string): Notice =>
    noticeOf(
      execution({
        state: 'Failed',
        object,
        workflow: { id: long, name: long },
        tasks: [taskOf({ state: 'Failed', type: long, name: long, message: long })],
      }),
    )
  const alerts = ['a', 'b', 'a'].map((object) => {
    const one = subject(object)
    return { ...alertFor(one, toCloudEvent(one), 'error', WORDS.en), event: null }
  })
  for (const alert of alerts) {
    expect(JSON.stringify(alert).length).toBeLessThan(20_000)
    expect(JSON.stringify(alert).isWellFormed()).toBe(true)
  }
  const [first, other, again] = alerts.map(({ incident }) => incident)
  expect(first).toBe(again)
  expect(first).not.toBe(other)
})

test('an alert’s id is the same for a repeat, and another for another state', () => {
  const again = alertFor(failed, toCloudEvent(failed), 'error', WORDS.zh)
  expect(again.id).toBe('i166ee19017b011eda8a5525400c540df:Failed')
})
