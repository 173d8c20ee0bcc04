import { spawnSync } from 'node:child_process'
import { copyFileSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { deflateRawSync } from 'node:zlib'
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder'

const root = resolve(__dirname, '..', '..')
/** As SCF sets them for a function with a role. */
const ROLE = {
  TENCENTCLOUD_REGION: 'ap-guangzhou',
  TENCENTCLOUD_SECRETID: 'AKIDrole',
  TENCENTCLOUD_SECRETKEY: 'role-key',
  TENCENTCLOUD_SESSIONTOKEN: 'role-token',
}
let built: TemporaryFolder
let inputs: readonly string[]

/** Builds into a folder of its own, in a process of its own: Jest's module loader does not load esbuild's script. */
beforeAll(() => {
  built = temporaryFolder()
  const script = `
    const { buildFunction } = await import(${JSON.stringify(pathToFileURL(join(root, 'tools', 'build', 'build.mjs')).href)})
    let inputs
    await buildFunction({ outdir: ${JSON.stringify(built.path)}, onMetafile: (metafile) => (inputs = Object.keys(metafile.inputs)) })
    console.log(JSON.stringify(inputs))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  inputs = JSON.parse(stdout)
}, 60_000)
afterAll(() => built.remove())

test('holds nothing of tools/', () => {
  expect(inputs).toContain('src/index.ts')
  expect(inputs.filter((path) => path.startsWith('tools/'))).toEqual([])
})

test('is at most 300 KB', () => {
  expect(statSync(join(built.path, 'index.js')).size).toBeLessThanOrEqual(300 * 1024)
})

test('runs alone in its folder', () => {
  const alone = temporaryFolder()
  copyFileSync(join(built.path, 'index.js'), join(alone.path, 'index.js'))
  const events = [
    'apigw-success',
    'url-failed',
    'url-success-without-root',
    'malformed',
    'wrong-token',
    'apigw-success',
    'unknown-event',
  ].map((name) => JSON.parse(readFileSync(join(root, 'events', `${name}.json`), 'utf8')))
  const token = 'a-token-of-the-cloud-0123456789'
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [
      '-e',
      `const { main_handler, sweep_handler } = require('./index.js')
       const run = async () => {
         const answers = []
         for (const event of ${JSON.stringify(events)}) answers.push(await main_handler(event, { request_id: 'r1' }))
         answers.push(await sweep_handler({ Type: 'Timer' }, {}))
         require('node:fs').writeFileSync('answers.json', JSON.stringify(answers))
       }
       run()`
        .replaceAll('/local"', `/${token}"`)
        .replaceAll('token=local', `token=${token}`),
    ],
    {
      cwd: alone.path,
      encoding: 'utf8',
      env: {
        CALLBACK_TOKEN: token,
        QUEUE_URL: 'file:queue.jsonl',
        ALERT_URLS: 'file:alerts.jsonl',
        STORE_URL: 'memory:',
      },
    },
  )
  expect([status, stderr]).toEqual([0, ''])
  const answers = JSON.parse(readFileSync(join(alone.path, 'answers.json'), 'utf8'))
  expect(
    answers
      .slice(0, -1)
      .map(({ statusCode, body }: { statusCode: number; body: string }) => [
        statusCode,
        JSON.parse(body).outcome ?? JSON.parse(body).error,
      ]),
  ).toEqual([
    [200, 'queued'],
    [200, 'alerted'],
    [200, 'queued'],
    [400, 'malformed-xml'],
    [401, 'unauthorized'],
    [200, 'duplicate'],
    [200, 'alerted'],
  ])
  expect(answers.at(-1)).toMatchObject({ delivered: 0, waiting: 0 })
  expect(readdirSync(alone.path).sort()).toEqual(['alerts.jsonl', 'answers.json', 'index.js', 'queue.jsonl'])
  expect(readFileSync(join(alone.path, 'queue.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(2)
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).status),
  ).toEqual([200, 200, 200, 400, 401, 200, 200, undefined])
  expect(stdout).not.toContain(token)
  alone.remove()
})

/** The files and built-in modules that an instance has loaded once it has answered a GET with these settings. */
function loadedWith(settings: Readonly<Record<string, string>>): {
  status: number
  loaded: readonly string[]
} {
  const token = 'a-token-of-the-cloud-0123456789'
  const program = `
    const { Module } = require('node:module')
    const loaded = []
    const load = Module._load
    Module._load = function (name) {
      loaded.push(name)
      return load.apply(this, arguments)
    }
    const { main_handler } = require('./index.js')
    main_handler({ httpMethod: 'GET', path: '/${token}' }).then(({ statusCode, body }) => {
      require('node:fs').writeFileSync(3, JSON.stringify({ status: statusCode, body, loaded }))
    })`
  const { output } = spawnSync(process.execPath, ['-e', program], {
    cwd: built.path,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { CALLBACK_TOKEN: token, QUEUE_URL: 'file:/dev/null', ...settings },
  })
  return JSON.parse(String(output[3]))
}

