import { Deadline } from '../../../src/net/deadline'
import { readExecutionAnswer, readExecutionPage, readJobAnswer } from '../../../src/callback/read-back'
import { ciClient, type ExecutionQuery } from '../../../src/tencent/ci'
import { fakeExecution, SLOW_DOWN, startFakeCi, UNAVAILABLE, type FakeCi } from '../../support/fake-ci'

const BUCKET = 'media-1250000000'
const DAY = 86_400_000
const START = Date.UTC(2026, 0, 1)

let fake: FakeCi
beforeAll(async () => {
  fake = await startFakeCi()
})
afterAll(async () => fake.close())
afterEach(() => {
  fake.executions.clear()
  fake.jobs.clear()
  fake.requests.splice(0)
  fake.failures.splice(0)
  fake.hangs = false
})

const signal = (): Deadline => Deadline.in(5000)
const client = (changes = {}) =>
  ciClient({
    credentials: () => ({ ...fake.credentials, ...changes }),
    region: 'ap-guangzhou',
    endpoint: fake.endpoint,
  })
const query = (changes: Partial<ExecutionQuery> = {}): ExecutionQuery => ({
  bucket: BUCKET,
  workflowId: 'w1',
  startCreationTime: START,
  endCreationTime: START + DAY,
  nextToken: null,
  size: 100,
  orderByTime: 'Asc',
  ...changes,
})

describe('one execution', () => {
  test('comes with the code and message of each task', async () => {
    const failed = {
      type: 'Transcode',
      name: 'Transcode_1',
      state: 'Failed',
      jobId: 'j1',
      code: 'InvalidInput',
      message: '输入 <x> & "y"',
    }
    fake.executions.set('i1', fakeExecution('i1', { state: 'Failed', tasks: [failed] }))
    const xml = await client().describeExecution(BUCKET, 'i1', signal())
    expect(fake.requests).toEqual(['/workflowexecution/i1'])
    expect(readExecutionAnswer(xml!, BUCKET)).toMatchObject({
      id: 'i1',
      bucket: BUCKET,
      object: 'videos/i1.mp4',
      state: 'Failed',
      createdAt: '2026-01-01T08:00:00+08:00',
      workflow: { id: 'w1', name: '转码 & 截图' },
      data: {
        tasks: [{ jobId: 'j1', state: 'Failed', code: 'InvalidInput', message: '输入 <x> & "y"' }],
      },
    })
  })

  test('is null when CI knows none such', async () => {
    expect(await client().describeExecution(BUCKET, 'unknown', signal())).toBeNull()
  })

  test.each([
    ['..', BUCKET],
    ['a/b', BUCKET],
    ['i1?x=1', BUCKET],
    ['', BUCKET],
    ['x'.repeat(129), BUCKET],
    ['i1', 'evil.example/'],
    ['i1', 'media'],
    ['i1', '127.0.0.1:80#-1250000000'],
    ['i1', 'Media-1250000000'],
  ])('is null, and nothing is asked, for the run %j of the bucket %j', async (runId, bucket) => {
    expect(await client().describeExecution(bucket, runId, signal())).toBeNull()
    expect(fake.requests).toEqual([])
  })

  test('a bucket that is not there is an error: the region may be wrong', async () => {
    fake.failures.push({ status: 404, code: 'NoSuchBucket' })
    await expect(client().describeExecution(BUCKET, 'i1', signal())).rejects.toThrow(
      `ci: ${BUCKET}: asking for an execution: answered 404 NoSuchBucket NoSuchBucket it is. (request NjRfake)`,
    )
  })
})

describe('one job', () => {
  test('comes with its code and message, and the bucket that was asked', async () => {
    const detail =
      '<JobsDetail><Code>E1</Code><Message>no video</Message><JobId>j1</JobId><State>Failed</State><Input><Object>a.mp4</Object></Input></JobsDetail>'
    fake.jobs.set('j1', detail)
    const xml = await client().describeJob(BUCKET, 'j1', signal())
    expect(fake.requests).toEqual(['/jobs/j1'])
    expect(readJobAnswer(xml!, BUCKET)).toMatchObject({
      id: 'j1',
      bucket: BUCKET,
      object: 'a.mp4',
      state: 'Failed',
      data: { code: 'E1', message: 'no video' },
    })
  })

  test.each([
    ['d1', '/doc_jobs/d1'],
    ['a1', '/ai_jobs/a1'],
    ['c1', '/pic_jobs/c1'],
    ['j1', '/jobs/j1'],
  ])('%s is asked for at the place of its kind, then at the others', async (jobId, path) => {
    await client().describeJob(BUCKET, jobId, signal())
    expect(fake.requests[0]).toBe(path)
    expect(new Set(fake.requests).size).toBe(7)
  })

  test('whose letter misleads is found at the place where it is', async () => {
    const detail =
      '<JobsDetail><JobId>x1</JobId><State>Success</State><Suggestion>block</Suggestion></JobsDetail>'
    fake.jobs.set('virus/detect/x1', detail)
    const told = readJobAnswer((await client().describeJob(BUCKET, 'x1', signal()))!, BUCKET)
    expect(told).toMatchObject({ kind: 'review', id: 'x1', verdict: 'sensitive', bucket: BUCKET })
  })

  test('that does not exist is none', async () => {
    expect(readJobAnswer((await client().describeJob(BUCKET, 'j2', signal()))!, BUCKET)).toBeNull()
    expect(await client().describeJob(BUCKET, '../workflowexecution/i1', signal())).toBeNull()
  })
})

