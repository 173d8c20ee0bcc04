import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zipEntries } from '../../src/deploy/read-zip'
import { eventWithToken } from '../../src/deploy/event-with-token'
import { EXPECTED_ANSWERS } from '../../src/local/expected-answers'
import { type FakeCloud, startFakeCloud } from '../support/fake-cloud'
import { runFunction, unpack } from '../support/fake-cloud-function'
import { copyProject, type Ran } from '../support/serverless-run'

// The real serverless CLI with both plugins, from a copy of the project, against a fake of the cloud (needs openssl). In order: each
// test goes on where the one before it left the cloud.

jest.setTimeout(300_000)

const TOKEN = 'e2eSecretTokenInTheUrl'
const BUCKET = 'sls-cloudfunction-ap-guangzhou-1250000000'
const CALLBACK = 'cos-callback-relay-dev-callback'
const SWEEP = 'cos-callback-relay-dev-sweep'
const TOPOLOGY =
  '<Topology><Dependencies><Start>Transcode_1</Start><Transcode_1>End</Transcode_1></Dependencies><Nodes><Start><Type>Start</Type>' +
  '<Input><QueueId>p1</QueueId><ObjectPrefix>in/&amp;</ObjectPrefix></Input></Start><Transcode_1><Type>Transcode</Type></Transcode_1></Nodes></Topology>'

let cloud: FakeCloud
let project: ReturnType<typeof copyProject>
let targets: string
let settings: Record<string, string>
const outputs: string[] = []

beforeAll(async () => {
  cloud = await startFakeCloud()
  project = copyProject()
  targets = mkdtempSync(join(tmpdir(), 'relay-targets-'))
  settings = {
    ...cloud.env,
    TENCENT_SECRET_ID: cloud.account.secretId,
    TENCENT_SECRET_KEY: cloud.account.secretKey,
    CALLBACK_TOKEN: TOKEN,
    QUEUE_URL: `file:${targets}/queue.jsonl`,
    ALERT_URLS: `file:${targets}/alerts.jsonl`,
    STORE_URL: `file:${targets}/store`,
  }
  cloud.ci.workflows.set('w1', { name: 'Transcode &amp; more', state: 'Active', topology: TOPOLOGY })
  cloud.ci.queues.set('p1', {
    name: 'queue-1',
    state: 'Active',
    notify: '<State>Off</State><MqName>kept</MqName>',
  })
})

afterAll(async () => {
  await cloud.stop()
  project.drop()
  rmSync(targets, { recursive: true, force: true })
})

async function serverless(command: string, env: Record<string, string | undefined> = {}): Promise<Ran> {
  const ran = await project.serverless(command.split(' '), { ...settings, ...env })
  if (!command.includes('--show-token')) outputs.push(ran.all)
  return ran
}

/** The calls of one command, and nothing of those before. */
async function callsOf(
  command: string,
  env: Record<string, string | undefined> = {},
): Promise<{ ran: Ran; calls: string[] }> {
  cloud.calls.length = 0
  const ran = await serverless(command, env)
  return { ran, calls: cloud.calls.map(({ what }) => what) }
}

const variables = (name: string): Record<string, string> =>
  Object.fromEntries(cloud.functions.get(name)!.Environment.Variables.map(({ Key, Value }) => [Key, Value]))
const triggers = (name: string): string[] =>
  cloud.functions.get(name)!.triggers.map((one) => `${one.Type} ${one.TriggerName} ${one.Enable}`)
const packages = (): string[] =>
  [...cloud.cos.buckets.get(BUCKET)!.keys()].filter((key) => key.endsWith('.zip'))
const lastPackage = (): Buffer => cloud.cos.buckets.get(BUCKET)!.get(packages().at(-1)!)!
const queued = (): unknown[] => lines('queue.jsonl')
const alerts = (): unknown[] => lines('alerts.jsonl')
function lines(name: string): unknown[] {
  const file = join(targets, name)
  return existsSync(file)
    ? readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    : []
}
const origin = (): string =>
  `https://1250000000-${cloud.functions.get(CALLBACK)!.triggers[0]!.TriggerName}.ap-guangzhou.tencentscf.com`

