import type { Notice } from '../../../src/callback/notice'
import { readCallback } from '../../../src/callback/read-callback'
import { fixture } from '../../support/fixtures'
import { jobOf } from '../../support/executions'
import { jobsJson, jobsXml } from '../../support/render'

const all = (body: string): readonly Notice[] => {
  const read = readCallback(body)
  return read === 'test' ? [] : read
}

const only = (body: string) => {
  const notices = all(body)
  expect(notices).toHaveLength(1)
  return notices[0]!.data
}

describe('every published shape of a workflow callback', () => {
  test('A: no event name, no templates; unset values, an entity, a numeric reference, two tasks', () => {
    expect(only(fixture('workflow-a.xml'))).toEqual({
      runId: 'i70ae991a152911ecb184525400a8700f',
      bucket: null,
      object: '视频/开场 & 片尾 中.mp4',
      state: 'Failed',
      createdAt: '2020-12-01T11:00:41+08:00',
      headers: { 'x-cos-meta-id': '007', 'Content-Type': 'video/mp4' },
      workflow: { id: 'w29ba54d02b7340dd9fb44eb5beb786b9', name: null },
      tasks: [
        {
          type: 'Transcode',
          name: 'Transcode_1600413767353',
          state: 'Success',
          jobId: 'j70bab192152911ecab79bba409874f7f',
          template: null,
          createdAt: '2020-12-01T11:00:42+08:00',
          startedAt: null,
          endedAt: '2020-12-01T11:00:45+08:00',
          code: null,
          message: null,
          outputs: [],
        },
        {
          type: 'Snapshot',
          name: 'Snapshot_1600413767444',
          state: 'Failed',
          jobId: 'j70bab192152911ecab79bba409874f80',
          template: null,
          createdAt: '2020-12-01T11:00:42+08:00',
          startedAt: '2020-12-01T11:00:43+08:00',
          endedAt: '2020-12-01T11:00:44+08:00',
          code: null,
          message: null,
          outputs: [],
        },
      ],
    })
  })

  test('B: a template; one task is a list of one; no headers are none', () => {
    expect(only(fixture('workflow-b.xml'))).toMatchObject({
      runId: 'ie4d9187d35dc11eb9cec525400860000',
      bucket: 'media-1250000000',
      object: '0000.mp4',
      headers: {},
      tasks: [{ template: { id: 't182c0ca7d91ca40969a3fc97c5559091a', name: 'example' } }],
    })
  })

  test('C: an event name, WorkflowId first, other time formats, `Createtime`, half a template', () => {
    expect(only(fixture('workflow-c.xml'))).toMatchObject({
      runId: 'i166ee19017b011eda8a5525400c540df',
      state: 'Success',
      object: 'wk-test/😀 1e5.mp4',
      createdAt: '2022-08-09T14:54:17+08:00',
      workflow: { id: 'web6ac56c1ef54dbfa44d7f4103203be9', name: 'workflow-3' },
      tasks: [
        {
          state: 'Failed',
          createdAt: '2022-08-09T14:54:40+08:00',
          endedAt: '2022-08-09T14:54:42+08:00',
          template: { id: 'true', name: null },
        },
      ],
    })
  })

  test('D: without a root, with outputs', () => {
    expect(only(fixture('workflow-d-rootless.xml'))).toMatchObject({
      runId: 'i166ee19017b011eda8a5525400c540d0',
      tasks: [
        {
          outputs: [
            {
              object: '/out/0.jpg',
              url: 'http://media-1250000000.cos.ap-chongqing.myqcloud.com/out/0.jpg?a=1&b=2',
              code: '0',
              message: null,
            },
            { object: 'out/1.jpg', url: null, code: '1101', message: 'no frame' },
            { object: 'out/sprite.jpg', url: null, code: null, message: null },
          ],
        },
      ],
    })
    expect(readCallback(`<Response>${fixture('workflow-d-rootless.xml')}</Response>`)).toEqual(
      readCallback(fixture('workflow-d-rootless.xml')),
    )
  })

  test('JSON: no root, one task as an object', () => {
    expect(only(fixture('workflow.json'))).toMatchObject({
      runId: 'i166ee19017b011eda8a5525400c540df',
      object: '视频/😀 "1".mp4',
      workflow: { id: 'web6ac56c1ef54dbfa44d7f4103203be9', name: null },
      headers: { 'Content-Type': 'video/mp4' },
      tasks: [
        {
          name: 'Snapshot_1581665960536',
          template: { name: 'snapshot_1280*720_3' },
          startedAt: null,
          outputs: [],
        },
      ],
    })
  })
})

