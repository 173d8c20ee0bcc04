import { CloudEvent } from 'cloudevents'
import fc from '../../support/properties'
import { toCloudEvent, withRaw } from '../../../src/callback/cloud-event'
import type { Notice } from '../../../src/callback/notice'
import { readCallback } from '../../../src/callback/read-callback'

/** Bodies a property; `BODIES=200000 npx jest kinds.property` takes as many. */
const numRuns = Number(process.env['BODIES'] ?? 1_000)

type Fields = Record<string, unknown>
/** A callback that went well, of one kind. */
type Kind = 'workflow' | 'job' | 'document' | 'review' | 'simple'
/** As a person would say it; where it lies; what lies there. */
type Fault = readonly [path: string, value: unknown]

const BUCKET = 'media-1250000000'

/** Fresh ones each: a body is changed in place. */
const WELL: Readonly<Record<Kind, () => Fields>> = {
  workflow: () => ({
    EventName: 'WorkflowFinish',
    WorkflowExecution: {
      RunId: 'r1',
      BucketId: BUCKET,
      Object: 'in/a.mp4',
      State: 'Success',
      WorkflowId: 'w1',
      WorkflowName: 'all',
      CreateTime: '2026-11-01 11:00:41+0800',
      CosHeaders: [{ Key: 'x-cos-meta-a', Value: '1' }],
      Tasks: [
        {
          Type: 'Transcode',
          Name: 'Transcode_1',
          State: 'Success',
          JobId: 't1',
          EndTime: '2026-11-01 11:01:41+0800',
          ResultInfo: { ObjectCount: '1', ObjectInfo: [{ ObjectName: 'out/a.mp4', Code: 'Success' }] },
        },
        { Type: 'Judgement', Name: 'Judgement_1', State: 'PartialSuccess', ResultInfo: '' },
        { Type: 'Snapshot', Name: 'Snapshot_1', State: '-', JobId: '-' },
      ],
    },
  }),
  job: () => ({
    EventName: 'TaskFinish',
    JobsDetail: {
      JobId: 'j1',
      State: 'Success',
      Code: 'Success',
      Message: '',
      Tag: 'Transcode',
      QueueId: 'q1',
      EndTime: '2026-11-01T11:01:41+0800',
      Input: { BucketId: BUCKET, Object: 'in/a.mp4', Region: 'ap-guangzhou' },
      Operation: {
        TemplateId: 't1080',
        UserData: 'mine',
        Output: { Bucket: BUCKET, Object: 'out/a.mp4' },
        MediaResult: {
          OutputFile: { ObjectName: 'out/a.mp4', Md5Info: { ObjectName: 'out/a.mp4', Code: 'Success' } },
        },
        DigitalWatermark: { State: 'Success' },
      },
    },
  }),
  document: () => ({
    EventName: 'TaskFinish',
    JobsDetail: {
      JobId: 'd1',
      State: 'Success',
      Code: 'Success',
      Tag: 'DocProcess',
      Input: { Object: 'in/a.docx' },
      Operation: {
        TemplateName: 'doc',
        DocProcessResult: { FailPageCount: '0', SuccPageCount: '3', TotalPageCount: '3' },
        Output: { Bucket: BUCKET, Region: 'ap-guangzhou', Object: 'out/a-${Number}.jpg' },
      },
    },
  }),
  review: () => ({
    EventName: 'ReviewImage',
    JobsDetail: {
      JobId: 'v1',
      State: 'Success',
      BucketId: BUCKET,
      Object: 'in/a.jpg',
      Label: 'Normal',
      Result: '0',
      Score: '0',
      PornInfo: { HitFlag: '0', Score: '0' },
      ForbidState: '0',
    },
  }),
  simple: () => ({
    code: '0',
    message: 'Success',
    data: {
      event: 'ReviewImage',
      trace_id: 's1',
      url: `https://${BUCKET}.cos.ap-guangzhou.myqcloud.com/in/a.jpg`,
      result: '0',
      forbidden_status: '0',
      porn_info: { hit_flag: '0', label: '', score: '9' },
    },
  }),
}

const NO_SUCCESS = ['Failed', 'Cancel', 'Pause', 'PartialSuccess', 'Running', 'Submitted', 'Fail', 'success?']
const ENDED_BADLY = ['Failed', 'Cancel', 'Pause', 'PartialSuccess']
const CODES = ['InvalidVideo', 'InternalError', '-1', '400']
const at = (path: string, values: readonly unknown[]): readonly Fault[] =>
  values.map((value) => [path, value])

