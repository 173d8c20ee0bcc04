import { createRelay } from '../../../src/relay/relay'
import type { Services } from '../../../src/services'
import type { GatewayRequest } from '../../../src/gateway/request'
import { execution, jobOf, taskOf } from '../../support/executions'
import { fixture } from '../../support/fixtures'
import {
  brokenStore,
  fakeChannel,
  fakeQueue,
  INVOCATION,
  memoryStore,
  post,
  testParts,
  TOKEN,
} from '../../support/parts'
import { executionJson, executionXml, jobsXml } from '../../support/render'

const success = executionXml(execution())
const failed = executionXml(execution({ state: 'Failed' }))
const id = execution().runId

const answerOf = async (request: GatewayRequest, changes: Partial<Services> = {}) =>
  createRelay(testParts(changes))(request, INVOCATION)

describe('200', () => {
  const store = memoryStore()

  test.each<[outcome: string, state: string, body: string, parts: Partial<Services>]>([
    ['queued', 'Success', success, { store }],
    ['duplicate', 'Success', success, { store }],
    ['alerted', 'Failed', failed, {}],
    ['alerted', 'Cancel', executionXml(execution({ state: 'Cancel' })), {}],
    ['queued', 'Success', executionXml(execution({ tasks: [taskOf({ state: 'Failed' })] })), {}],
    ['parked', 'Success', success, { queue: fakeQueue('refuses') }],
    ['parked', 'Failed', failed, { channels: [fakeChannel('a', { manner: 'refuses' })] }],
    ['ignored', 'Running', executionXml(execution({ state: 'Running' })), {}],
    ['ignored', 'Submitted', executionXml(execution({ state: 'Submitted' })), {}],
    ['queued', 'Success', success, { store: null }],
    ['alerted', 'Failed', failed, { queue: null, store: null }],
  ])('%s (%s)', async (outcome, state, body, parts) => {
    expect(await answerOf(post(body), parts)).toEqual({ status: 200, body: { outcome, id, state } })
  })

  test('a job’s id is its JobId', async () => {
    expect((await answerOf(post(jobsXml([jobOf()])))).body).toEqual({
      outcome: 'queued',
      id: jobOf().jobId,
      state: 'Success',
    })
  })

  test('several jobs: a list in their order', async () => {
    const jobs = [
      jobOf({ jobId: '1' }),
      jobOf({ jobId: '2', state: 'Failed' }),
      jobOf({ jobId: '3', state: 'Running' }),
    ]
    expect(await answerOf(post(jobsXml(jobs)))).toEqual({
      status: 200,
      body: {
        outcomes: [
          { outcome: 'queued', id: '1', state: 'Success' },
          { outcome: 'alerted', id: '2', state: 'Failed' },
          { outcome: 'ignored', id: '3', state: 'Running' },
        ],
      },
    })
  })

  test('GET shows schemes, never an address', async () => {
    const parts = { channels: [fakeChannel('wecom-1'), fakeChannel('slack-2')], verify: 'read-back' as const }
    expect(await answerOf(post('', { method: 'GET' }), parts)).toEqual({
      status: 200,
      body: {
        service: 'cos-callback-relay',
        version: 'test',
        queue: 'fake',
        alerts: ['wecom', 'slack'],
        store: 'memory',
        verify: 'read-back',
        alertLang: 'en',
        lastSweep: null,
      },
    })
    expect(await answerOf(post('', { method: 'HEAD' }), parts)).toEqual(
      await answerOf(post('', { method: 'GET' }), parts),
    )
    const bare = await answerOf(post('', { method: 'GET' }), { queue: null, store: null, channels: [] })
    expect(bare.body).toMatchObject({ queue: null, alerts: [], store: null })
  })
})