describe('jobs', () => {
  test('a State inside of the operation never stands in for the job’s own', () => {
    expect(only(fixture('job-nested-state.xml'))).toEqual({
      jobId: 'j06668dc0f86811ecb90d0b03267ce0e5',
      tag: 'SuperResolution',
      bucket: 'media-1250000000',
      object: 'input/demo.mp4',
      url: null,
      headers: { State: 'Failed' },
      region: 'ap-chongqing',
      state: 'Success',
      code: 'Success',
      message: null,
      queueId: 'p2242ab62c7c94486915508540933a2c6',
      createdAt: '2022-06-30T19:30:20+08:00',
      startedAt: '2022-06-30T19:30:21+08:00',
      endedAt: '2022-06-30T19:31:56+08:00',
      workflow: {
        runId: 'i12e3fd4ef86811ecb1d3525400a3c59f',
        id: 'web6ac56c1ef54dbfa44d7f4103203be9',
        name: 'workflow-1',
      },
      userData: '转码 007',
      outputs: ['0.jpg', '1.jpg'].map((object) => ({ object, url: null, code: null, message: null })),
      operation: {
        DigitalWatermark: { Message: '123456789ab', State: 'Failed' },
        MediaResult: { OutputFile: { ObjectName: ['0.jpg', '1.jpg'], Md5Info: null } },
        TemplateId: 't10461fe2bd5a649db9022452ec71',
      },
    })
  })

  test('without a State are judged by their Code', () => {
    const states = all(fixture('jobs-without-state.xml')).map(({ state }) => state)
    expect(states).toEqual(['Success', 'Failed'])
  })

  test('with a State are judged by it, whatever the Code', () => {
    expect(only(jobsXml([jobOf({ state: 'Failed', code: 'Success' })]))).toMatchObject({ state: 'Failed' })
    expect(only(jobsXml([jobOf({ state: 'Success', code: 'Oops' })]))).toMatchObject({ state: 'Success' })
  })

  test('JSON: a list of one in a Response', () => {
    expect(only(fixture('job-wrapped.json'))).toMatchObject({
      jobId: 'j4e431ba0f86711ecb8546d80f2baf56f',
      state: 'Success',
      userData: 'u',
      operation: { MediaInfo: { Stream: {} } },
      workflow: null,
    })
  })

  test('several inputs: the first names the job', () => {
    const input = (name: string): string => `<Input><BucketId>b</BucketId><Object>${name}</Object></Input>`
    expect(
      only(
        `<Response><JobsDetail><JobId>j</JobId><State>Success</State>${input('1')}${input('2')}</JobsDetail></Response>`,
      ),
    ).toMatchObject({ object: '1', bucket: 'b' })
  })

  test('several in one body keep their order', () => {
    const jobs = ['1', '2', '3'].map((jobId) => jobOf({ jobId }))
    for (const body of [jobsXml(jobs), jobsJson(jobs)])
      expect(all(body).map(({ id }) => id)).toEqual(['1', '2', '3'])
  })
})

test('a byte order mark and blanks in front are no fault', () => {
  for (const name of ['workflow-b.xml', 'workflow.json']) {
    const body = fixture(name)
    for (const lead of ['\uFEFF', '\uFEFF \r\n', ' \n\t'])
      expect(readCallback(lead + body)).toEqual(readCallback(body))
  }
})

test('a header without a name is passed over, one without a value is null', () => {
  const headers =
    '<CosHeaders><Value>v</Value></CosHeaders><CosHeaders><Key>k</Key></CosHeaders><CosHeaders/>'
  expect(
    only(`<WorkflowExecution><RunId>r</RunId><State>s</State>${headers}</WorkflowExecution>`),
  ).toMatchObject({ headers: { k: null } })
})

test('numbers and booleans of JSON become text', () => {
  const body = {
    WorkflowExecution: { RunId: 7, State: 'Success', Object: true, Tasks: [{ Type: 'a', Code: 0 }] },
  }
  expect(only(JSON.stringify(body))).toMatchObject({ runId: '7', object: 'true', tasks: [{ code: '0' }] })
})

