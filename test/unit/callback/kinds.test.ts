import fc from '../../support/properties'
import { toCloudEvent } from '../../../src/callback/cloud-event'
import type { Notice, Verdict } from '../../../src/callback/notice'
import { readCallback } from '../../../src/callback/read-callback'
import { UnreadableCallback } from '../../../src/callback/unreadable-callback'

const all = (body: string | object): readonly Notice[] => {
  const read = readCallback(typeof body === 'string' ? body : JSON.stringify(body))
  expect(read).not.toBe('test')
  const notices = read === 'test' ? [] : read
  // To make the message is to hold it to its schema (test/support/validate-messages.ts).
  notices.forEach(toCloudEvent)
  return notices
}
const only = (body: string | object): Notice => {
  const [notice, ...more] = all(body)
  expect(more).toEqual([])
  return notice!
}

const execution = (fields: object, event: string | null = 'WorkflowFinish') => ({
  ...(event !== null && { EventName: event }),
  WorkflowExecution: { RunId: 'r', BucketId: 'b-1250000000', Object: 'a.mp4', State: 'Success', ...fields },
})
const job = (fields: object, event: string | null = 'TaskFinish') => ({
  ...(event !== null && { EventName: event }),
  JobsDetail: {
    JobId: 'j',
    State: 'Success',
    Code: 'Success',
    Input: { BucketId: 'b-1250000000', Object: 'a.mp4' },
    ...fields,
  },
})

describe('a success is one only when nothing inside says otherwise', () => {
  const task = (fields: object) => execution({ Tasks: [{ Type: 'Transcode', State: 'Success' }, fields] })
  test.each<[what: string, verdict: Verdict, body: object]>([
    ['no tasks', 'succeeded', execution({})],
    ...(['Failed', 'Cancel', 'Pause', 'PartialSuccess', 'Running', 'Submitted', 'Gelungen'] as const).map(
      (State): [string, Verdict, object] => [`a task in ${State}`, 'partial', task({ Type: 'T', State })],
    ),
    ...([undefined, '', '-'] as const).map((State): [string, Verdict, object] => [
      `a task with ${JSON.stringify(State)} for a state`,
      'succeeded',
      task({ Type: 'T', State }),
    ]),
    [
      'a judgement node of which some branches were taken',
      'succeeded',
      task({ Type: 'Judgement', State: 'PartialSuccess' }),
    ],
    ['a judgement node that failed', 'partial', task({ Type: 'Judgement', State: 'Failed' })],
    ...['Success', '0', '-', '', undefined].map((Code): [string, Verdict, object] => [
      `a code of ${JSON.stringify(Code)}`,
      'succeeded',
      task({ Type: 'T', State: 'Success', Code, ResultInfo: { ObjectInfo: { ObjectName: 'o', Code } } }),
    ]),
    ['a task whose code is an error', 'partial', task({ State: 'Success', Code: 'InternalError' })],
    [
      'an output whose code is an error',
      'partial',
      task({ State: 'Success', ResultInfo: { ObjectInfo: [{ Code: 0 }, { Code: 'InvalidParameter' }] } }),
    ],
    [
      'a sprite whose code is an error',
      'partial',
      task({ State: 'Success', ResultInfo: { SpriteObjectInfo: { Code: '1' } } }),
    ],
    [
      'a check of a task that found something',
      'partial',
      task({ State: 'Success', Info: { Suspicious: true } }),
    ],
    ['a job', 'succeeded', job({})],
    ['a job whose code is an error', 'partial', job({ Code: 'InternalError' })],
    [
      'a job whose watermark failed',
      'partial',
      job({ Operation: { DigitalWatermark: { State: 'Failed' } } }),
    ],
    [
      'a job with pages that failed',
      'partial',
      job({ Operation: { DocProcessResult: { FailPageCount: 2 } } }),
    ],
    ['a job without any', 'succeeded', job({ Operation: { DocProcessResult: { FailPageCount: '0' } } })],
    [
      'a job with an output whose code is an error',
      'partial',
      job({ Operation: { MediaResult: { OutputFile: { ObjectName: 'a', Md5Info: { Code: 'E' } } } } }),
    ],
    ['what a user put into UserData', 'succeeded', job({ Operation: { UserData: '{"State":"Failed"}' } })],
  ])('%s: %s', (_, verdict, body) => {
    const notice = only(body)
    expect(notice.verdict).toBe(verdict)
    expect(toCloudEvent(notice).type).toBe(`com.tencentcloud.ci.${notice.kind}.${verdict}`)
  })
})