/** What a network client of any kind loads. */
const NETWORK = ['net', 'tls', 'http', 'https', 'dns']
const isNetwork = (name: string): boolean => NETWORK.includes(name.replace(/^node:/, ''))
const isChunk = (name: string): boolean => name.startsWith('./') && name !== './index.js'
const expectChunks = (loaded: readonly string[], chunks: readonly string[]): void =>
  expect([...new Set(loaded.filter(isChunk))].sort()).toEqual([...chunks].sort())

test.each([
  ['a file queue, a memory store', { STORE_URL: 'memory:' }, []],
  ['a console and a file channel', { ALERT_URLS: 'console: file:/x' }, []],
  [
    'HTTP, before the first message',
    { QUEUE_URL: 'https://example.com', ALERT_URLS: 'https://example.com' },
    ['./queues-http.js', './alerts-http.js'],
  ],
  ['a role to ask CI with', ROLE, []],
])('what is not used costs nothing, the network included: %s', (_, settings, chunks) => {
  const { status, loaded } = loadedWith(settings)
  expect(status).toBe(200)
  expect(loaded.filter(isNetwork)).toEqual([])
  expectChunks(loaded, chunks)
})

test.each([
  ['amqp', { QUEUE_URL: 'amqp://127.0.0.1/v?queue=q' }, ['./queues-amqp.js']],
  ['kafka', { QUEUE_URL: 'kafka://127.0.0.1:9092/t' }, ['./queues-kafka.js']],
  [
    'redis, its client once for queue and store',
    { QUEUE_URL: 'redis://127.0.0.1/0?stream=s', STORE_URL: 'redis://127.0.0.1/0' },
    ['./queues-redis.js', './stores-redis.js', './net-redis-client.js'],
  ],
  ['cmq', { QUEUE_URL: 'cmq://q?region=gz' }, ['./queues-cmq.js']],
  ['a file store', { STORE_URL: 'file:/nowhere' }, ['./stores-file.js']],
  [
    'cos',
    { ...ROLE, STORE_URL: 'cos://relay-1250000000/p?endpoint=http://127.0.0.1:9' },
    ['./stores-cos.js'],
  ],
  [
    'the robots',
    {
      ALERT_URLS: 'wecom://k dingtalk://t feishu://h lark://h slack://T/B/X pagerduty://r alertmanager://h:1',
    },
    ['wecom', 'dingtalk', 'feishu', 'slack', 'pagerduty', 'alertmanager'].map(
      (name) => `./alerts-${name}.js`,
    ),
  ],
])('a driver is loaded when its scheme is used, and no other: %s', (_, settings, chunks) => {
  const { status, loaded } = loadedWith(settings)
  expect(status).toBe(200)
  expectChunks(loaded, chunks)
})

test('all of it, zipped, is at most 512 KB', () => {
  const zipped = readdirSync(built.path)
    .map((name) => deflateRawSync(readFileSync(join(built.path, name))).length)
    .reduce((sum, size) => sum + size, 0)
  expect(zipped).toBeGreaterThan(50 * 1024)
  expect(zipped).toBeLessThanOrEqual(512 * 1024)
})

test('index.js without the files beside it says what is missing', () => {
  const alone = temporaryFolder()
  copyFileSync(join(built.path, 'index.js'), join(alone.path, 'index.js'))
  const { stdout } = spawnSync(process.execPath, ['-e', `require('./index.js').main_handler({}, {})`], {
    cwd: alone.path,
    encoding: 'utf8',
    env: { CALLBACK_TOKEN: 'a-token-of-the-cloud-0123456789', QUEUE_URL: 'amqp://127.0.0.1/v?queue=q' },
  })
  alone.remove()
  expect(JSON.parse(stdout).problems).toEqual([
    'QUEUE_URL: its driver is missing: deploy every file of dist/, not index.js alone',
  ])
})

test('says in one line what is not configured, and does not serve', () => {
  const { stdout, status } = spawnSync(
    process.execPath,
    [
      '-e',
      `require('./index.js').main_handler({}, {}).then(({ statusCode }) => (process.exitCode = statusCode - 500))`,
    ],
    { cwd: built.path, encoding: 'utf8', env: {} },
  )
  expect(status).toBe(3)
  expect(JSON.parse(stdout)).toMatchObject({
    level: 60,
    problems: expect.arrayContaining([expect.stringMatching(/^CALLBACK_TOKEN: not set/)]),
  })
})