test('an id keeps its digits, a number is never Infinity, half a surrogate pair never goes on', () => {
  const body =
    '{"JobsDetail":{"JobId":9007199254740993,"State":"Success","Code":1e999,"Operation":{"a":[1e999,12345678901234567890],"\\ud83d":"\\ude00"}}}'
  expect(only(body)).toMatchObject({
    jobId: '9007199254740993',
    code: '1e999',
    operation: { a: ['1e999', '12345678901234567890'], '\ufffd': '\ufffd' },
  })
})

test('ids and States of 1 KB are read', () => {
  const body = `{"WorkflowExecution":{"RunId":"${'中'.repeat(341)}r","State":"${'s'.repeat(1_024)}"}}`
  expect(only(body)).toMatchObject({ runId: `${'中'.repeat(341)}r`, state: 's'.repeat(1_024) })
})

test('a day that no calendar has stays as sent', () => {
  const times = '"CreateTime":"2022-02-30 11:00:41+0800"'
  expect(only(`{"WorkflowExecution":{"RunId":"r","State":"s",${times},"Tasks":{${times}}}}`)).toMatchObject({
    createdAt: '2022-02-30 11:00:41+0800',
    tasks: [{ createdAt: '2022-02-30 11:00:41+0800' }],
  })
})

test('names that every object has are no fields of a callback', () => {
  const hostile =
    '"__proto__":{"RunId":"forged","State":"Success"},"constructor":{"State":"x"},"toString":"x"'
  expect(() => readCallback(`{"WorkflowExecution":{${hostile}}}`)).toThrow('WorkflowExecution has no RunId.')
  expect(() => readCallback(`{"__proto__":{"WorkflowExecution":{"RunId":"r","State":"Success"}}}`)).toThrow(
    'The document holds neither a WorkflowExecution nor a JobsDetail; it holds: __proto__.',
  )
  expect(() =>
    readCallback(
      '<Response><__proto__><WorkflowExecution><RunId>r</RunId></WorkflowExecution></__proto__></Response>',
    ),
  ).toThrow('it holds: __proto__.')
  const execution = only(
    '{"WorkflowExecution":{"RunId":"r","State":"Success","CosHeaders":[{"Key":"__proto__","Value":"v"},{"Key":"constructor","Value":"c"}]}}',
  )
  expect(JSON.stringify('headers' in execution && execution.headers)).toBe(
    '{"__proto__":"v","constructor":"c"}',
  )
})