describe('400', () => {
  test.each([
    ['malformed-xml', '<Response>', 'The XML cannot be read: Unclosed root tag, line 1, column 10.'],
    [
      'doctype',
      '<!DOCTYPE a><a/>',
      'The XML cannot be read: a DOCTYPE, which callbacks never have, line 1, column 1.',
    ],
    [
      'missing-field',
      '<Response><WorkflowExecution><RunId>r</RunId></WorkflowExecution></Response>',
      'WorkflowExecution has no State.',
    ],
    ['empty', '', 'The body is empty.'],
    ['not-xml-or-json', 'a=1', 'The body begins with neither `<` (XML) nor `{` (JSON).'],
  ])('%s', async (error, body, message) => {
    expect(await answerOf(post(body))).toEqual({ status: 400, body: { error, message } })
  })

  test('base64 that is none, bytes that are no UTF-8', async () => {
    expect((await answerOf(post(success, { base64: true }))).body).toMatchObject({ error: 'bad-base64' })
    const gbk = Buffer.from([0x3c, 0x61, 0x3e, 0xd6, 0xd0]).toString('base64')
    expect(await answerOf(post(gbk, { base64: true }))).toEqual({
      status: 400,
      body: { error: 'bad-utf8', message: 'The body is not valid UTF-8: fault at byte 4.' },
    })
  })

  test('every cut of a base64 body, unless it takes padding only', async () => {
    const relay = createRelay(testParts({ store: null, channels: [] }))
    const body = Buffer.from(
      '<Response><JobsDetail><JobId>j</JobId><State>Running</State></JobsDetail></Response>',
    ).toString('base64')
    const whole = body.replace(/=+$/, '').length
    for (let cut = 1; cut < whole; cut++)
      expect([cut, (await relay(post(body.slice(0, cut), { base64: true }), INVOCATION)).status]).toEqual([
        cut,
        400,
      ])
    for (let cut = whole; cut <= body.length; cut++)
      expect((await relay(post(body.slice(0, cut), { base64: true }), INVOCATION)).status).toBe(200)
  })
})

describe('401: nothing is parsed, stored or said', () => {
  const strangers: Partial<GatewayRequest>[] = [
    { path: '/callback/' },
    { path: '' },
    { path: '/' },
    { path: `/callback/${TOKEN}x` },
    { path: `/callback/${TOKEN.slice(0, -1)}` },
    { path: `/${TOKEN}/callback` },
    { path: `/callback/${TOKEN.toUpperCase()}` },
    { path: '/callback/', query: [['token', 'wrong']] },
    { path: '/callback/', query: [['TOKEN', TOKEN]] },
    { path: '/callback/', query: [['key', TOKEN]] },
    { path: '/callback/undefined' },
  ]

  test.each(strangers)('%j', async (changes) => {
    for (const method of ['POST', 'GET', 'PUT', 'OPTIONS', '']) {
      const parts = testParts({ store: brokenStore(memoryStore(), ['claim', 'park'], 'refuses') })
      for (const body of [success, '<broken', 'x'.repeat(7 * 1024 * 1024)])
        expect(await createRelay(parts)(post(body, { method, ...changes }), INVOCATION)).toEqual({
          status: 401,
          body: { error: 'unauthorized' },
        })
      expect(parts.lines.map(({ msg, status }) => [msg, status])).toEqual(Array(3).fill(['callback', 401]))
    }
  })

  test('with no token known, every one is a stranger', async () => {
    expect((await answerOf(post(success, { path: '/' }), { tokens: [] })).status).toBe(401)
  })

  test.each<Partial<GatewayRequest>>([
    { path: `/${TOKEN}` },
    { path: TOKEN },
    { path: `/a/b/c/${TOKEN}` },
    { path: '/', query: [['token', TOKEN]] },
    {
      path: '/wrong',
      query: [
        ['a', 'b'],
        ['token', 'wrong'],
        ['token', TOKEN],
      ],
    },
    { path: '/other-token-while-rotating' },
  ])('whereas %j is let in', async (changes) => {
    const tokens = [TOKEN, 'other-token-while-rotating']
    expect((await answerOf(post(success, changes), { tokens })).status).toBe(200)
  })
})

test.each(['PUT', 'DELETE', 'OPTIONS', 'PATCH', ''])('405 for %s, with Allow', async (method) => {
  expect(await answerOf(post(success, { method }))).toEqual({
    status: 405,
    headers: { Allow: 'GET, HEAD, POST' },
    body: { error: 'method-not-allowed', message: 'Use POST for callbacks, GET to look.' },
  })
})

describe('413 over 6 MiB', () => {
  const MOST = 6 * 1024 * 1024
  const json = executionJson(execution())
  const padded = (bytes: number): string => json + ' '.repeat(bytes - Buffer.byteLength(json))
  const base64 = (text: string): string => Buffer.from(text).toString('base64')

  test('6 MiB pass, as text and as base64, whether the trigger says so or not', async () => {
    const body = padded(MOST)
    expect(Buffer.byteLength(body)).toBe(MOST)
    expect((await answerOf(post(body))).status).toBe(200)
    expect((await answerOf(post(base64(body), { base64: true }))).status).toBe(200)
    expect((await answerOf(post(base64(body), { base64: null }))).status).toBe(200)
  })

  test('one byte more does not; nothing is stored', async () => {
    const store = brokenStore(memoryStore(), ['claim', 'park'], 'refuses')
    const body = padded(MOST + 1)
    const tooLarge = {
      status: 413,
      body: { error: 'too-large', message: 'The body is larger than 6291456 bytes.' },
    }
    expect(await answerOf(post(body), { store })).toEqual(tooLarge)
    expect(await answerOf(post(base64(body), { base64: true }), { store })).toEqual(tooLarge)
    expect(await answerOf(post(base64(body), { base64: null }), { store })).toEqual(tooLarge)
  })
})