/** What makes of each what is no plain success. */
const FAULTS: Readonly<Record<Kind, readonly Fault[]>> = {
  workflow: [
    ...at('WorkflowExecution.State', NO_SUCCESS),
    ...at('WorkflowExecution.Tasks.0.State', NO_SUCCESS),
    ...at('WorkflowExecution.Tasks.2.State', NO_SUCCESS),
    ...at('WorkflowExecution.Tasks.1.State', ['Failed', 'Cancel', 'Pause', 'Running']),
    ...at('WorkflowExecution.Tasks.0.Code', CODES),
    ...at('WorkflowExecution.Tasks.0.ResultInfo.ObjectInfo.0.Code', CODES),
    ...at('WorkflowExecution.Tasks.0.ResultInfo.DigitalWatermark', [{ State: 'Failed' }]),
    ...at('WorkflowExecution.Tasks.0.Result', [{ Suspicious: 'true' }, [{ Suggestion: '2' }]]),
    ...at('WorkflowExecution.Tasks.0.ResultInfo.ObjectInfo.0.State', [
      'failed',
      'FAILED',
      ' Failed\n',
      'Fail',
    ]),
    ...at('WorkflowExecution.Tasks.0.ErrCode', CODES),
    ...at('WorkflowExecution.Tasks.0.Suggestion', ['block', '2']),
    ...at('WorkflowExecution.Tasks.0.Result', [1, '2']),
    ...at('WorkflowExecution.Code', CODES),
    ...at('WorkflowExecution.ResultInfo', [{ ObjectInfo: { Code: 'E' } }]),
    ...at('EventName', ['WorkflowStart', 'workflowstart', ' WorkflowStart ', 'WorkflowElse', 'Something']),
    ...at('EventName', ['ReviewStart', 'ReviewImage']),
  ],
  job: [
    ...at('JobsDetail.State', NO_SUCCESS),
    ...at('JobsDetail.Code', CODES),
    ...at('JobsDetail.Operation.DigitalWatermark.State', ENDED_BADLY),
    ...at('JobsDetail.Operation.MediaResult.OutputFile.Md5Info.Code', CODES),
    ...at('JobsDetail.Operation.MediaResult.OutputFile.Md5Info', [[{ Code: 'Success' }, { Code: 'E' }]]),
    ...at('JobsDetail.Operation.ResultInfo', [{ ObjectInfo: [{ Code: 'E' }] }]),
    ...at('JobsDetail.Operation.ImageInspectResult', [
      { ProcessResult: { Suspicious: 'true' } },
      { State: 'Failed' },
      { Code: 'E' },
    ]),
    ...at('JobsDetail.Operation.DigitalWatermark.State', ['failed', 'FAILED', 'Running', ' Failed ']),
    ...at('JobsDetail.Operation.FileCompressResult', [{ CompressFileCount: 3, ErrorCount: 2 }]),
    ...at('JobsDetail.Operation', [[{ TemplateId: 't' }, { DigitalWatermark: { State: 'Failed' } }]]),
    ...at('JobsDetail.Operation.MediaResult.OutputFile.ErrorCode', CODES),
    ...at('JobsDetail.Operation.ImageAuditingResult', [{ Result: 1, Label: 'Porn' }]),
    ...at('JobsDetail.DigitalWatermark', [{ State: 'Failed' }]),
    ...at('JobsDetail.ResultInfo', [{ ObjectInfo: { Code: 'E' } }]),
    ...at('JobsDetail.ImageInspectResult', [{ ProcessResult: { Suspicious: 'true' } }]),
    ...at('JobsDetail.Suggestion', ['0', '1', '2', 'x']),
    ...at('EventName', ['TaskStart', 'JobStart', 'TaskElse']),
  ],
  document: [
    ...at('JobsDetail.State', NO_SUCCESS),
    ...at('JobsDetail.Operation.DocProcessResult.FailPageCount', ['1', 7, '3']),
    ...at('JobsDetail.Operation.DocProcessResult.Code', CODES),
    ...at('JobsDetail.Code', CODES),
  ],
  review: [
    ...at('JobsDetail.State', NO_SUCCESS),
    ...at('JobsDetail.Result', ['1', '2', 1, 2, 'x']),
    ...at('JobsDetail.Suggestion', ['1', '2', 'Block', 'Review']),
    ...at('JobsDetail.PornInfo.HitFlag', ['1', '2']),
    ...at('JobsDetail.AudioSection', [[{ Result: 1, Label: 'Porn' }]]),
    ...at('JobsDetail.Snapshot', [[{ PornInfo: { HitFlag: 0 } }, { AdsInfo: { HitFlag: '2' } }]]),
  ],
  simple: [
    ...at('code', ['1', 400, 'E']),
    ...at('data.result', ['1', '2', 1, 2, 'x']),
    ...at('data.porn_info.hit_flag', ['1', '2']),
    ...at('data.snapshot', [[{ porn_info: { hit_flag: 1 } }], { ads_info: { hit_flag: 2 } }]),
  ],
}

