import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CloudEvent } from 'cloudevents'
import { fakeExecution } from '../support/fake-ci'
import { TOKEN } from './callbacks'
import { type CiScene, openCiScene } from './ci-scene'
import { answered, type Answered, type Relay } from './open-relay'

const BUCKET = 'media-1250000000'

/** Both triggers, as each passes a callback on. */
const TRIGGERS = {
  'a function URL': (body: unknown) => ({
    httpMethod: 'POST',
    path: `/${TOKEN}/`,
    headers: { 'content-type': 'application/xml' },
    queryString: {},
    body,
  }),
  'API Gateway': (body: unknown) => ({
    requestContext: {
      httpMethod: 'POST',
      path: '/relay',
      stage: 'release',
      identity: {},
      sourceIp: '203.0.113.20',
    },
    httpMethod: 'POST',
    path: `/relay/${TOKEN}`,
    headers: { 'Content-Type': 'application/xml' },
    headerParameters: {},
    pathParameters: {},
    queryString: {},
    queryStringParameters: {},
    isBase64Encoded: true,
    body: typeof body === 'string' ? Buffer.from(body).toString('base64') : body,
  }),
}
type Trigger = keyof typeof TRIGGERS

const run = (id: string, state: string | null, tasks: string, event = 'WorkflowFinish', object = 'a.mp4') =>
  `<Response><EventName>${event}</EventName><WorkflowExecution><RunId>${id}</RunId><BucketId>${BUCKET}</BucketId><Object>${object}</Object>` +
  `<WorkflowId>w1</WorkflowId><WorkflowName>wf</WorkflowName><CreateTime>2026-11-01 11:00:41+0800</CreateTime>` +
  `${state === null ? '' : `<State>${state}</State>`}${tasks}</WorkflowExecution></Response>`
const task = (state: string, more = '') =>
  `<Tasks><Type>Transcode</Type><State>${state}</State><JobId>j1</JobId><Name>Transcode_1</Name>${more}</Tasks>`
const job = (id: string, state: string, tag: string, more: string, code = 'Success', message = '') =>
  `<Response><EventName>TaskFinish</EventName><JobsDetail><Code>${code}</Code><Message>${message}</Message><JobId>${id}</JobId>` +
  `<State>${state}</State><Tag>${tag}</Tag>${more}</JobsDetail></Response>`
const INPUT = `<Input><BucketId>${BUCKET}</BucketId><Object>a.mp4</Object></Input>`
const RESULTS =
  '<ResultInfo><ObjectCount>2</ObjectCount><ObjectInfo><ObjectName>1.jpg</ObjectName><Code>0</Code></ObjectInfo>' +
  '<ObjectInfo><ObjectName>2.jpg</ObjectName><Code>InvalidParameter</Code><Message>no frame at 99s</Message></ObjectInfo></ResultInfo>'

interface Row {
  readonly body: unknown
  readonly outcome: string
  /** Of the message; null: none goes to the queue. */
  readonly type?: string | null
  /** What the alert says; null: none is told. */
  readonly told?: RegExp | null
}