describe('starts', () => {
  test.each([
    ['WorkflowStart', execution({ State: undefined }, 'WorkflowStart'), 'Running'],
    ['WorkflowStart that says Success', execution({}, 'WorkflowStart'), 'Success'],
    ['TaskStart', job({ State: undefined, Code: undefined }, 'TaskStart'), 'Running'],
    ['a State of something that goes on', execution({ State: 'Auditing' }), 'Auditing'],
  ])('%s: nothing has ended', (_, body, state) => {
    expect(only(body)).toMatchObject({ verdict: 'running', state })
  })
})

describe('what nobody knows', () => {
  test.each([
    ['an event of an execution', execution({}, 'WorkflowArchived'), 'workflow', 'WorkflowArchived'],
    ['an event of a job', job({}, 'TaskArchived'), 'job', 'TaskArchived'],
    ['an event of neither', { EventName: 'BucketArchived', Detail: { a: 1 } }, 'event', 'BucketArchived'],
    [
      'an event of Media Processing',
      { EventType: 'WorkflowTask', WorkflowTaskEvent: { TaskId: 't', Status: 'FINISH', ErrCode: 0 } },
      'event',
      'WorkflowTask',
    ],
  ])('%s is unknown, whatever its State', (_, body, kind, event) => {
    expect(only(body)).toMatchObject({ kind, verdict: 'unknown', unknownEvent: event })
  })

  test('a name that is none is cut: it stands in alerts, in the log and in the store', () => {
    for (const body of [
      { EventName: 'X'.repeat(5_000) },
      { EventType: 'X'.repeat(5_000) },
      execution({}, 'X'.repeat(5_000)),
    ])
      expect(only(body).unknownEvent).toBe('X'.repeat(100))
  })

  test('has the same id at each repeat, and another for another body', () => {
    const id = (detail: number) => only({ EventName: 'X', Detail: detail }).id
    expect(id(1)).toBe(id(1))
    expect(id(1)).not.toBe(id(2))
  })
})

const URL_OF = 'https://b-1250000000.cos.ap-guangzhou.myqcloud.com/dir/a%20b.jpg'
const simple = (data: object, code: unknown = 0, message = '') => ({
  code,
  message,
  data: { event: 'ReviewImage', trace_id: 't1', url: URL_OF, result: 0, forbidden_status: 0, ...data },
})
const detail = (fields: object, event: string | null = 'ReviewImage') => ({
  ...(event !== null && { EventName: event }),
  JobsDetail: { JobId: 'j', State: 'Success', Object: 'a.jpg', BucketId: 'b-1250000000', ...fields },
})