describe('what stops a deploy before anything is uploaded', () => {
  afterEach(() => {
    expect(cloud.cos.buckets.size).toBe(0)
    expect(cloud.functions.size).toBe(0)
  })

  test('settings that are missing or cannot be right, all at once', async () => {
    const none = await serverless('deploy', {
      CALLBACK_TOKEN: undefined,
      QUEUE_URL: undefined,
      ALERT_URLS: undefined,
    })
    expect(none.code).toBe(1)
    expect(none.last(3)).toBe(
      [
        'Nothing was deployed. To be set by --param NAME=value, in the environment or in .env:',
        '  - CALLBACK_TOKEN: not set; set a random secret of at least 22 characters (openssl rand -hex 16)',
        '  - QUEUE_URL, ALERT_URLS: neither is set; set at least one, or there is nowhere to relay to',
      ].join('\n'),
    )
    const wrong = await serverless(
      'deploy --param timeout=4 --param memory=100 --param vpcId=vpc-1 --param trigger=http',
      { QUEUE_URL: 'nosuch://user:verysecret@host/' },
    )
    expect(wrong.code).toBe(1)
    expect(wrong.all).toMatch(/- QUEUE_URL: .*nosuch/)
    expect(wrong.all).toContain('timeout of callback: 4; use a whole number of seconds from 5 to 900')
    expect(wrong.all).toContain('memory of callback: 100; use 64, or a multiple of 128')
    expect(wrong.all).toContain('vpcId, subnetId: only one is set')
    expect(wrong.all).toContain('trigger: http; use url')
    expect(wrong.all).not.toContain('verysecret')
    expect(cloud.calls).toEqual([])
  })

  test('no credentials: an error at once, no login', async () => {
    const ran = await serverless('deploy', { TENCENT_SECRET_ID: undefined, TENCENT_SECRET_KEY: undefined })
    expect(ran.code).toBe(1)
    expect(ran.last(1)).toBe(
      'No Tencent Cloud credentials: set TENCENT_SECRET_ID and TENCENT_SECRET_KEY (console: Access Management > API Keys), or make ~/credentials, an INI file with [default], tencent_secret_id and tencent_secret_key.',
    )
    expect(cloud.hosts()).toEqual([])
  })

  test('bad credentials', async () => {
    const ran = await serverless('deploy', { TENCENT_SECRET_KEY: 'wrongSecretKeywrongSecretKey' })
    expect(ran.code).toBe(1)
    expect(ran.last(1)).toMatch(
      /^Tencent Cloud refused the credentials \(AuthFailure\.SignatureFailure\): check TENCENT_SECRET_ID/,
    )
    expect(ran.all).not.toContain('wrongSecretKey')
  })

  test('no network', async () => {
    const ran = await serverless('deploy', { FAKE_CLOUD_OFFLINE: '1' })
    expect(ran.code).toBe(1)
    expect(ran.last(1)).toBe(
      'Tencent Cloud cannot be reached (cam.tencentcloudapi.com: ENOTFOUND): check the network, then run the command again.',
    )
  })
})