/** None of them is an id, a State or what lies on the way to one. */
const OPTIONAL: Readonly<Record<Kind, readonly string[]>> = {
  workflow:
    `BucketId Object WorkflowId WorkflowName CreateTime CosHeaders Tasks Tasks.0.Type Tasks.0.Name Tasks.0.JobId Tasks.0.EndTime
    Tasks.0.ResultInfo Tasks.0.ResultInfo.ObjectInfo Tasks.0.ResultInfo.ObjectInfo.0.ObjectName Tasks.0 New Tasks.0.New`
      .split(/\s+/)
      .map((path) => `WorkflowExecution.${path}`),
  job: `Code Message Tag QueueId CreationTime StartTime EndTime Input Input.BucketId Input.Object Input.Region Input.Url Input.CosHeaders Workflow
    Workflow.RunId Operation Operation.TemplateId Operation.UserData Operation.Output Operation.MediaResult
    Operation.MediaResult.OutputFile Operation.MediaResult.OutputFile.ObjectName Operation.MediaResult.OutputFile.Md5Info New`
    .split(/\s+/)
    .map((path) => `JobsDetail.${path}`),
  document:
    `Code Input Input.Object Operation Operation.DocProcessResult Operation.DocProcessResult.PageInfo Operation.Output
    Operation.Output.Bucket Operation.Output.Object`
      .split(/\s+/)
      .map((path) => `JobsDetail.${path}`),
  review:
    `BucketId Object Url Label Result Suggestion Score PornInfo PornInfo.HitFlag ForbidState DataId CosHeaders Category Code Message`
      .split(/\s+/)
      .map((path) => `JobsDetail.${path}`),
  simple:
    'message data.event data.url data.result data.forbidden_status data.porn_info data.porn_info.label data.data_id data.new'.split(
      ' ',
    ),
}

/** Sets what lies at a path, where the way there is still there. */
function set(body: Fields, path: string, value: unknown): void {
  const names = path.split('.')
  const last = names.pop() ?? ''
  let here: unknown = body
  for (const name of names) {
    if (typeof here !== 'object' || here === null) return
    here = (here as Fields)[name]
  }
  // Of what is no list any more there is no first one.
  if (/^\d/.test(last) && !Array.isArray(here)) return
  if (typeof here === 'object' && here !== null) (here as Fields)[last] = structuredClone(value)
}

const CONTROLS = /[\0-\x1f\x7f-\x9f\ufffe\uffff]/g
const NAME = /^[A-Za-z_][\w.-]*$/

/** As CI writes it: a list is an element that comes again. */
function xml(name: string, value: unknown): string {
  if (value === null) return `<${name}/>`
  if (Array.isArray(value)) return value.map((one) => xml(name, one)).join('')
  const inside =
    typeof value === 'object'
      ? Object.entries(value)
          .map(([inner, one]) => (NAME.test(inner) ? xml(inner, one) : ''))
          .join('')
      : (typeof value === 'string' ? value : JSON.stringify(value))
          .toWellFormed()
          .replaceAll(CONTROLS, '')
          .replaceAll('&', '&amp;')
          .replaceAll('<', '&lt;')
          .replaceAll('>', '&gt;')
  return `<${name}>${inside}</${name}>`
}

type Form = 'json' | 'xml' | 'xml without a root'
function written(kind: Kind, body: Fields, form: Form): string {
  if (kind === 'simple' || form === 'json') return JSON.stringify(body)
  if (form === 'xml' || kind !== 'workflow') return xml('Response', body)
  return Object.entries(body)
    .map(([name, value]) => xml(name, value))
    .join('')
}