const ROWS: Readonly<Record<string, Row>> = {
  'a success': { body: run('i1', 'Success', task('Success')), outcome: 'queued', type: 'workflow.succeeded' },
  'a success with a task that was cancelled': {
    body: run('i2', 'Success', task('Success') + task('Cancel')),
    outcome: 'queued',
    type: 'workflow.partial',
    told: /Cancel/,
  },
  'a success with a task that is paused': {
    body: run('i3', 'Success', task('Success') + task('Pause')),
    outcome: 'queued',
    type: 'workflow.partial',
    told: /Pause/,
  },
  'a success with a task that succeeded in part': {
    body: run('i4', 'Success', task('PartialSuccess')),
    outcome: 'queued',
    type: 'workflow.partial',
    told: /PartialSuccess/,
  },
  'a success in which a judgement took some branches': {
    body: run(
      'i5',
      'Success',
      task('Success') +
        '<Tasks><Type>Judgement</Type><State>PartialSuccess</State><Name>Judgement_1</Name></Tasks><Tasks><Type>Smart</Type><State>-</State><Name>S</Name></Tasks>',
    ),
    outcome: 'queued',
    type: 'workflow.succeeded',
  },
  'a success with an output that failed': {
    body: run('i6', 'Success', task('Success', RESULTS)),
    outcome: 'queued',
    type: 'workflow.partial',
    told: /no frame at 99s/,
  },
  'a success of which a task still goes on, with nobody to ask': {
    body: run('i7', 'Success', task('Running')),
    outcome: 'queued',
    type: 'workflow.partial',
    told: /Running/,
  },
  'a failure whose reason stands in the callback': {
    body: run('i8', 'Failed', task('Failed', RESULTS)),
    outcome: 'alerted',
    told: /InvalidParameter: no frame at 99s/,
  },
  'a failure without a reason, and no role to ask': {
    body: run('i9', 'Failed', task('Failed')),
    outcome: 'alerted',
    told: /CI was not asked \(the function has no role\)/,
  },
  'a start without a State': { body: run('i10', null, '', 'WorkflowStart'), outcome: 'ignored' },
  'a start with a State': { body: run('i11', 'Success', '', 'WorkflowStart'), outcome: 'ignored' },
  'the end after its start': {
    body: run('i11', 'Success', task('Success')),
    outcome: 'queued',
    type: 'workflow.succeeded',
  },
  'a cancelled run': {
    body: run('i12', 'Cancel', task('Cancel')),
    outcome: 'alerted',
    told: /Cancel/,
  },
  'a job of which a watermark failed': {
    body: job(
      'j1',
      'Success',
      'DigitalWatermark',
      INPUT +
        '<Operation><DigitalWatermark><IgnoreError>true</IgnoreError><State>Failed</State></DigitalWatermark></Operation>',
    ),
    outcome: 'queued',
    type: 'job.partial',
    told: /Failed/,
  },
  'an inspection that found something': {
    body: job(
      'j2',
      'Success',
      'ImageInspect',
      INPUT +
        '<Operation><ImageInspectResult><Code>Success</Code><State>Success</State><ProcessResult><Suspicious>true</Suspicious><SuspiciousType>Trojan</SuspiciousType></ProcessResult></ImageInspectResult></Operation>',
    ),
    outcome: 'queued',
    type: 'review.suspected',
    told: /Trojan/,
  },
  'a virus': {
    body: `<Response><EventName>TaskFinish</EventName><JobsDetail><JobId>v1</JobId><State>Success</State><Suggestion>block</Suggestion><Object>a.exe</Object></JobsDetail></Response>`,
    outcome: 'queued',
    type: 'review.sensitive',
    told: /a\.exe/,
  },
  'a picture that breaks the rules, Simple': {
    body: JSON.stringify({
      code: 0,
      message: '',
      data: {
        event: 'ReviewImage',
        trace_id: 's1',
        url: `https://${BUCKET}.cos.ap-guangzhou.myqcloud.com/x/p.jpg`,
        result: 1,
        forbidden_status: 1,
        porn_info: { hit_flag: 1, label: 'SexyHigh', score: 97 },
      },
    }),
    outcome: 'queued',
    type: 'review.sensitive',
    told: /x\/p\.jpg[^]*SexyHigh[^]*97/,
  },
  'a video that breaks the rules, Detail': {
    body: JSON.stringify({
      EventName: 'ReviewVideo',
      JobsDetail: {
        JobId: 'd1',
        State: 'Success',
        BucketId: BUCKET,
        Object: 'x/v.mp4',
        Label: 'Porn',
        Result: 1,
        PornInfo: { HitFlag: 1, Score: 99 },
        CosHeaders: { 'x-cos-meta-a': 'b' },
      },
    }),
    outcome: 'queued',
    type: 'review.sensitive',
    told: /x\/v\.mp4[^]*Porn/,
  },
  'a document of which pages failed': {
    body: job(
      'j3',
      'Success',
      'DocProcess',
      `<Input><Object>a.pptx</Object></Input><Operation><DocProcessResult><FailPageCount>2</FailPageCount><SuccPageCount>8</SuccPageCount></DocProcessResult>` +
        `<Output><Region>ap-guangzhou</Region><Bucket>${BUCKET}</Bucket><Object>o.jpg</Object></Output></Operation>`,
    ),
    outcome: 'queued',
    type: 'job.partial',
    told: /FailPageCount: 2/,
  },
  'speech, which has no object': {
    body: job('j4', 'Success', 'Tts', '<Operation><TtsConfig><Input>text</Input></TtsConfig></Operation>'),
    outcome: 'queued',
    type: 'job.succeeded',
  },
  'a job on what lies at a URL': {
    body: job(
      'j5',
      'Failed',
      'Transcode',
      '<Input><Url>https://cdn.example.com/a.mp4</Url><CosHeaders><Key>x-cos-meta-a</Key><Value>7</Value></CosHeaders></Input>',
      'DownloadFailed',
      'cannot fetch',
    ),
    outcome: 'alerted',
    told: /https:\/\/cdn\.example\.com\/a\.mp4/,
  },
  'UserData that is an object': {
    body: JSON.stringify({
      EventName: 'TaskFinish',
      JobsDetail: {
        JobId: 'j6',
        State: 'Failed',
        Code: 'InternalError',
        Input: { BucketId: BUCKET, Object: 'a.mp4' },
        Operation: { UserData: { mediaId: 7 } },
      },
    }),
    outcome: 'alerted',
    told: /InternalError/,
  },
  'a message with markup': {
    body: job('j7', 'Failed', 'Transcode', INPUT, 'InvalidArgument', 'bad <b>x</b>'),
    outcome: 'alerted',
    told: /bad x/,
  },
  'a field twice': {
    body: job('j8', 'Failed', 'Transcode', `${INPUT}<QueueId>q</QueueId><QueueId>r</QueueId>`, 'E'),
    outcome: 'alerted',
    told: /a\.mp4/,
  },
  'headers as a map': {
    body: JSON.stringify({
      EventName: 'WorkflowFinish',
      WorkflowExecution: {
        RunId: 'i13',
        BucketId: BUCKET,
        Object: 'a',
        State: 'Success',
        CosHeaders: { 'x-cos-meta-id': '7' },
        Tasks: [],
      },
    }),
    outcome: 'queued',
    type: 'workflow.succeeded',
  },
  'a workflow as a list of one': {
    body: JSON.stringify({
      EventName: 'TaskFinish',
      JobsDetail: [
        { JobId: 'j9', State: 'Success', Workflow: [{ RunId: 'r', WorkflowId: 'w', WorkflowName: 'n' }] },
      ],
    }),
    outcome: 'queued',
    type: 'job.succeeded',
  },
  'a body that is parsed already': {
    body: { EventName: 'WorkflowFinish', WorkflowExecution: { RunId: 'i14', State: 'Failed', Object: 'a' } },
    outcome: 'alerted',
    told: /i14/,
  },
  'an event that nobody knows': {
    body: run('i15', 'Success', task('Success'), 'WorkflowElse'),
    outcome: 'alerted',
    told: /WorkflowElse/,
  },
  'an event of Media Processing': {
    body: JSON.stringify({
      EventType: 'WorkflowTask',
      WorkflowTaskEvent: { TaskId: 't', Status: 'FINISH', ErrCode: 0 },
    }),
    outcome: 'alerted',
    told: /WorkflowTask/,
  },
  'what the console sends to try the URL': {
    body: JSON.stringify({
      code: 0,
      message: 'Test request when setting callback url',
      data: { url: 'test_url' },
    }),
    outcome: 'test',
  },
  'a control character in the key': {
    body: run('i16', 'Failed', task('Failed'), 'WorkflowFinish', 'LA&#x1b;.mp4'),
    outcome: 'malformed-xml',
    told: /i16[^]*LA[^]*Failed|Failed[^]*i16/,
  },
  'a bare ampersand in the key': {
    body: run('i17', 'Failed', task('Failed'), 'WorkflowFinish', 'Tom & Jerry.mp4'),
    outcome: 'malformed-xml',
    told: /i17|Tom & Jerry/,
  },
}