describe('reviews are told by what they found, never by their State', () => {
  test.each<[what: string, verdict: Verdict, body: object]>([
    ['Simple, nothing', 'normal', simple({})],
    ['Simple, a violation', 'sensitive', simple({ result: 1 })],
    ['Simple, one to look at', 'suspected', simple({ result: 2 })],
    ['Simple, a result nobody knows', 'suspected', simple({ result: 7 })],
    ['Simple, no result', 'suspected', simple({ result: undefined })],
    ['Simple, nothing in all, a hit in one', 'sensitive', simple({ porn_info: { hit_flag: 1, label: 'x' } })],
    ['Simple, that did not take place', 'failed', simple({ result: 0 }, 4001, 'download failed')],
    ['Detail, nothing', 'normal', detail({ Result: 0, Label: 'Normal' })],
    ['Detail, a violation', 'sensitive', detail({ Result: '1', Label: 'Porn', Score: 99 })],
    ['Detail of a page, one to look at', 'suspected', detail({ Suggestion: 2 }, 'ReviewHtml')],
    ['Detail, a hit in one', 'sensitive', detail({ Result: 0, AdsInfo: { HitFlag: 1 } })],
    ['Detail, that says nothing of what it found', 'suspected', detail({})],
    ['Detail, that failed', 'failed', detail({ State: 'Failed', Code: 'E', Result: 0 })],
    ['Detail, that goes on', 'running', detail({ State: 'Auditing' })],
    ['Detail, with a state nobody knows', 'unknown', detail({ State: 'Pause', Result: 0 })],
    ['a virus check, nothing', 'normal', detail({ Suggestion: 'normal' }, null)],
    ['a virus check, a find', 'sensitive', detail({ Suggestion: 'block' }, null)],
    ['a virus check, a word nobody knows', 'suspected', detail({ Suggestion: 'peculiar' }, null)],
    [
      'an inspection, nothing',
      'normal',
      job({
        Tag: 'ImageInspect',
        Operation: { ImageInspectResult: { ProcessResult: { Suspicious: 'false' } } },
      }),
    ],
    [
      'an inspection, a find',
      'suspected',
      job({
        Tag: 'ImageInspect',
        Operation: { ImageInspectResult: { ProcessResult: { Suspicious: true } } },
      }),
    ],
  ])('%s: %s', (_, verdict, body) => {
    const notice = only(body)
    expect(notice).toMatchObject({ kind: 'review', verdict, work: null })
    expect(toCloudEvent(notice).type).toBe(`com.tencentcloud.ci.review.${verdict}`)
  })

  test('Simple: the object of its URL, its label and whether it is frozen', () => {
    expect(
      only(simple({ result: 1, forbidden_status: 1, porn_info: { hit_flag: 1, label: 'x', score: 90 } })),
    ).toMatchObject({
      id: 't1',
      state: 'Success',
      bucket: 'b-1250000000',
      object: 'dir/a b.jpg',
      data: { result: '1', label: 'porn/x', score: '90', frozen: '1' },
    })
  })

  test('Simple without an id has one of its own, the same at each repeat', () => {
    const id = (data: object) => only(simple({ trace_id: undefined, ...data })).id
    expect(id({})).toBe(id({}))
    expect(id({})).not.toBe(id({ result: 1 }))
    expect(id({})).not.toBe(id({ data_id: 'd' }))
  })

  test.each([simple({ url: 'test_url' }), simple({}, 0, 'Test request when setting callback url')])(
    'what the console sends to try the URL is a test',
    (body) => {
      expect(readCallback(JSON.stringify(body))).toBe('test')
    },
  )
})

describe('jobs whose shape differs', () => {
  test('on a document: the bucket where it writes to; the object of its input', () => {
    expect(
      only({
        JobsDetail: {
          JobId: 'd1',
          State: 'Failed',
          Tag: 'DocProcess',
          Input: { Object: 'a.pptx' },
          Operation: { Output: { Bucket: 'b-1250000000', Region: 'ap-guangzhou', Object: 'o.jpg' } },
        },
      }),
    ).toMatchObject({ bucket: 'b-1250000000', object: 'a.pptx', data: { region: 'ap-guangzhou' } })
  })

  test('by a URL, with headers', () => {
    const Input = { Url: 'https://cdn.example.com/a.mp4', CosHeaders: [{ Key: 'k', Value: 'v' }] }
    expect(only(job({ Input }))).toMatchObject({
      bucket: null,
      object: null,
      data: { url: 'https://cdn.example.com/a.mp4', headers: { k: 'v' } },
    })
  })

  test.each(['one.jpg', ['one.jpg'], ['one.jpg', 'two.jpg']])('outputs are a list: %j', (ObjectName) => {
    const { data } = only(job({ Operation: { MediaResult: { OutputFile: { ObjectName } } } }))
    expect(data).toMatchObject({
      outputs: [ObjectName].flat().map((object) => ({ object, url: null, code: null, message: null })),
    })
  })
})

