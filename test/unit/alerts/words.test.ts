import { type Alert, plainText } from '../../../src/alerts/alert'
import { toCloudEvent } from '../../../src/callback/cloud-event'
import { glimpse } from '../../../src/callback/glimpse'
import type { Notice } from '../../../src/callback/notice'
import { readCallback } from '../../../src/callback/read-callback'
import { UnreadableCallback } from '../../../src/callback/unreadable-callback'
import { alertFor, unreadableAlert } from '../../../src/alerts/alert-text'
import { owedFor } from '../../../src/routing/owed'
import { jobNotice } from '../../support/executions'
import { WORDS } from '../../support/words'

const noticeIn = (body: object): Notice => {
  const read = readCallback(JSON.stringify(body))
  return (read === 'test' ? [] : read)[0]
}
const textOf = (alert: Alert): string => `${alert.title}\n${plainText(alert)}`
const told = (notice: Notice, language: 'en' | 'zh', wasAsked = true): string =>
  textOf(
    alertFor(notice, toCloudEvent(notice), owedFor(notice)?.alert ?? 'warning', WORDS[language], wasAsked),
  )

const REVIEW = {
  EventName: 'ReviewImage',
  JobsDetail: {
    JobId: 'j1',
    State: 'Success',
    Object: '封面/a.jpg',
    BucketId: 'b-1250000000',
    Result: 1,
    Label: 'Ads',
    Score: 96,
    ForbidState: 1,
    DataId: 'd1',
  },
}

test('a review says what it found, how sure it is, and whether the file is frozen', () => {
  expect(told(noticeIn(REVIEW), 'en')).toBe(
    [
      'Review found a violation: Ads · 封面/a.jpg',
      'Type: ReviewImage',
      'Object: 封面/a.jpg',
      'Bucket: b-1250000000',
      'State: Success',
      'Result: 1',
      'Label: Ads',
      'Score: 96',
      'Frozen: yes',
      'Data ID: d1',
      'Job: j1',
    ].join('\n'),
  )
  expect(told(noticeIn(REVIEW), 'zh')).toBe(
    [
      '内容审核：发现违规内容：Ads · 封面/a.jpg',
      '类型：ReviewImage',
      '文件：封面/a.jpg',
      '存储桶：b-1250000000',
      '状态：成功（Success）',
      '审核结果：1',
      '命中标签：Ads',
      '分值：96',
      '冻结状态：已冻结',
      '数据标识：d1',
      '任务 ID：j1',
    ].join('\n'),
  )
})

test.each<[what: string, body: object, title: string]>([
  [
    'one to look at',
    { ...REVIEW, JobsDetail: { ...REVIEW.JobsDetail, Result: 2 } },
    '内容审核：疑似违规，请人工复核：Ads · 封面/a.jpg',
  ],
  [
    'one that failed',
    { ...REVIEW, JobsDetail: { ...REVIEW.JobsDetail, State: 'Failed' } },
    '内容审核失败：Ads · 封面/a.jpg',
  ],
  [
    'one that was paused',
    { ...REVIEW, JobsDetail: { ...REVIEW.JobsDetail, State: 'Pause' } },
    '内容审核未正常完成：Ads · 封面/a.jpg',
  ],
  ['an event nobody knows', { EventName: 'BucketArchived' }, '收到未知类型的事件：BucketArchived'],
  [
    'an event nobody knows about an execution',
    { EventName: 'WorkflowArchived', WorkflowExecution: { RunId: 'r', State: 'Success', Object: 'a.mp4' } },
    '收到未知类型的事件：a.mp4',
  ],
  [
    'an event nobody knows about a job',
    { EventName: 'TaskArchived', JobsDetail: { JobId: 'j', State: 'Success', Tag: 'Snapshot' } },
    '收到未知类型的事件：Snapshot',
  ],
])('%s, in Chinese', (_, body, title) => {
  expect(told(noticeIn(body), 'zh').split('\n')[0]).toBe(title)
})

test('of a text review, which has no object, the URL is named', () => {
  const body = {
    ...REVIEW,
    JobsDetail: { JobId: 'j1', State: 'Success', Url: 'https://example.com/a', Result: 1, ForbidState: 7 },
  }
  expect(told(noticeIn(body), 'en')).toMatch(
    /^Review found a violation: https:\/\/example\.com\/a\n[^]*\nURL: https:\/\/example\.com\/a\n[^]*\nFrozen: 7\n/,
  )
})

test('a job that succeeded in part says where it did not, and names its headers', () => {
  const notice = jobNotice({
    headers: { 'x-cos-meta-id': '7' },
    operation: { DigitalWatermark: { State: 'Failed' }, Info: [{ Code: 'E1' }] },
  })
  expect(told(notice, 'en')).toMatch(
    /^Job succeeded in part: [^]*\nReason: DigitalWatermark\.State: Failed; Info\.Code: E1\n[^]*\nHeaders: x-cos-meta-id=7\n/,
  )
  expect(told(notice, 'zh')).toMatch(/^任务执行成功，但部分结果未成功：/)
})

test('why is not known: whether CI was asked is said', () => {
  const failed = noticeIn({
    WorkflowExecution: { RunId: 'r', State: 'Failed', Tasks: { Type: 'T', State: 'Failed' } },
  })
  expect(told(failed, 'en', false)).toContain('CI was not asked (the function has no role)')
  expect(told(failed, 'zh', false)).toContain('原因：未知（未配置运行角色，无法向数据万象查询）')
  expect(told(failed, 'zh')).toContain('原因：未知（回调未说明，向数据万象查询也未得到原因）')
})