let scene: CiScene
let relay: Relay
beforeEach(async () => {
  scene = await openCiScene()
})
afterEach(async () => scene.close())

const send = async (trigger: Trigger, body: unknown): Promise<Omit<Answered, 'ms'>> =>
  answered(await relay.handle(TRIGGERS[trigger](body)))

const NO_ROLE = { TENCENTCLOUD_SECRETID: '', TENCENTCLOUD_SECRETKEY: '', TENCENTCLOUD_SESSIONTOKEN: '' }

test.each(Object.keys(TRIGGERS) as Trigger[])(
  'through %s, each means what it says; the official SDK takes each message',
  async (trigger) => {
    relay = scene.open(NO_ROLE)
    const got: Record<string, unknown> = {}
    const expected: Record<string, unknown> = {}
    for (const [what, { body, outcome, type = null, told = null }] of Object.entries(ROWS)) {
      const before = { queued: scene.queued().length, told: scene.told().length }
      const answer = await send(trigger, body)
      const queued = scene.queued().slice(before.queued) as unknown as { type: string; id: string }[]
      for (const event of queued) expect(new CloudEvent(event).validate()).toBe(true)
      const alerts = scene.told().slice(before.told)
      got[what] = {
        outcome: answer.outcome,
        types: queued.map((event) => event.type),
        told: told !== null && alerts.length === 1 && told.test(alerts.join()) ? told : alerts,
      }
      expected[what] = {
        outcome,
        types: type === null ? [] : [`com.tencentcloud.ci.${type}`],
        told: told ?? [],
      }
    }
    expect(got).toEqual(expected)
    const ids = scene.queued().map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(relay.faults).toEqual([])
  },
)