describe('deploying', () => {
  test('the first time: both functions, the timer, the function URL', async () => {
    writeFileSync(join(project.folder, 'credentials'), '[default]\ntencent_secret_id=x\n')
    writeFileSync(join(project.folder, '.env'), 'ALERT_LANG=zh\nLOG_LEVEL=debug\n')
    const ran = await serverless('deploy', { LOG_LEVEL: 'info' })
    expect(ran.code).toBe(0)
    expect(ran.last(4)).toBe(
      [
        'Callback URL (new):',
        `  ${origin()}/****`,
        '  (80 of the 100 characters that CI takes; the token is hidden, --show-token shows it)',
        'Next: `npx serverless callback test`, then `npx serverless callback connect --bucket BUCKET-APPID --workflow ID`',
      ].join('\n'),
    )
    const callback = cloud.functions.get(CALLBACK)!
    expect(callback).toMatchObject({
      Runtime: 'Nodejs20.19',
      MemorySize: 128,
      Timeout: 10,
      Handler: 'index.main_handler',
      Role: null,
    })
    expect(cloud.functions.get(SWEEP)).toMatchObject({ Timeout: 60, Handler: 'index.sweep_handler' })
    expect(triggers(CALLBACK)).toEqual([expect.stringMatching(/^http \w{10} 1$/)])
    expect(triggers(SWEEP)).toEqual(['timer every-five-minutes 1'])
  })

  test('each function has its own variables: from the environment, else .env; the sweep gets no token', () => {
    const { CALLBACK_TOKEN, ...both } = variables(CALLBACK)
    expect(CALLBACK_TOKEN).toBe(TOKEN)
    expect(both).toEqual({
      QUEUE_URL: settings['QUEUE_URL'],
      ALERT_URLS: settings['ALERT_URLS'],
      STORE_URL: settings['STORE_URL'],
      ALERT_LANG: 'zh',
      LOG_LEVEL: 'info',
    })
    expect(variables(SWEEP)).toEqual(both)
  })

  test('what is uploaded: the bundle and nothing else, no secret in the record for a rollback', () => {
    expect(lastPackage().length).toBeLessThanOrEqual(512 * 1024)
    const names = zipEntries(lastPackage()).map(({ name }) => name)
    expect(names).toContain('index.js')
    expect(names.filter((name) => !/^[\w-]+\.js$/.test(name))).toEqual([])
    const uploaded = Buffer.concat([
      ...cloud.cos.buckets.get(BUCKET)!.values(),
      ...zipEntries(lastPackage()).map(({ content }) => content()),
    ]).toString('latin1')
    for (const secret of [TOKEN, cloud.account.secretKey, targets]) expect(uploaded).not.toContain(secret)
  })

  test('a second time: the same package, URL and triggers', async () => {
    const before = [lastPackage(), triggers(CALLBACK), triggers(SWEEP)]
    const { ran, calls } = await callsOf('deploy', { LOG_LEVEL: 'info' })
    expect(ran.code).toBe(0)
    expect(ran.last(4)).toContain('Callback URL (as before):')
    expect([lastPackage(), triggers(CALLBACK), triggers(SWEEP)]).toEqual(before)
    expect(calls.filter((call) => /Trigger$|CreateFunction/.test(call))).toEqual([])
    expect(packages()).toHaveLength(2)
  })

  test('with changed code, by temporary keys', async () => {
    const manifest = join(project.folder, 'package.json')
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/"version": ".+?"/, '"version": "9.9.9"'))
    cloud.settings.account = { ...cloud.account, token: 'temporary-token' }
    const url = origin()
    const ran = await serverless('deploy --show-token', { TENCENT_TOKEN: 'temporary-token' })
    cloud.settings.account = cloud.account
    expect(ran.code).toBe(0)
    expect(ran.last(3)).toMatch(`  ${url}/${TOKEN}\n  (80 of the 100 characters that CI takes)`)
    expect(ran.all).not.toContain('temporary-token')
    const invoked = await serverless(
      `invoke -f callback --data ${JSON.stringify({ httpMethod: 'GET', path: `/${TOKEN}`, headers: {} })}`,
    )
    expect(invoked.stdout).toContain('9.9.9')
  })

  test('with changed settings, by credentials from a file', async () => {
    writeFileSync(
      join(project.home, 'credentials'),
      `[default]\ntencent_secret_id = ${cloud.account.secretId}\ntencent_secret_key = ${cloud.account.secretKey}\n`,
    )
    const { ran, calls } = await callsOf(
      'deploy --param ALERT_LANG=en --param memory=256 --param role=relay-role --param enableRoleAuth=false',
      {
        TENCENT_SECRET_ID: undefined,
        TENCENT_SECRET_KEY: undefined,
        STORE_URL: undefined,
      },
    )
    expect(ran.code).toBe(0)
    expect(cloud.functions.get(CALLBACK)).toMatchObject({ MemorySize: 256, Role: 'relay-role' })
    expect(variables(CALLBACK)).toMatchObject({ ALERT_LANG: 'en' })
    expect(variables(CALLBACK)).not.toHaveProperty('STORE_URL')
    expect(calls.filter((call) => /Role|Polic/.test(call))).toEqual([])
  })

  test('deploy function, and back to an earlier package', async () => {
    expect((await serverless('deploy function -f callback')).code).toBe(0)
    const list = await serverless('rollback')
    expect(list.code).toBe(0)
    const [first] = /^ {2}(\d{10}) {2}20/m.exec(list.stdout)!.slice(1)
    const back = await serverless(`rollback --timestamp ${first!}`)
    expect(back.code).toBe(0)
    expect(back.last(1)).toBe('Settings, triggers and the URL stay as they were.')
    expect(variables(CALLBACK)['CALLBACK_TOKEN']).toBe(TOKEN)
    expect((await serverless('rollback --timestamp 1000000000')).last(1)).toBe(
      'There is no deployment 1000000000: `npx serverless rollback` lists them.',
    )
  })
})