describe('the list', () => {
  test('comes page by page, in either order', async () => {
    for (let i = 0; i < 25; i++) {
      fake.executions.set(`i${i}`, fakeExecution(`i${i}`, { createdAt: START + i * 60_000 }))
    }
    for (const orderByTime of ['Asc', 'Desc'] as const) {
      const runs: string[] = []
      let nextToken: string | null = null
      do {
        const page = readExecutionPage(
          await client().listExecutions(query({ size: 10, nextToken, orderByTime }), signal()),
        )
        runs.push(...page.executions.map(({ runId }) => runId))
        nextToken = page.nextToken
      } while (nextToken !== null)
      const expected = Array.from({ length: 25 }, (_, i) => `i${i}`)
      expect(runs).toEqual(orderByTime === 'Asc' ? expected : expected.reverse())
    }
    expect(fake.requests).toHaveLength(6)
  })

  test('asks for a span of whole seconds, states and a workflow', async () => {
    const created = { inside: START + 500, late: START + DAY + 1000, early: START - 1 }
    for (const [runId, createdAt] of Object.entries(created)) {
      fake.executions.set(runId, fakeExecution(runId, { createdAt }))
    }
    fake.executions.set('failed', fakeExecution('failed', { createdAt: START + DAY, state: 'Failed' }))
    fake.executions.set('running', fakeExecution('running', { createdAt: START, state: 'Running' }))
    fake.executions.set('other', fakeExecution('other', { createdAt: START, workflowId: 'w2' }))
    const xml = await client().listExecutions(
      query({
        startCreationTime: START + 700,
        endCreationTime: START + DAY - 1,
        states: ['Success', 'Failed'],
      }),
      signal(),
    )
    expect(readExecutionPage(xml)).toEqual({
      executions: [
        {
          runId: 'inside',
          state: 'Success',
          createdAt: '2026-01-01T08:00:00+08:00',
          object: 'videos/inside.mp4',
        },
        {
          runId: 'failed',
          state: 'Failed',
          createdAt: '2026-01-02T08:00:00+08:00',
          object: 'videos/failed.mp4',
        },
      ],
      nextToken: null,
    })
    expect(fake.requests).toEqual([
      '/workflowexecution?workflowId=w1&orderByTime=Asc&size=100&states=Success,Failed' +
        '&startCreationTime=2026-01-01T00:00:00+0000&endCreationTime=2026-01-02T00:00:00+0000',
    ])
  })

  test('an unknown workflow has none', async () => {
    const xml = await client().listExecutions(query({ workflowId: 'none' }), signal())
    expect(readExecutionPage(xml)).toEqual({ executions: [], nextToken: null })
  })

  test('a bucket that is none is refused before anything is asked', async () => {
    await expect(client().listExecutions(query({ bucket: 'media' }), signal())).rejects.toThrow(
      'the bucket must be named with its APPID',
    )
    expect(fake.requests).toEqual([])
  })
})

test('what CI refuses is an error with its words, and the wait it asks for', async () => {
  fake.failures.push(SLOW_DOWN, UNAVAILABLE)
  await expect(client().describeExecution(BUCKET, 'i1', signal())).rejects.toMatchObject({
    name: 'PeerError',
    message: expect.stringContaining('answered 429 SlowDown'),
    failure: { retryAfterMs: 3000, kind: 'throttled' },
  })
  await expect(client().listExecutions(query(), signal())).rejects.toMatchObject({
    message: expect.stringContaining('answered 503 ServiceUnavailable'),
    failure: { retryAfterMs: null, kind: 'down' },
  })
  expect(await client().describeExecution(BUCKET, 'i1', signal())).toBeNull()
})

test('wrong keys, a missing token and no keys at all are errors', async () => {
  const ask = async (changes: object): Promise<unknown> =>
    client(changes).describeExecution(BUCKET, 'i1', signal())
  await expect(ask({ secretKey: 'wrong' })).rejects.toThrow('answered 403 SignatureDoesNotMatch')
  await expect(ask({ sessionToken: null })).rejects.toThrow('answered 403 InvalidToken')
  await expect(ask({ secretId: 'AKIDother' })).rejects.toThrow('answered 403 InvalidAccessKeyId')
  const none = ciClient({ credentials: () => null, region: 'ap-guangzhou', endpoint: fake.endpoint })
  await expect(none.describeExecution(BUCKET, 'i1', signal())).rejects.toThrow('ci: there are no credentials')
})

test('gives up when its signal aborts', async () => {
  fake.hangs = true
  await expect(client().describeExecution(BUCKET, 'i1', Deadline.in(30))).rejects.toThrow(
    /^ci: 127\.0\.0\.1:\d+: no answer within the time allowed$/,
  )
})

test('takes no endpoint but one on loopback, and no region that is none', () => {
  const settings = { credentials: () => null, region: 'ap-guangzhou' }
  for (const endpoint of ['http://example.com', 'http://127.0.0.1.example.com', 'x', '']) {
    expect(() => ciClient({ ...settings, endpoint })).toThrow('must be a loopback address')
  }
  expect(() => ciClient({ ...settings, region: 'x.example/', endpoint: null })).toThrow(
    'the region must be one',
  )
})
