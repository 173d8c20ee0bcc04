import fs from 'node:fs'
import fc from '../support/properties'
import type * as Index from '../../src/index'
import { execution } from '../support/executions'
import { TOKEN } from '../support/parts'
import { executionXml } from '../support/render'
import { temporaryFolder } from '../support/temporary-folder'

const folder = temporaryFolder()
const output: string[] = []
const environment = process.env
let index: typeof Index

/** The function as the cloud starts it: a fresh instance with this environment. */
async function start(env: Record<string, string>): Promise<void> {
  process.env = { PATH: environment['PATH'] ?? '', ...env }
  await jest.isolateModulesAsync(async () => {
    index = await import('../../src/index')
  })
}

const PASSWORD = 'p%40ss%2Fw0rd'
const ROBOT = '693a91f6-7xxx-4bc4'
const ENV = {
  CALLBACK_TOKEN: `${TOKEN},second-token-while-rotating`,
  QUEUE_URL: `file:${folder.path}/queue.jsonl`,
  ALERT_URLS: `console: file:${folder.path}/alerts.jsonl`,
  STORE_URL: `file:${folder.path}/store`,
  LOG_LEVEL: 'trace',
}
const post = (body: string, changes: object = {}): object => ({
  httpMethod: 'POST',
  path: `/${TOKEN}`,
  headers: { 'content-type': 'text/xml' },
  queryString: {},
  body,
  ...changes,
})

beforeAll(() => {
  const writeSync = fs.writeSync.bind(fs) as (fd: number, data: Uint8Array, ...rest: number[]) => number
  jest.spyOn(fs, 'writeSync').mockImplementation((fd, data, ...rest) => {
    const bytes = data as unknown as Uint8Array
    // Jest itself writes files while modules load.
    if (fd !== 1) return writeSync(fd, bytes, ...(rest as number[]))
    output.push(Buffer.from(bytes).toString())
    return bytes.length
  })
  jest.spyOn(process.stdout, 'write').mockImplementation((text, ...rest: unknown[]) => {
    output.push(text.toString())
    for (const done of rest) if (typeof done === 'function') (done as () => void)()
    return true
  })
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const)
    jest.spyOn(console, method).mockImplementation((...words: unknown[]) => void output.push(words.join(' ')))
})
beforeEach(() => {
  output.length = 0
})
afterAll(() => {
  jest.restoreAllMocks()
  process.env = environment
  folder.remove()
})

describe('main_handler', () => {
  test('the way of a callback, from event to answer', async () => {
    await start(ENV)
    const failed = executionXml(execution({ state: 'Failed' }))
    const answer = await index.main_handler(
      post(Buffer.from(failed).toString('base64'), { isBase64Encoded: true }),
      {
        request_id: 'req-7',
        getRemainingTimeInMillis: () => 20_000,
      },
    )
    expect(answer).toEqual({
      isBase64Encoded: false,
      statusCode: 200,
      headers: { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' },
      body: JSON.stringify({ outcome: 'alerted', id: execution().runId, state: 'Failed' }),
    })
    expect(output.join('')).toContain('"requestId":"req-7"')
    const repeat = await index.main_handler(post(failed))
    expect(JSON.parse(repeat.body)).toMatchObject({ outcome: 'duplicate' })
    const query = await index.main_handler(
      post(executionXml(execution()), { path: '/', queryString: 'token=second-token-while-rotating' }),
    )
    expect(JSON.parse(query.body)).toMatchObject({ outcome: 'queued' })
    const look = await index.main_handler(post('', { httpMethod: 'GET' }))
    expect(JSON.parse(look.body)).toMatchObject({
      queue: 'file',
      alerts: ['console', 'file'],
      store: 'file',
      verify: 'off',
    })
  })

  test('whatever comes, it answers with a row of the table, and never throws', async () => {
    await start({ ...ENV, STORE_URL: 'memory:', ALERT_URLS: 'console:' })
    const names = [
      'httpMethod',
      'path',
      'headers',
      'body',
      'queryString',
      'isBase64Encoded',
      'requestContext',
    ]
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('POST', 'GET', 'PUT', `/${TOKEN}`, `token=${TOKEN}`, '<Response/>', '{}'),
    )
    const event = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(fc.constantFrom(...names), value),
      value.map((body) => post('', { body })),
    )
    await fc.assert(
      fc.asyncProperty(
        event,
        fc.constantFrom(undefined, null, {}, { request_id: 'r' }),
        async (any, context) => {
          const answer = await index.main_handler(any, context as object)
          expect(Object.keys(answer).sort()).toEqual(['body', 'headers', 'isBase64Encoded', 'statusCode'])
          expect([200, 400, 401, 405]).toContain(answer.statusCode)
          expect(answer.isBase64Encoded).toBe(false)
          expect(typeof JSON.parse(answer.body)).toBe('object')
          for (const text of Object.values(answer.headers)) expect(typeof text).toBe('string')
        },
      ),
      { numRuns: 200 },
    )
  })

  test('a context of odd types stops no callback', async () => {
    await start(ENV)
    for (const context of [
      { getRemainingTimeInMillis: 5 },
      { getRemainingTimeInMillis: () => 'soon' },
      { request_id: 7 },
      'context',
      0,
    ])
      expect((await index.main_handler(post('', { httpMethod: 'GET' }), context as object)).statusCode).toBe(
        200,
      )
  })

  test.each([
    ['no token', { CALLBACK_TOKEN: '' }, 'CALLBACK_TOKEN: not set'],
    ['a short token', { CALLBACK_TOKEN: 'short' }, 'CALLBACK_TOKEN: the token has 5 characters'],
    ['an unknown scheme', { QUEUE_URL: 'carrier-pigeon://user:s3cret-pigeon@h' }, 'QUEUE_URL: '],
  ])('%s: 503 to everyone, with a clear log line', async (_, env, problem) => {
    await start({ ...ENV, ...env })
    for (const event of [post('<a/>'), post('', { httpMethod: 'GET' }), {}, post('', { path: '/wrong' })]) {
      expect(await index.main_handler(event)).toMatchObject({
        statusCode: 503,
        headers: { 'Retry-After': '60' },
        body: JSON.stringify({
          error: 'not-configured',
          message: 'The function is not configured; its log says what is missing.',
        }),
      })
    }
    expect(output).toHaveLength(4)
    const line = JSON.parse(output[0]!) as { level: number; problems: string[] }
    expect(line.level).toBe(60)
    expect(line.problems).toEqual([expect.stringContaining(problem)])
    expect(output.join('')).not.toContain('s3cret-pigeon')
  })

  test('a fault that has nothing to do with it is called what it is', async () => {
    await start(ENV)
    const getRemainingTimeInMillis = (): number => {
      throw new Error('the clock is broken')
    }
    const answer = await index.main_handler(post('<a/>'), { request_id: 'r1', getRemainingTimeInMillis })
    expect(answer).toMatchObject({
      statusCode: 503,
      headers: { 'Retry-After': '5' },
      body: JSON.stringify({ error: 'internal', message: 'The function failed; its log says why.' }),
    })
    expect(JSON.parse(output[0]!)).toMatchObject({
      level: 60,
      msg: 'not serving: a fault of the function itself',
      error: 'Error: the clock is broken',
      stack: expect.stringContaining('index.test.ts') as string,
      requestId: 'r1',
    })
  })

  test('an unset store is said once, at the start', async () => {
    await start({ ...ENV, STORE_URL: '' })
    for (let time = 0; time < 3; time++) await index.main_handler(post('', { httpMethod: 'GET' }))
    expect(output.filter((line) => line.includes('STORE_URL is not set'))).toHaveLength(1)
  })
})