describe('using it', () => {
  test('info', async () => {
    const ran = await serverless('info')
    expect(ran.code).toBe(0)
    expect(ran.last(10)).toMatch(
      /^cos-callback-relay, stage dev, region ap-guangzhou\n {2}callback: cos-callback-relay-dev-callback\n {4}Active, Nodejs20\.19, 128 MB, 10 s, last change 20/,
    )
    expect(ran.last(10)).toContain(`  ${origin()}/****`)
    expect(ran.last(1)).toBe('    triggers: timer every-five-minutes')
  })

  test('callback test: a sample reaches the queue, a failed one the team', async () => {
    const good = await serverless('callback test')
    expect(good.code).toBe(0)
    expect(good.last(2)).toMatch(
      /^200 in \d+ ms: \{"outcome":"queued","id":"relay-test-[\w-]+","state":"Success"\}\nIt is a sample/,
    )
    expect(queued()).toHaveLength(1)
    const bad = await serverless('callback test --failed')
    expect(bad.code).toBe(0)
    expect(bad.last(2)).toContain('"outcome":"alerted"')
    expect(alerts()).toHaveLength(1)
  })

  test('callback connect: shows the change, makes it, and leaves the rest of the workflow alone', async () => {
    const workflow = 'callback connect --bucket media-1250000000 --workflow w1'
    const dry = await callsOf(`${workflow} --dry-run`)
    expect(dry.ran.code).toBe(0)
    expect(dry.ran.last(3)).toBe(
      '  Event: (none) -> WorkflowFinish\n  ResultFormat: (none) -> XML\nNothing was changed (--dry-run).',
    )
    expect(dry.calls.filter((call) => call.includes('PUT'))).toEqual([])
    expect((await serverless('callback doctor --bucket media-1250000000 --workflow w1')).code).toBe(1)

    const real = await callsOf(workflow)
    expect(real.ran.code).toBe(0)
    expect(real.ran.last(1)).toBe('Connected; CI says that it takes up to 5 minutes to work.')
    const notify = `<NotifyConfig><State>On</State><Type>Url</Type><Url>${origin()}/${TOKEN}</Url><Event>WorkflowFinish</Event><ResultFormat>XML</ResultFormat></NotifyConfig>`
    expect(cloud.ci.workflows.get('w1')).toEqual({
      name: 'Transcode &amp; more',
      state: 'Active',
      topology: TOPOLOGY.replace('</Input>', `${notify}</Input>`),
    })

    const again = await callsOf(workflow)
    expect(again.ran.last(1)).toBe('  is connected already: nothing to change.')
    expect(again.calls.filter((call) => call.includes('PUT'))).toEqual([])
  })

  test('callback connect to a queue; to nothing there is', async () => {
    expect(
      (await serverless('callback connect --bucket media-1250000000 --queue p1 --format JSON')).code,
    ).toBe(0)
    expect(cloud.ci.queues.get('p1')!.notify).toContain('<MqName>kept</MqName>')
    expect(cloud.ci.queues.get('p1')!.notify).toContain('<ResultFormat>JSON</ResultFormat>')
    const none = await serverless('callback connect --bucket media-1250000000 --workflow w2')
    expect(none.code).toBe(1)
    expect(none.last(1)).toBe(
      'CI knows no workflow w2 in bucket media-1250000000 (ap-guangzhou): check the id, the bucket and COS_REGION.',
    )
  })

  test('callback doctor', async () => {
    const ran = await serverless(
      'callback doctor --bucket media-1250000000 --workflow w1 --param memory=256',
      { ALERT_URLS: `${settings['ALERT_URLS']!}x` },
    )
    expect(ran.code).toBe(0)
    for (const line of [
      'ok   settings here: complete',
      'warn callback: active, but ALERT_URLS differ from the settings here',
      'ok   token: one',
      `ok   URL: ${origin()}/****, 80 of 100 characters`,
      'ok   answer: {"service":"cos-callback-relay"',
      'ok   lock: 401 to a wrong token',
      'warn QUEUE_URL: file: lives and dies with one instance of the function',
      'warn sweep: active, but ALERT_URLS, STORE_URL, ALERT_LANG differ',
      'ok   role: relay-role',
      'ok   connection: workflow w1 in media-1250000000',
    ]) {
      expect(ran.stdout).toContain(line)
    }
  })

  test('invoke, invoke local, logs', async () => {
    const local =
      'invoke local -f callback --path events/url-failed.json --env ALERT_URLS=console: --env STORE_URL='
    const invoked = await serverless('invoke -f callback --path events/url-success.json')
    const tried = await serverless(local)
    const bad = await serverless('invoke local -f callback --path events/malformed.json')
    expect(invoked.code).toBe(0)
    expect(JSON.parse(invoked.stdout)).toMatchObject({
      statusCode: 200,
      body: expect.stringContaining('"outcome":"queued"'),
    })
    expect(tried.code).toBe(0)
    expect(tried.stdout).toContain('"outcome": "alerted"')
    expect(bad.code).toBe(1)
    expect(bad.last(1)).toBe('The answer was none of 2xx: see above.')
    const swept = await serverless(
      `invoke -f sweep --data ${JSON.stringify({ Type: 'Timer', TriggerName: 'every-five-minutes', Time: '2026-01-01T00:00:00Z', Message: '' })}`,
    )
    expect(swept.code).toBe(0)

    const nowhere = await serverless('logs -f callback')
    expect(nowhere.code).toBe(0)
    expect(nowhere.last(3)).toContain(
      'writes to no CLS topic, so its log cannot be read from here. Where to look',
    )
    cloud.functions.get(CALLBACK)!.ClsTopicId = cloud.settings.clsTopic = 'topic-1'
    const logs = await serverless('logs -f callback --startTime 1h --filter queued')
    expect(logs.code).toBe(0)
    expect(logs.stdout).toMatch(/^20\S+Z \{"outcome":"queued"\}\n/)
  })

  test('package, print', async () => {
    const ran = await serverless('package --package out', {
      CALLBACK_TOKEN: undefined,
      TENCENT_SECRET_ID: undefined,
      TENCENT_SECRET_KEY: undefined,
    })
    expect(ran.code).toBe(0)
    expect(ran.last(1)).toBe('Packaged out/cos-callback-relay.zip')
    expect(
      zipEntries(readFileSync(join(project.folder, 'out/cos-callback-relay.zip'))).map(({ name }) => name),
    ).toContain('index.js')
    const print = await serverless('print')
    expect(print.code).toBe(0)
    expect(print.stdout).toContain('CALLBACK_TOKEN: ')
  })

  test('the uploaded package runs alone in an empty folder, on every sample event', async () => {
    const folder = unpack(lastPackage())
    const environment = {
      CALLBACK_TOKEN: TOKEN,
      QUEUE_URL: settings['QUEUE_URL']!,
      ALERT_URLS: settings['ALERT_URLS']!,
      STORE_URL: 'memory:',
    }
    for (const [name, { status, outcome }] of Object.entries(EXPECTED_ANSWERS)) {
      const event = eventWithToken(
        readFileSync(join(project.folder, 'events', `${name}.json`), 'utf8'),
        TOKEN,
      )
      const handler = status === null ? 'index.sweep_handler' : 'index.main_handler'
      const { answer } = await runFunction(folder, handler, environment, event)
      const { statusCode, body } = JSON.parse(answer!)
      if (status === null) expect(JSON.parse(answer!)).toHaveProperty('delivered')
      else expect([name, statusCode, body]).toEqual([name, status, expect.stringContaining(`"${outcome}"`)])
    }
    rmSync(folder, { recursive: true })
  })
})