describe('503, with Retry-After', () => {
  test('neither delivered nor parked', async () => {
    for (const store of [null, brokenStore(memoryStore(), ['park'], 'refuses')])
      expect(await answerOf(post(success), { queue: fakeQueue('refuses'), store })).toEqual({
        status: 503,
        headers: { 'Retry-After': '5' },
        body: {
          error: 'undelivered',
          message: 'Neither delivered nor parked: send it again.',
          outcome: 'undelivered',
          id,
          state: 'Success',
        },
      })
  })

  test('another worker holds the claim: when its lease ends', async () => {
    const store = memoryStore()
    await store.claim(`workflow/${id}/Success`, 7_500)
    const answer = await answerOf(post(success), { store })
    expect(answer).toMatchObject({
      status: 503,
      body: { error: 'held', outcome: 'held', id, state: 'Success' },
    })
    expect(['7', '8']).toContain(answer.headers?.['Retry-After'])
  })

  test('one of several is enough; the others are settled all the same', async () => {
    const store = memoryStore()
    await store.claim('job/2/Success', 3_000)
    const queue = fakeQueue()
    const relay = createRelay(testParts({ store, queue }))
    const body = jobsXml(['1', '2'].map((jobId) => jobOf({ jobId })))
    expect(await relay(post(body), INVOCATION)).toMatchObject({
      status: 503,
      headers: { 'Retry-After': '3' },
      body: { error: 'held', outcomes: [{ outcome: 'queued' }, { outcome: 'held' }] },
    })
    await store.settle('job/2/Success', 1_000)
    expect((await relay(post(body), INVOCATION)).body).toMatchObject({
      outcomes: [{ outcome: 'duplicate' }, { outcome: 'duplicate' }],
    })
    expect(queue.events.map((event) => event.id)).toEqual(['1:Success'])
  })

  test('the same end again and again in one body is claimed and delivered once', async () => {
    const queue = fakeQueue()
    const relay = createRelay(testParts({ store: memoryStore(), queue }))
    const jobs = ['1', '2', '1', '2', '1'].map((jobId, index) =>
      jobOf({ jobId, state: index === 4 ? 'Failed' : 'Success' }),
    )
    expect((await relay(post(jobsXml(jobs)), INVOCATION)).body).toMatchObject({
      outcomes: ['queued', 'queued', 'duplicate', 'duplicate', 'alerted'].map((outcome) => ({ outcome })),
    })
    expect(queue.events.map((event) => event.id)).toEqual(['1:Success', '2:Success'])
  })

  test('a fault of the relay itself', async () => {
    const parts = testParts({ channels: [{ id: 'x', channel: null as never }] })
    expect(await createRelay(parts)(post(failed), INVOCATION)).toEqual({
      status: 503,
      headers: { 'Retry-After': '5' },
      body: { error: 'internal', message: 'The relay failed; its log says why.' },
    })
    expect(parts.lines.map(({ msg }) => msg)).toEqual(['a fault of the relay itself', 'callback'])
  })
})

test('one log line a callback: outcome, ids, bucket, object, state, time by stage, request', async () => {
  const parts = testParts()
  await createRelay(parts)(post(fixture('job-nested-state.xml')), INVOCATION)
  await createRelay(parts)(post(success), INVOCATION)
  expect(parts.lines).toEqual([
    expect.objectContaining({
      msg: 'callback',
      level: 30,
      outcome: 'queued',
      kind: 'job',
      id: 'j06668dc0f86811ecb90d0b03267ce0e5',
      workflow: 'web6ac56c1ef54dbfa44d7f4103203be9',
    }),
    {
      level: 30,
      time: expect.any(Number) as number,
      msg: 'callback',
      status: 200,
      outcome: 'queued',
      kind: 'workflow',
      id,
      bucket: 'media-1250000000',
      object: '视频/game.mp4',
      state: 'Success',
      verdict: 'succeeded',
      workflow: 'web6ac56c1ef54dbfa44d7f4103203be9',
      ms: {
        authenticate: expect.any(Number) as number,
        parse: expect.any(Number) as number,
        claim: expect.any(Number) as number,
        deliver: expect.any(Number) as number,
        settle: expect.any(Number) as number,
        total: expect.any(Number) as number,
      },
      requestId: 'req-1',
      sourceIp: '192.0.2.1',
    },
  ])
})