test('no token and no credential reaches an output or an answer', async () => {
  const secrets = [
    TOKEN,
    'second-token-while-rotating',
    PASSWORD,
    'p@ss/w0rd',
    ROBOT,
    'role-secret-key',
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  ]
  const env = {
    ...ENV,
    // Nothing listens on this port: every delivery fails.
    QUEUE_URL: `redis://relay:${PASSWORD}@127.0.0.1:1/0?stream=s`,
    ALERT_URLS: `wecom://${ROBOT}?endpoint=http://127.0.0.1:1 http://127.0.0.1:1/#secret=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`,
    TENCENTCLOUD_SECRETID: 'AKID',
    TENCENTCLOUD_SECRETKEY: 'role-secret-key',
  }
  const answers: string[] = []
  for (const store of [`file:${folder.path}/secrets`, `redis://:${PASSWORD}@127.0.0.1:1/0`, '']) {
    await start({ ...env, STORE_URL: store })
    for (const event of [
      post(executionXml(execution())),
      post(executionXml(execution({ state: 'Failed' }))),
      post(`<${TOKEN}`),
      post(`{"${TOKEN}":"${encodeURIComponent(TOKEN)}"}`.slice(0, -1)),
      post('', { httpMethod: 'GET' }),
      post('', { httpMethod: 'PUT' }),
      post('', { path: `/x${TOKEN}`, queryString: { token: `${TOKEN}x` } }),
    ])
      answers.push(JSON.stringify(await index.main_handler(event)))
  }
  await start({
    ...env,
    QUEUE_URL: `nope://u:${PASSWORD}@h`,
    ALERT_URLS: `wecom://${ROBOT}?endpoint=http://far.example/${TOKEN}`,
    STORE_URL: `cos:${PASSWORD}`,
  })
  expect(answers.map((answer) => (JSON.parse(answer) as { statusCode: number }).statusCode)).toEqual(
    [
      [200, 200, 400, 400, 200, 405, 401],
      [503, 503, 503, 503, 200, 405, 401],
      [503, 503, 400, 400, 200, 405, 401],
    ].flat(),
  )
  const refused = await index.main_handler({})
  expect(refused.statusCode).toBe(503)
  answers.push(JSON.stringify(refused))
  expect(output.length).toBeGreaterThan(0)
  for (const secret of secrets) {
    for (const text of [...output, ...answers]) expect(text).not.toContain(secret)
  }

  // Nor what is parked: the reason of a failure is read by people, too.
  const parked = fs.readdirSync(`${folder.path}/secrets`, { recursive: true, encoding: 'utf8' })
  const texts = parked
    .map((name) => `${folder.path}/secrets/${name}`)
    .filter((path) => fs.statSync(path).isFile())
  expect(texts.length).toBeGreaterThan(2)
  for (const secret of secrets.slice(2))
    for (const path of texts) expect(fs.readFileSync(path, 'utf8')).not.toContain(secret)
}, 30_000)