describe('API Gateway', () => {
  test('for those who still have one: the trigger is made once and then left alone', async () => {
    const name = 'cos-callback-relay-old-callback'
    const ran = await serverless(
      'deploy --stage old --param trigger=apigw --param serviceId=service-abcdefgh',
    )
    expect(ran.code).toBe(0)
    expect(ran.last(3)).toBe(
      'Callback URL (API Gateway):\n  https://service-abcdefgh-1250000000.gz.apigw.tencentcs.com/release/?token=****\n  (96 of the 100 characters that CI takes; the token is hidden, --show-token shows it)',
    )
    const before = triggers(name)
    const again = await callsOf('deploy --param stage=old --param trigger=apigw')
    expect(again.ran.code).toBe(0)
    expect(triggers(name)).toEqual(before)
    expect(again.calls.filter((call) => /Trigger$/.test(call))).toEqual([])
  })

  test('moving on to a function URL: both work until the old one is taken away', async () => {
    const ran = await serverless('deploy --stage old')
    expect(ran.code).toBe(0)
    expect(ran.last(4)).toContain('Callback URL (new):')
    expect(triggers('cos-callback-relay-old-callback').map((one) => one.split(' ')[0])).toEqual([
      'apigw',
      'http',
    ])
  })

  test('the doctor tries the role through the function itself', async () => {
    const settings = '--param VERIFY=read-back --param role=relay-role'
    expect((await serverless(`deploy --stage old ${settings}`)).code).toBe(0)
    const sound = await serverless(
      `callback doctor --bucket media-1250000000 --queue p1 --stage old ${settings}`,
    )
    expect(sound.stdout).toContain('ok   role: relay-role; read-back works')
    cloud.settings.roleMayAsk = false
    const ailing = await serverless(
      `callback doctor --bucket media-1250000000 --queue p1 --stage old ${settings}`,
    )
    expect(ailing.stdout).toContain('FAIL role: relay-role; read-back does not work')
    // The queue is connected to the other stage.
    expect(sound.last(1)).toContain('1 check failed: see the remedies above.')
    expect(ailing.last(1)).toContain('2 checks failed: see the remedies above.')
    expect(ailing.code).toBe(1)
  })

  test('refused, as the real service does now', async () => {
    cloud.settings.apigwGone = true
    const ran = await serverless('deploy --stage late --param trigger=apigw')
    expect(ran.code).toBe(1)
    expect(ran.last(1)).toContain('The API Gateway trigger was refused (UnsupportedOperation.Trigger')
    expect(ran.last(1)).toContain('Deploy without trigger=apigw to get a function URL')
  })
})

