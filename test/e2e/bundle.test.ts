import { spawnSync } from 'node:child_process'
import { copyFileSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder'

const root = resolve(__dirname, '..', '..')
let built: TemporaryFolder
let inputs: readonly string[]

/** Builds into a folder of its own, in a process of its own: Jest's module loader does not load esbuild's script. */
beforeAll(() => {
  built = temporaryFolder()
  const script = `
    const { buildFunction } = await import(${JSON.stringify(pathToFileURL(join(root, 'scripts', 'build.mjs')).href)})
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

test('holds nothing of local/ or deploy/', () => {
  expect(inputs).toContain('src/index.ts')
  expect(inputs.filter((path) => /^src\/(local|deploy)\//.test(path))).toEqual([])
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
  ])
  expect(answers.at(-1)).toMatchObject({ delivered: 0, waiting: 0 })
  expect(readdirSync(alone.path).sort()).toEqual(['alerts.jsonl', 'answers.json', 'index.js', 'queue.jsonl'])
  expect(readFileSync(join(alone.path, 'queue.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(2)
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).status),
  ).toEqual([200, 200, 200, 400, 401, 200, undefined])
  expect(stdout).not.toContain(token)
  alone.remove()
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
