import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CALLBACK, type DeployScene, jsonLines, startDeployScene, SWEEP } from '../support/deploy-scene'

// What is done with functions that are deployed.

jest.setTimeout(300_000)

let scene: DeployScene
beforeAll(async () => {
  scene = await startDeployScene()
  scene.place()
})
afterAll(() => scene.stop())

const written = (name: string): unknown[] => jsonLines(join(scene.targets, name))

/** An escape that clears the screen, C1's, and one that turns the text round. */
const HOSTILE = '\u001b[2J\u009b31m\u202e'

const COMMANDS_A_TERMINAL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

test('info', async () => {
  const ran = await scene.serverless('info')
  expect(ran.code).toBe(0)
  expect(ran.last(10)).toMatch(
    /^cos-callback-relay, stage dev, region ap-guangzhou\n {2}callback: cos-callback-relay-dev-callback\n {4}Active, Nodejs20\.19, 128 MB, 10 s, last change 20/,
  )
  expect(ran.last(10)).toContain(`  ${scene.origin()}/****`)
  expect(ran.last(1)).toBe('    triggers: timer every-five-minutes')
})

test('callback test: a sample reaches the queue, a failed one the team', async () => {
  const good = await scene.serverless('callback test')
  expect(good.code).toBe(0)
  expect(good.last(2)).toMatch(
    /^200 in \d+ ms: \{"outcome":"queued","id":"relay-test-[\w-]+","state":"Success"\}\nIt is a sample/,
  )
  expect(written('queue.jsonl')).toHaveLength(1)
  const bad = await scene.serverless('callback test --failed')
  expect(bad.code).toBe(0)
  expect(bad.last(2)).toContain('"outcome":"alerted"')
  expect(written('alerts.jsonl')).toHaveLength(1)
})

test('callback doctor', async () => {
  const url = `${scene.origin()}/${scene.settings['CALLBACK_TOKEN']!}`
  const notify = `<NotifyConfig><State>On</State><Type>Url</Type><Url>${url}</Url><Event>WorkflowFinish</Event><ResultFormat>XML</ResultFormat></NotifyConfig>`
  scene.cloud.ci.workflows.set('w1', {
    name: `Transcode\u009b31m`,
    state: 'Active',
    topology: `<Topology><Nodes><Start><Type>Start</Type><Input>${notify}</Input></Start></Nodes></Topology>`,
  })
  const ran = await scene.serverless('callback doctor --bucket media-1250000000 --workflow w1', {
    ALERT_URLS: `${scene.settings['ALERT_URLS']!}x`,
    STORE_URL: undefined,
  })
  expect(ran.code).toBe(0)
  for (const line of [
    'ok   settings here: complete',
    'warn callback: active, but ALERT_URLS, STORE_URL differ from the settings here',
    'ok   token: one',
    `ok   URL: ${scene.origin()}/****, 80 of 100 characters`,
    'ok   answer: {"service":"cos-callback-relay"',
    'ok   lock: 401 to a wrong token',
    'warn QUEUE_URL: file: lives and dies with one instance of the function',
    'warn sweep: active, but ALERT_URLS, STORE_URL differ',
    'warn role: none',
    'ok   connection: workflow w1 in media-1250000000',
  ]) {
    expect(ran.stdout).toContain(line)
  }
  expect(ran.stdout).toContain('ok   timer: on\nwarn last sweep: none yet\n     -> wait for the timer')
  expect(ran.all).not.toMatch(COMMANDS_A_TERMINAL)
})

test('callback doctor tells when the last sweep was, and fails when that is too long ago, or the timer off', async () => {
  const timer = JSON.stringify({ Type: 'Timer', TriggerName: 't', Time: '2026-01-01T00:00:00Z', Message: '' })
  expect((await scene.serverless(`invoke -f sweep --data ${timer}`)).code).toBe(0)
  const fresh = await scene.serverless('callback doctor')
  expect(fresh.code).toBe(0)
  expect(fresh.stdout).toMatch(/^ok {3}last sweep: 20\S+Z, just now$/m)

  const notes = join(scene.targets, 'store', 'notes')
  for (const name of readdirSync(notes)) {
    const note = JSON.parse(readFileSync(join(notes, name), 'utf8')) as { name: string; value: string }
    if (note.name === 'last-sweep')
      writeFileSync(join(notes, name), JSON.stringify({ ...note, value: String(Date.now() - 3_600_000) }))
  }
  scene.cloud.functions.get(SWEEP)!.triggers[0]!.Enable = 0
  const old = await scene.serverless('callback doctor')
  scene.cloud.functions.get(SWEEP)!.triggers[0]!.Enable = 1
  expect(old.code).toBe(1)
  expect(old.stdout).toContain('FAIL timer: off, so that nothing is swept')
  expect(old.stdout).toMatch(/^FAIL last sweep: 20\S+Z, 60 min ago\n {5}-> what waits is not delivered: /m)
  expect(old.all).toContain('2 checks failed')
})

test('invoke, invoke local', async () => {
  const local =
    'invoke local -f callback --path events/url-failed.json --env ALERT_URLS=console: --env STORE_URL='
  const [invoked, tried, bad, missing, swept] = await Promise.all([
    scene.serverless('invoke -f callback --path events/url-success.json'),
    scene.serverless(local),
    scene.serverless('invoke local -f callback --path events/malformed.json'),
    scene.serverless('invoke -f callback --path events/no-such.json'),
    scene.serverless(
      `invoke -f sweep --data ${JSON.stringify({ Type: 'Timer', TriggerName: 'every-five-minutes', Time: '2026-01-01T00:00:00Z', Message: '' })}`,
    ),
  ])
  expect(invoked.code).toBe(0)
  expect(JSON.parse(invoked.stdout)).toMatchObject({
    statusCode: 200,
    body: expect.stringContaining('"outcome":"queued"'),
  })
  expect(tried.all).toContain('"outcome": "alerted"')
  expect(tried.code).toBe(0)
  expect(bad.code).toBe(1)
  expect(bad.last(1)).toBe('The answer was none of 2xx: see above.')
  expect([missing.code, missing.last(1)]).toEqual([
    1,
    '--path events/no-such.json cannot be read (ENOENT): the samples are events/NAME.json.',
  ])
  expect(swept.code).toBe(0)
})

test('logs: what a line holds cannot command the terminal', async () => {
  const nowhere = await scene.serverless('logs -f callback')
  expect(nowhere.code).toBe(0)
  expect(nowhere.last(3)).toContain(
    'writes to no CLS topic, so its log cannot be read from here. Where to look',
  )
  const { cloud } = scene
  cloud.functions.get(CALLBACK)!.ClsTopicId = cloud.settings.clsTopic = 'topic-1'
  cloud.settings.logged = `{"outcome":"queued","object":"${HOSTILE}"}`
  const logs = await scene.serverless('logs -f callback --startTime 1h --filter queued')
  expect(logs.code).toBe(0)
  expect(logs.stdout).toMatch(/^20\S+Z \{"outcome":"queued","object":"\\u001b\[2J\\u009b31m\\u202e"\}\n/)
  expect(logs.all).not.toMatch(COMMANDS_A_TERMINAL)
})

test('nothing but Tencent Cloud was asked, and no secret was shown', () => scene.mustBeClean())