describe.each(Object.keys(TRIGGERS) as Trigger[])('through %s, with CI to ask', (trigger) => {
  test('an honest failure of a document is told: it is asked about at its own place', async () => {
    relay = scene.open({ VERIFY: 'read-back' })
    scene.ci.jobs.set(
      'doc_jobs/d18a9623a21e711eda3a2',
      '<JobsDetail><JobId>d18a9623a21e711eda3a2</JobId><State>Failed</State><Code>DocFormatError</Code><Message>cannot open</Message><Tag>DocProcess</Tag><Input><Object>a.pptx</Object></Input></JobsDetail>',
    )
    const body = job(
      'd18a9623a21e711eda3a2',
      'Failed',
      'DocProcess',
      `<Input><BucketId>${BUCKET}</BucketId><Object>a.pptx</Object></Input>`,
    )
    expect(await send(trigger, body)).toMatchObject({ status: 200, outcome: 'alerted' })
    expect(scene.told().join()).toMatch(/cannot open/)
  })

  test('a job that no place knows waits, and is not refused', async () => {
    relay = scene.open({ VERIFY: 'read-back' })
    expect(await send(trigger, job('x1', 'Failed', 'NewKind', INPUT, 'E'))).toMatchObject({
      status: 200,
      outcome: 'parked',
    })
    expect(await send(trigger, run('i1', 'Failed', ''))).toMatchObject({ status: 403 })
  })

  test.each(['LA&#x1b;.mp4', 'Tom & Jerry.mp4'])(
    'a body with %s: CI says what became of it',
    async (object) => {
      relay = scene.open()
      scene.ci.executions.set('i1', fakeExecution('i1', { state: 'Failed', object: 'seen-by-ci.mp4' }))
      const answer = await send(trigger, run('i1', 'Success', '', 'WorkflowFinish', object))
      expect(answer).toMatchObject({ status: 200, outcome: 'alerted' })
      expect(scene.told().join()).toMatch(/seen-by-ci\.mp4/)
      expect(scene.queued()).toEqual([])
    },
  )

  test('a success of which a task goes on is asked about by the next sweep', async () => {
    relay = scene.open()
    expect(await send(trigger, run('i1', 'Success', task('Running')))).toMatchObject({ outcome: 'parked' })
    expect(scene.queued()).toEqual([])
    scene.ci.executions.set('i1', fakeExecution('i1'))
    await scene.passTime(60_000)
    expect(await relay.sweep()).toMatchObject({ delivered: 1, waiting: 0 })
    expect(scene.queued()).toMatchObject([
      { id: 'i1:Success', type: 'com.tencentcloud.ci.workflow.succeeded' },
    ])
  })
})