function only(text: string): Notice {
  const read = readCallback(text, true)
  if (read === 'test' || read.length !== 1) throw new Error(`read as ${JSON.stringify(read)}: ${text}`)
  return read[0]
}

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom<unknown>(
    '',
    '-',
    [],
    {},
    null,
    true,
    0,
    ['a', 'b'],
    { '#text': 'a', b: 'c' },
    [{}, 'x'],
    '\ud83d',
    {
      __proto__: null,
      constructor: 'x',
    },
  ),
)

const bodies = fc.constantFrom<Kind>('workflow', 'job', 'document', 'review', 'simple').chain((kind) =>
  fc.record({
    kind: fc.constant(kind),
    form: fc.constantFrom<Form>('json', 'xml', 'xml without a root'),
    fault: fc.option(fc.constantFrom(...FAULTS[kind]), { freq: 3 }),
    odds: fc.array(fc.tuple(fc.constantFrom(...OPTIONAL[kind]), odd), { maxLength: 3 }),
  }),
)

const isSuccess = (notice: Notice): boolean => toCloudEvent(notice).type.endsWith('succeeded')

test('no field but an id or a State makes a callback unreadable, and what is no plain success never is one', () => {
  let plain = 0
  let troubled = 0
  fc.assert(
    fc.property(bodies, ({ kind, form, fault, odds }) => {
      const body = WELL[kind]()
      // What is odd may take the place where the trouble is to be told: the trouble comes last.
      for (const [path, value] of odds) set(body, path, value)
      const before = JSON.stringify(body)
      if (fault !== null) set(body, ...fault)
      const notice = only(written(kind, body, form))
      const event = toCloudEvent(notice)
      expect(new CloudEvent({ ...event }).validate()).toBe(true)
      // By the schema, as toCloudEvent's is (test/support/validate-messages.ts).
      expect(withRaw(event, notice.raw, Infinity).data).toHaveProperty('raw')
      if (fault !== null && JSON.stringify(body) !== before) {
        troubled += 1
        expect(isSuccess(notice)).toBe(false)
        if (kind === 'review' || kind === 'simple') expect(notice.verdict).not.toBe('normal')
      } else if (odds.length === 0) {
        plain += 1
        expect(notice.verdict).toBe(kind === 'review' || kind === 'simple' ? 'normal' : 'succeeded')
      }
    }),
    { numRuns },
  )
  expect(Math.min(plain, troubled)).toBeGreaterThan(numRuns / 20)
})

/** What makes of one piece of work another. */
const OTHERS: Readonly<Record<'workflow' | 'job' | 'document', readonly string[]>> = {
  workflow: ['BucketId', 'Object', 'WorkflowId'].map((name) => `WorkflowExecution.${name}`),
  job: ['Tag', 'Input.BucketId', 'Input.Object', 'Operation.TemplateId'].map((name) => `JobsDetail.${name}`),
  document: ['Tag', 'Input.Object', 'Operation.TemplateName', 'Operation.Output.Bucket'].map(
    (name) => `JobsDetail.${name}`,
  ),
}

test('only the same work on the same object is the same incident', () => {
  const kinds = fc.constantFrom('workflow', 'job', 'document')
  const name = fc.constantFrom<string>('a', 'b', 'a/b', 'b/a', 'a/b/a', 'a%2Fb', '%', '/')
  const names = fc.array(name, { minLength: 4, maxLength: 4 })
  const workOf = (kind: keyof typeof OTHERS, by: readonly string[]): string | null => {
    const body = WELL[kind]()
    OTHERS[kind].forEach((path, index) => set(body, path, by[index]))
    return only(JSON.stringify(body)).work
  }
  const shown = (kind: keyof typeof OTHERS, by: readonly string[]): string =>
    JSON.stringify(
      kind === 'workflow'
        ? [kind, by[0], by[1], by[2]]
        : kind === 'job'
          ? ['job', by[0], by[1], by[2], by[3]]
          : // They are listed in another order.
            ['job', by[0], by[3], by[1], by[2]],
    )
  let same = 0
  fc.assert(
    fc.property(kinds, kinds, names, fc.option(names, { freq: 10 }), (kind, otherKind, by, others) => {
      const otherBy = others ?? by
      const isSame = shown(kind, by) === shown(otherKind, otherBy)
      if (isSame) same += 1
      expect(workOf(kind, by) === workOf(otherKind, otherBy)).toBe(isSame)
    }),
    {
      numRuns,
      examples: [['workflow', 'workflow', ['b', 'o', 'w/c', ''], ['c', 'b/o', 'w', '']]],
    },
  )
  expect(same).toBeGreaterThan(numRuns / 100)
})