describe('refused, with a code and a place', () => {
  const workflow = (fields: string): string =>
    `<Response><WorkflowExecution>${fields}</WorkflowExecution></Response>`
  const job = (fields: string): string => `<Response><JobsDetail>${fields}</JobsDetail></Response>`
  const id = '<RunId>r</RunId>'
  const state = '<State>Success</State>'

  test.each([
    ['empty', 'The body is empty.', ''],
    ['empty', 'The body is empty.', ' \n\t\uFEFF'],
    ['not-xml-or-json', 'The body begins with neither `<` (XML) nor `{` (JSON).', 'RunId=r&State=Success'],
    ['not-xml-or-json', 'The body begins with neither `<` (XML) nor `{` (JSON).', '[{"a":1}]'],
    ['missing-field', 'WorkflowExecution has no RunId.', workflow(state)],
    ['missing-field', 'WorkflowExecution has no RunId.', workflow(`<RunId/>${state}`)],
    ['missing-field', 'WorkflowExecution has no RunId.', workflow(`<RunId>-</RunId>${state}`)],
    [
      'missing-field',
      'WorkflowExecution has no RunId.',
      '{"WorkflowExecution":{"RunId":null,"State":"Success"}}',
    ],
    ['missing-field', 'WorkflowExecution has no State.', workflow(id)],
    [
      'missing-field',
      'WorkflowExecution has no State.',
      workflow(`${id}<Tasks>${state}</Tasks><X>${state}</X>`),
    ],
    [
      'missing-field',
      'WorkflowExecution has no State.',
      `<Response>${state}<WorkflowExecution>${id}</WorkflowExecution></Response>`,
    ],
    ['missing-field', 'JobsDetail[1] has no JobId.', job(state)],
    [
      'missing-field',
      'JobsDetail[1] has neither State nor Code.',
      job(`<JobId>j</JobId><Operation>${state}<W>${state}</W></Operation>`),
    ],
    [
      'missing-field',
      'JobsDetail[2] has no JobId.',
      '{"JobsDetail":[{"JobId":"j","State":"Success"},{"State":"Success"}]}',
    ],
    [
      'wrong-type',
      'WorkflowExecution.State should hold text but holds a list of 2.',
      workflow(`${id}${state}${state}`),
    ],
    [
      'wrong-type',
      'WorkflowExecution.RunId should hold text but holds a list of 2.',
      workflow(`${id}${id}${state}`),
    ],
    ...['RunId', 'State'].map((name) => [
      'wrong-type',
      `WorkflowExecution.${name} should hold text but holds a list of 2.`,
      `{"WorkflowExecution":{"RunId":"r","State":"s","${name}":"r"}}`,
    ]),
    [
      'wrong-type',
      'WorkflowExecution.State should hold text but holds a list of 2.',
      '{"WorkflowExecution":{"RunId":"r","St\\u0061te":"Success","State":null}}',
    ],
    ...['JobId', 'State'].flatMap((name) => [
      [
        'wrong-type',
        `JobsDetail[1].${name} should hold text but holds a list of 2.`,
        `{"JobsDetail":{"JobId":"j","State":"Failed","${name}":"Success"}}`,
      ],
      [
        'wrong-type',
        `JobsDetail[1].${name} should hold text but holds a list of 2.`,
        job(`<JobId>j</JobId>${state}<${name}/>`),
      ],
    ]),
    ...[
      ['RunId', workflow(`<RunId>${'r'.repeat(1_025)}</RunId>${state}`)],
      ['RunId', workflow(`<RunId>${'中'.repeat(342)}</RunId>${state}`)],
      ['State', workflow(`${id}<State>${'s'.repeat(1_025)}</State>`)],
      ['RunId', `{"WorkflowExecution":{"RunId":1${'0'.repeat(1_024)},"State":"s"}}`],
    ].map(([name, body]) => ['too-long', `WorkflowExecution.${name} is longer than 1024 bytes.`, body!]),
    ...[
      ['JobId', job(`<JobId>${'j'.repeat(1_025)}</JobId>${state}`)],
      ['State', job(`<JobId>j</JobId><State>${'s'.repeat(1_025)}</State>`)],
    ].map(([name, body]) => ['too-long', `JobsDetail[1].${name} is longer than 1024 bytes.`, body!]),
    [
      'too-many',
      'WorkflowExecution has more than 20000 Tasks.',
      workflow(`${id}${state}${'<Tasks><Type>t</Type></Tasks>'.repeat(20_001)}`),
    ],
    [
      'wrong-type',
      'WorkflowExecution.State should hold text but holds elements.',
      workflow(`${id}<State>Success<b/></State>`),
    ],
    [
      'wrong-type',
      'The document.WorkflowExecution should hold elements but holds string.',
      '<Response><WorkflowExecution>x</WorkflowExecution></Response>',
    ],
    [
      'unknown-document',
      'The document holds neither a WorkflowExecution nor a JobsDetail; it holds: nothing.',
      '{}',
    ],
    ...['<Response/>', '<Response>x</Response>'].map((body) => [
      'unknown-document',
      'The document holds neither a WorkflowExecution nor a JobsDetail; it holds: Response.',
      body,
    ]),
    [
      'unknown-document',
      'The document holds neither a WorkflowExecution nor a JobsDetail; it holds: Error.',
      '<Error><Code>x</Code></Error>',
    ],
    [
      'unknown-document',
      'The document holds neither a WorkflowExecution nor a JobsDetail; it holds: EventName.',
      '<EventName>WorkflowFinish</EventName>',
    ],
    [
      'unknown-document',
      'The document holds neither a WorkflowExecution nor a JobsDetail; it holds: a, b, c, d, e, ….',
      '{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1}',
    ],
    [
      'unknown-document',
      `The document holds neither a WorkflowExecution nor a JobsDetail; it holds: ${'x'.repeat(40)}.`,
      `{"${'x'.repeat(99)}":1}`,
    ],
    [
      'unknown-document',
      'The document holds neither a WorkflowExecution nor a JobsDetail; it holds: html.',
      '<html><body>hi</body></html>',
    ],
  ])('%s: %s', (code, message, body) => {
    expect(() => readCallback(body)).toThrow(expect.objectContaining({ code, message }))
  })

  test('an execution is never looked for deeper than where it stands', () => {
    const body = `<Response><Wrapper><WorkflowExecution>${id}${state}</WorkflowExecution></Wrapper></Response>`
    expect(() => readCallback(body)).toThrow(expect.objectContaining({ code: 'unknown-document' }))
    expect(() => readCallback(`<Response>${body}</Response>`)).toThrow(
      expect.objectContaining({ code: 'unknown-document' }),
    )
  })
})