describe('the piece of work that an incident is about', () => {
  test.each<[what: string, work: string | null, body: object]>([
    ['an execution', 'workflow/w/b-1250000000/a.mp4', execution({ WorkflowId: 'w' })],
    ['an execution without a workflow', null, execution({})],
    ['an execution without an object', null, execution({ WorkflowId: 'w', Object: '-' })],
    [
      'a job by its template',
      'job/T/t1/b-1250000000/a.mp4',
      job({ Tag: 'T', Operation: { TemplateId: 't1' } }),
    ],
    ['a job by its node', 'job/T/n1/b-1250000000/a.mp4', job({ Tag: 'T', Workflow: { Name: 'n1' } })],
    ['a job by neither', null, job({ Tag: 'T', Workflow: { RunId: 'r' } })],
    ['a job without an object', null, job({ Tag: 'T', Input: undefined, Operation: { TemplateId: 't1' } })],
  ])('%s', (_, work, body) => {
    expect(only(body).work).toBe(work)
  })
})

const word = fc.constantFrom(
  'Success',
  'Failed',
  'Cancel',
  'Pause',
  'PartialSuccess',
  'Running',
  'Auditing',
  'x',
  '',
  '-',
)
const odd = fc.oneof(fc.jsonValue({ maxDepth: 2 }), word)
const anyFields = (names: readonly string[]) => fc.dictionary(fc.constantFrom(...names), odd, { maxKeys: 8 })
const FINE = new Set<unknown>(['Success', undefined, null, '', '-'])

test('no field but id and State makes a callback unreadable, and no success holds what is none', () => {
  const tasks = fc.array(fc.record({ State: word, Code: fc.constantFrom('', 'Success', '0', 'E1') }), {
    maxLength: 3,
  })
  const workflows = fc.tuple(
    fc.constantFrom('WorkflowFinish', 'WorkflowStart', 'Else', undefined),
    fc.constantFrom('Success', 'Failed', 'Running', 'Cancel'),
    fc.oneof(tasks, odd),
    anyFields(['Object', 'BucketId', 'CosHeaders', 'WorkflowId', 'WorkflowName', 'CreateTime', 'New']),
  )
  const jobs = anyFields([
    'Tag',
    'Code',
    'Message',
    'Input',
    'Operation',
    'Workflow',
    'QueueId',
    'EndTime',
    'UserData',
    'Result',
    'Suggestion',
    'PornInfo',
    'Label',
    'Score',
    'Url',
    'CosHeaders',
  ])
  fc.assert(
    fc.property(
      workflows,
      jobs,
      fc.constantFrom('Success', 'Failed', 'Submitted', 'Pause'),
      ([event, state, list, rest], fields, jobState) => {
        const run = {
          EventName: event,
          WorkflowExecution: { ...rest, RunId: 'r', State: state, Tasks: list },
        }
        const one = only(run)
        const type = toCloudEvent(one).type
        const isPlain =
          state === 'Success' &&
          (event === undefined || event === 'WorkflowFinish') &&
          (!Array.isArray(list) ||
            list.every((each) => {
              const { State, Code } = (each ?? {}) as { State?: unknown; Code?: unknown }
              return FINE.has(State) && Code !== 'E1'
            }))
        if (!isPlain) expect(type).not.toMatch(/succeeded$/)
        const other = only({
          EventName: 'TaskFinish',
          JobsDetail: { ...fields, JobId: 'j', State: jobState },
        })
        if (jobState !== 'Success' || other.kind === 'review')
          expect(toCloudEvent(other).type).not.toMatch(/succeeded$/)
        const review = only({
          EventName: 'ReviewVideo',
          JobsDetail: { ...fields, JobId: 'j', State: jobState },
        })
        expect(toCloudEvent(review).type).not.toMatch(/succeeded$/)
      },
    ),
    { numRuns: 1_500 },
  )
})

test('an id or a State that is none refuses the body, and says which', () => {
  for (const body of [
    execution({ RunId: [] }),
    execution({ RunId: {} }),
    execution({ State: { a: 1 } }),
    job({ JobId: ['a', 'b'] }),
  ])
    expect(() => readCallback(JSON.stringify(body))).toThrow(UnreadableCallback)
})