test.each([
  ['<a><b>', 'XML 格式有误（第 1 行第 6 列）'],
  ['<!DOCTYPE a><a/>', 'XML 中含有 DOCTYPE，已拒绝解析（第 1 行第 1 列）'],
  ['{"a":1', 'JSON 格式有误'],
  ['{"a":x}', 'JSON 格式有误（第 6 个字符处）'],
  ['{"WorkflowExecution":{"RunId":"r"}}', '缺少必要字段（WorkflowExecution.State）'],
  ['{"a":1}', '无法识别的回调内容'],
  ['hello', '内容既不是 XML 也不是 JSON'],
])('what is wrong with %j, in Chinese', (body, problem) => {
  let fault: unknown
  try {
    readCallback(body)
  } catch (error) {
    fault = error
  }
  if (!(fault instanceof UnreadableCallback)) throw new Error('it can be read')
  const alert = unreadableAlert(
    { id: 'unreadable-1', problem: fault, bytes: 9, isKept: true, seen: glimpse(body) },
    WORDS.zh,
  )
  expect(plainText(alert)).toMatch(new RegExp(`^问题：${problem}\n`))
  expect(plainText(alert)).toContain(
    '原始回调已隔离保存（编号 unreadable-1）。请运行 npm run outbox -- show unreadable-1 查看，再决定重新投递（redeliver）或丢弃（drop）。',
  )
})

test('Chinese texts have full-width punctuation throughout', () => {
  const all = Object.values(WORDS.zh).flatMap((words): unknown[] => {
    if (typeof words === 'function') return [(words as (...args: readonly unknown[]) => unknown)('x', 'y')]
    return typeof words === 'object' ? Object.values(words as object) : [words]
  })
  const texts = all.map((one) =>
    typeof one === 'function' ? String((one as (a: number, b: number) => unknown)(2, 3)) : String(one),
  )
  expect(texts.length).toBeGreaterThan(50)
  for (const text of texts) expect(text).not.toMatch(/[\u4e00-\u9fff][:(),;]|[:(),;][\u4e00-\u9fff]/)
})

describe('what lies deep inside is shown', () => {
  const workflow = (fields: object, state = 'Success'): object => ({
    WorkflowExecution: {
      RunId: 'r1',
      State: state,
      Object: 'a.mp4',
      BucketId: 'b-1250000000',
      WorkflowId: 'w',
      WorkflowName: 'all',
      ...fields,
    },
  })
  const inTask = {
    Tasks: [{ Type: 'Transcode', State: 'Success', ResultInfo: { Code: 'E', Message: 'no space' } }],
  }

  test.each<[what: string, body: object, language: 'en' | 'zh', line: string]>([
    ['of a task', workflow(inTask), 'en', 'Reason: ResultInfo.Code: E (no space)'],
    ['of a task, in Chinese', workflow(inTask), 'zh', '原因：ResultInfo.Code：E（no space）'],
    [
      'of an execution that failed',
      workflow({ Code: 'OutOfBudget', Message: 'arrears' }, 'Failed'),
      'en',
      'Reason: Code: OutOfBudget (arrears)',
    ],
    [
      'of an execution that failed, and says nothing',
      workflow({}, 'Failed'),
      'en',
      'Reason: unknown: callbacks do not say why, and CI did not tell',
    ],
    [
      'of a job',
      {
        JobsDetail: {
          JobId: 'j',
          State: 'Success',
          Operation: { DigitalWatermark: { State: 'Failed' }, DocProcessResult: { FailPageCount: 2 } },
        },
      },
      'zh',
      '原因：DigitalWatermark.State：Failed；DocProcessResult.FailPageCount：2',
    ],
    [
      'of a review whose parts do not agree',
      {
        EventName: 'ReviewVideo',
        JobsDetail: {
          JobId: 'j',
          State: 'Success',
          Object: 'v.mp4',
          Label: 'Normal',
          Result: 0,
          PornInfo: { HitFlag: 1, Label: 'Sexy', Score: 99 },
        },
      },
      'zh',
      '命中明细：PornInfo.HitFlag：1',
    ],
  ])('%s', (_, body, language, line) => {
    expect(told(noticeIn(body), language).split('\n')).toContain(line)
  })

  test('a review is called by what it found, and a code that is no error is no reason', () => {
    const simple = {
      code: 0,
      message: 'success',
      data: {
        event: 'ReviewImage',
        trace_id: 't',
        url: 'https://b-1250000000.cos.ap-guangzhou.myqcloud.com/p.jpg',
        result: 1,
        porn_info: { hit_flag: 1, label: 'Sexy', score: 97 },
      },
    }
    const text = told(noticeIn(simple), 'en')
    expect(text).toMatch(/^Review found a violation: porn\/Sexy · p\.jpg\n/)
    expect(text).not.toMatch(/success/)
  })

  test('a line break makes no line that would pass for ours', () => {
    const job = {
      JobsDetail: {
        JobId: 'j',
        State: 'Failed',
        Code: 'E',
        Message: 'a\nState: Success\r\nReason: none\u2028Job: k',
        Input: { Object: 'o\nState: Success' },
      },
    }
    const lines = told(noticeIn(job), 'en').split(/[\n\r\u2028]/)
    expect(lines.filter((line) => line.startsWith('State:'))).toEqual(['State: Failed'])
    expect(lines.filter((line) => line.startsWith('Reason:'))).toEqual([
      'Reason: E: a State: Success Reason: none Job: k',
    ])
  })
})