describe('an optional field that holds something else', () => {
  const id = '<RunId>r</RunId>'
  const state = '<State>Success</State>'
  const workflow = (fields: string): string =>
    `<Response><WorkflowExecution>${id}${state}${fields}</WorkflowExecution></Response>`
  const job = (fields: string): string =>
    `<Response><JobsDetail><JobId>j</JobId><State>Failed</State>${fields}</JobsDetail></Response>`

  test.each<[odd: readonly string[], body: string, data: object]>([
    [['WorkflowExecution.Object'], workflow(`<Object>${'o'.repeat(65_537)}</Object>`), { object: null }],
    [
      ['WorkflowExecution.Object'],
      '{"WorkflowExecution":{"RunId":"r","State":"s","Object":{}}}',
      { object: null },
    ],
    [['WorkflowExecution.Object'], workflow('<Object>a</Object><Object>b</Object>'), { object: 'a' }],
    [
      ['WorkflowExecution.Object'],
      '{"WorkflowExecution":{"RunId":"r","State":"s","Object":"\\ud83d"}}',
      { object: null },
    ],
    [['WorkflowExecution.Tasks'], workflow('<Tasks>x</Tasks>'), { tasks: [] }],
    [
      ['WorkflowExecution.Tasks'],
      '{"WorkflowExecution":{"RunId":"r","State":"s","Tasks":[[]]}}',
      { tasks: [] },
    ],
    [
      ['WorkflowExecution.Tasks[1].Name'],
      workflow('<Tasks><Name>a</Name><Name>b</Name></Tasks>'),
      { tasks: [{ name: 'a; b' }] },
    ],
    [
      ['WorkflowExecution.Tasks[1].ResultInfo'],
      workflow('<Tasks><ResultInfo>x</ResultInfo></Tasks>'),
      { tasks: [{ outputs: [] }] },
    ],
    [
      ['WorkflowExecution.CosHeaders[1].Key'],
      workflow('<CosHeaders><Key>a</Key><Key>b</Key><Value>v</Value></CosHeaders>'),
      { headers: { 'a; b': 'v' } },
    ],
    [
      [],
      '{"WorkflowExecution":{"RunId":"r","State":"s","CosHeaders":{"x-cos-meta-id":"7"}}}',
      { headers: { 'x-cos-meta-id': '7' } },
    ],
    [['JobsDetail[1].Operation'], job('<Operation>x</Operation>'), { operation: null }],
    [
      ['JobsDetail[1].Workflow.RunId'],
      job(`<Workflow>${id}${id}</Workflow>`),
      { workflow: { runId: 'r; r', id: null, name: null } },
    ],
    [[], '{"JobsDetail":{"JobId":"j","State":"s","Workflow":[{"RunId":"r"}]}}', { workflow: { runId: 'r' } }],
    [['JobsDetail[1].Input.Object'], job('<Input><Object><a/></Object></Input>'), { object: null }],
    [['JobsDetail[1].Message'], job('<Message>bad <b>x</b> end</Message>'), { message: 'bad  end x' }],
    [
      ['JobsDetail[1].Operation.UserData'],
      '{"JobsDetail":{"JobId":"j","State":"Failed","Operation":{"UserData":{"mediaId":7}}}}',
      { userData: '{"mediaId":"7"}' },
    ],
    [
      [],
      '{"JobsDetail":{"JobId":"j","State":"Failed","Message":7,"Tag":true}}',
      { message: '7', tag: 'true' },
    ],
  ])('%j is named, and all else read', (odd, body, data) => {
    const [notice, ...more] = all(body)
    expect(more).toEqual([])
    expect(notice).toMatchObject({ odd, data })
  })
})