describe('an incident at PagerDuty', () => {
  let pagerDuty: Server
  /** `trigger KEY`, `resolve KEY`, in order, by what it was called first. */
  let heard: string[]

  beforeEach(async () => {
    heard = []
    const names = new Map<string, string>()
    pagerDuty = createServer((request, response) => {
      let body = ''
      request.setEncoding('utf8').on('data', (text: string) => (body += text))
      request.on('end', () => {
        const { event_action: action, dedup_key: key } = JSON.parse(body) as Record<string, string>
        if (!names.has(key ?? '')) names.set(key ?? '', String.fromCharCode(65 + names.size))
        heard.push(`${action} ${names.get(key ?? '')}`)
        response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"success"}')
      })
    })
    await new Promise<void>((listening) => pagerDuty.listen(0, '127.0.0.1', listening))
    const { port } = pagerDuty.address() as AddressInfo
    relay = scene.open({ ALERT_URLS: `pagerduty://k3y0123456789abcdef?endpoint=http://127.0.0.1:${port}` })
  })
  afterEach(() => pagerDuty.close())

  const ended = (state: string, at: string, id: string) =>
    run(id, state, task(state, `<EndTime>2026-11-01 ${at}+0800</EndTime>`))
  const T1080 = '<Operation><TemplateId>t1080</TemplateId></Operation>'
  const ofRun = '<Workflow><RunId>i1</RunId><WorkflowId>w1</WorkflowId></Workflow>'

  test.each<[what: string, bodies: readonly string[], heard: readonly string[]]>([
    [
      'the same work later ends it',
      [ended('Failed', '11:00:00', 'i1'), ended('Success', '12:00:00', 'i2')],
      ['trigger A', 'resolve A'],
    ],
    [
      'a success that came before, by the end times, does not',
      [ended('Failed', '12:00:00', 'i1'), ended('Success', '11:00:00', 'i2')],
      ['trigger A'],
    ],
    [
      'a failure that comes late is told, and ended at once',
      [ended('Success', '12:00:00', 'i1'), ended('Failed', '11:00:00', 'i2')],
      ['trigger A', 'resolve A'],
    ],
    [
      'a sibling of the same run does not',
      [job('j1', 'Failed', 'Transcode', INPUT + ofRun, 'E'), job('j2', 'Success', 'Snapshot', INPUT + ofRun)],
      ['trigger A'],
    ],
    [
      'another template on the same object does not',
      [
        job('j1', 'Failed', 'Transcode', INPUT + T1080, 'E'),
        job('j2', 'Success', 'Transcode', INPUT + T1080.replace('1080', '480')),
        job('j3', 'Success', 'Transcode', INPUT + T1080),
      ],
      ['trigger A', 'resolve A'],
    ],
    [
      'what has no object has an alert of its own each, and nothing ends it',
      [
        job('j1', 'Failed', 'Tts', '', 'E'),
        job('j2', 'Failed', 'Tts', '', 'E'),
        job('j3', 'Success', 'Tts', ''),
      ],
      ['trigger A', 'trigger B'],
    ],
    [
      'a partial success leaves it as it is, and has an alert of its own',
      [
        ended('Failed', '11:00:00', 'i1'),
        run('i2', 'Success', task('Success', '<EndTime>2026-11-01 12:00:00+0800</EndTime>') + task('Cancel')),
      ],
      ['trigger A', 'trigger B'],
    ],
    [
      'a review never ends it',
      [
        ended('Failed', '11:00:00', 'i1'),
        JSON.stringify({
          EventName: 'ReviewVideo',
          JobsDetail: { JobId: 'v', State: 'Success', BucketId: BUCKET, Object: 'a.mp4', Result: 0 },
        }),
      ],
      ['trigger A'],
    ],
  ])('%s', async (_, bodies, hears) => {
    for (const body of bodies) expect((await send('a function URL', body)).status).toBe(200)
    expect(heard).toEqual(hears)
  })
})
