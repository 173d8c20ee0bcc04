import { readExecutionAnswer, readExecutionPage } from '../../../src/callback/read-back'

const BUCKET = 'media-1250000000'

const execution = (fields: string): string => `<Response><RequestId>r</RequestId><WorkflowExecution>
  <RunId>i1</RunId><State>Success</State>${fields}</WorkflowExecution></Response>`

test('the documented answer', () => {
  const xml = `<?xml version="1.0" encoding="utf-8"?>
<Response>
  <RequestId>NjRhZTk2</RequestId>
  <WorkflowExecution>
    <WorkflowId>w79a24c1c5</WorkflowId>
    <Name>转码</Name>
    <RunId>i02ad17a5</RunId>
    <CreateTime>2022-08-09T14:54:17+08:00</CreateTime>
    <Object>目录/a b.mp4</Object>
    <State>Success</State>
    <Topology>
      <Dependencies><Start>Transcode_1</Start><Transcode_1>End</Transcode_1></Dependencies>
      <Nodes><Start><Type>Start</Type><State>Failed</State></Start></Nodes>
    </Topology>
    <Tasks>
      <Type>Transcode</Type><State>Failed</State><JobId>j1</JobId>
      <CreateTime>2022-08-09T14:54:17+08:00</CreateTime><StartTime>2022-08-09T14:54:18+08:00</StartTime>
      <EndTime>-</EndTime><Code>InternalError</Code><Message>no &lt;video&gt; stream</Message><Name>Transcode_1</Name>
      <ResultInfo><ObjectCount>1</ObjectCount>
        <ObjectInfo><ObjectName>out.mp4</ObjectName><ObjectUrl>https://x/out.mp4</ObjectUrl><Code>0</Code></ObjectInfo>
      </ResultInfo>
    </Tasks>
  </WorkflowExecution>
</Response>`
  const read = readExecutionAnswer(xml, BUCKET)
  // A task failed, and what stands in the Topology counts for nothing.
  expect(read).toMatchObject({ kind: 'workflow', id: 'i02ad17a5', state: 'Success', verdict: 'partial' })
  expect(read.data).toEqual({
    runId: 'i02ad17a5',
    bucket: BUCKET,
    object: '目录/a b.mp4',
    state: 'Success',
    createdAt: '2022-08-09T14:54:17+08:00',
    headers: {},
    workflow: { id: 'w79a24c1c5', name: '转码' },
    tasks: [
      {
        type: 'Transcode',
        name: 'Transcode_1',
        state: 'Failed',
        jobId: 'j1',
        template: null,
        createdAt: '2022-08-09T14:54:17+08:00',
        startedAt: '2022-08-09T14:54:18+08:00',
        endedAt: null,
        code: 'InternalError',
        message: 'no <video> stream',
        outputs: [{ object: 'out.mp4', url: 'https://x/out.mp4', code: '0', message: null }],
      },
    ],
  })
})

test("an old answer: the object's URL, a task Start, WorkflowName", () => {
  const xml = execution(`
    <WorkflowName>old</WorkflowName><Name>new</Name>
    <Object>https://media-1250000000.cos.ap-beijing.myqcloud.com/%E7%9B%AE%E5%BD%95/a%2Bb%20c.mp4</Object>
    <Tasks><Type>Start</Type><State>Success</State><Name>Start</Name></Tasks>
    <Tasks><Type>Snapshot</Type><State>Failed</State><Name>Snapshot_1</Name></Tasks>`)
  const read = readExecutionAnswer(xml, BUCKET)
  expect(read.workflow?.name).toBe('old')
  expect(read.object).toBe('目录/a+b c.mp4')
  expect(read.data.tasks.map(({ name }) => name)).toEqual(['Snapshot_1'])
})

test.each([
  ['a%20b.mp4', 'a%20b.mp4'],
  ['https://example.com/a%20b.mp4', 'https://example.com/a%20b.mp4'],
  ['https://media-1250000000.cos.ap-beijing.myqcloud.com/100%.mp4', '100%.mp4'],
  ['http://media-1250000000.cos-internal.ap-beijing.tencentcos.cn/a.mp4?x=1', 'a.mp4'],
  [
    'https://media-1250000000.cos.ap-beijing.myqcloud.com/',
    'https://media-1250000000.cos.ap-beijing.myqcloud.com/',
  ],
])('the object %j has the key %j', (object, key) => {
  expect(readExecutionAnswer(execution(`<Object>${object}</Object>`), BUCKET).object).toBe(key)
})

test('an answer with no object, no name and no tasks', () => {
  expect(readExecutionAnswer(`\uFEFF${execution('<Object></Object>')}`, BUCKET)).toMatchObject({
    object: null,
    workflow: { id: null, name: null },
    data: { tasks: [] },
  })
})

test.each([
  ['<Response><RequestId>r</RequestId></Response>', 'missing-field'],
  ['<Response/>', 'missing-field'],
  ['<Response><WorkflowExecution><State>Success</State></WorkflowExecution></Response>', 'missing-field'],
  ['<Response><WorkflowExecution><RunId>i</RunId></WorkflowExecution></Response>', 'missing-field'],
  ['<Error><Code>X</Code></Error>', 'unknown-document'],
  ['<Response><WorkflowExecution><RunId>i', 'malformed-xml'],
  ['{}', 'malformed-xml'],
  ['<!DOCTYPE a><Response/>', 'doctype'],
])('%j is no answer', (xml, code) => {
  expect(() => readExecutionAnswer(xml, BUCKET)).toThrow(expect.objectContaining({ code }))
})

describe('a page of the list', () => {
  const line = (fields: string): string =>
    `<WorkflowExecutionList><RunId>i1</RunId><State>Success</State>${fields}</WorkflowExecutionList>`

  test('of one', () => {
    expect(
      readExecutionPage(`<Response>${line('<CreateTime>2019-07-07T12:12:12+0800</CreateTime>')}</Response>`),
    ).toEqual({
      executions: [{ runId: 'i1', state: 'Success', createdAt: '2019-07-07T12:12:12+08:00', object: null }],
      nextToken: null,
    })
  })

  test('of many, old and new', () => {
    const page = readExecutionPage(
      `<Response>${line('<CreationTime>2019-07-07T12:12:12+0800</CreationTime>')}${line(
        '<Object>https://b-1250000000.cos.ap-beijing.myqcloud.com/_test.mp4</Object>',
      )}<NextToken>e65e</NextToken></Response>`,
    )
    expect(page.executions.map(({ createdAt, object }) => [createdAt, object])).toEqual([
      ['2019-07-07T12:12:12+08:00', null],
      [null, '_test.mp4'],
    ])
    expect(page.nextToken).toBe('e65e')
  })

  test.each(['<Response></Response>', '<Response><NextToken></NextToken></Response>'])(
    'of none: %s',
    (xml) => {
      expect(readExecutionPage(xml)).toEqual({ executions: [], nextToken: null })
    },
  )

  test('with a line that names no run', () => {
    const xml = '<Response><WorkflowExecutionList><State>Success</State></WorkflowExecutionList></Response>'
    expect(() => readExecutionPage(xml)).toThrow('WorkflowExecutionList[1] has no RunId.')
  })
})