describe('removing', () => {
  test('triggers and functions go, and what stays is said', async () => {
    const ran = await serverless('remove')
    expect(ran.code).toBe(0)
    expect(ran.last(6)).toMatch(/^Removed 2 functions\. What stays:\n {2}- the packages in the COS bucket/)
    expect(cloud.functions.has(CALLBACK) || cloud.functions.has(SWEEP)).toBe(false)
    expect(cloud.functions.has('cos-callback-relay-old-callback')).toBe(true)
  })

  test('what is not there: every command fails, and says so', async () => {
    const cases = [
      ['info', '2 of the functions are not deployed to stage dev'],
      ['invoke -f callback --data {}', 'cos-callback-relay-dev-callback is not deployed'],
      ['logs -f callback', 'cos-callback-relay-dev-callback is not deployed'],
      ['callback test', 'cos-callback-relay-dev-callback is not deployed'],
    ] as const
    const rans = await Promise.all(cases.map(([command]) => serverless(command)))
    expect(rans.map(({ code, last }) => [code, last(1)])).toEqual(
      cases.map(([, words]) => [1, expect.stringContaining(words)]),
    )
  })

  test('bad credentials: info, invoke, logs and remove fail too', async () => {
    const commands = ['info', 'invoke -f callback', 'logs -f callback', 'remove', 'metrics', 'deploy list']
    const rans = await Promise.all(
      commands.map((command) => serverless(command, { TENCENT_SECRET_ID: 'AKIDnobody' })),
    )
    expect(rans.map(({ code }) => code)).toEqual(commands.map(() => 1))
    for (const { stdout } of rans) expect(stdout).toContain('Tencent Cloud refused the credentials')
  })
})

test('nothing but Tencent Cloud was contacted, nothing unknown asked, every signature right', () => {
  const hosts = cloud.hosts().map((host) => host.replace(/^1250000000-\w{10}\./, '<function>.'))
  expect([...new Set(hosts)]).toEqual([
    '<function>.ap-guangzhou.tencentscf.com:443',
    'cam.tencentcloudapi.com:443',
    'cls.tencentcloudapi.com:443',
    'cos.ap-guangzhou.myqcloud.com:443',
    'media-1250000000.ci.ap-guangzhou.myqcloud.com:443',
    // The function itself, with its role: why the sample failed.
    'relay-test-1250000000.ci.ap-guangzhou.myqcloud.com:443',
    'scf.tencentcloudapi.com:443',
    `${BUCKET}.cos.ap-guangzhou.myqcloud.com:443`,
    'tag.tencentcloudapi.com:443',
  ])
  expect(cloud.violations).toEqual([])
})

test('no output has the token or the key in it', () => {
  expect(outputs.length).toBeGreaterThan(30)
  for (const secret of [TOKEN, cloud.account.secretKey]) {
    expect(outputs.filter((output) => output.includes(secret))).toEqual([])
  }
  expect(readdirSync(project.folder)).not.toContain('.env_temp')
})
