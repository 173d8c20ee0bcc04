import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zipEntries } from '../support/zip-entries'
import { BUCKET, CALLBACK, type DeployScene, startDeployScene, SWEEP, TOKEN } from '../support/deploy-scene'

// `serverless deploy`. In order: each test goes on where the one before it left the cloud.

jest.setTimeout(300_000)

let scene: DeployScene
beforeAll(async () => {
  scene = await startDeployScene()
})
afterAll(() => scene.stop())

const packages = (): string[] =>
  [...scene.cloud.cos.buckets.get(BUCKET)!.keys()].filter((key) => key.endsWith('.zip'))
const lastPackage = (): Buffer => scene.cloud.cos.buckets.get(BUCKET)!.get(packages().at(-1)!)!

describe('what stops a deploy before anything is uploaded', () => {
  afterEach(() => {
    expect(scene.cloud.cos.buckets.size).toBe(0)
    expect(scene.cloud.functions.size).toBe(0)
  })

  test('settings that are missing or cannot be right, all at once', async () => {
    const none = await scene.serverless('deploy', {
      CALLBACK_TOKEN: undefined,
      QUEUE_URL: undefined,
      ALERT_URLS: undefined,
    })
    expect(none.code).toBe(1)
    expect(none.last(3)).toBe(
      [
        'Nothing was deployed. To be set in the environment or in .env (what is no secret also by --param NAME=value):',
        '  - CALLBACK_TOKEN: not set; set a random secret of at least 22 characters (openssl rand -hex 16)',
        '  - QUEUE_URL, ALERT_URLS: neither is set; set at least one, or there is nowhere to relay to',
      ].join('\n'),
    )
    const wrong = await scene.serverless(
      'deploy --param timeout=4 --param memory=100 --param vpcId=vpc-1 --param trigger=http',
      { QUEUE_URL: 'nosuch://user:verysecret@host/' },
    )
    expect(wrong.code).toBe(1)
    expect(wrong.all).toMatch(/- QUEUE_URL: no queue has this scheme/)
    expect(wrong.all).toContain('timeout of callback: 4; use a whole number of seconds from 5 to 900')
    expect(wrong.all).toContain('memory of callback: 100; use 64, or a multiple of 128')
    expect(wrong.all).toContain('vpcId, subnetId: only one is set')
    expect(wrong.all).toContain('trigger: http; use url')
    expect(wrong.all).not.toContain('verysecret')
    expect(scene.cloud.calls).toEqual([])
  })

  test('no credentials: an error at once, no login', async () => {
    const ran = await scene.serverless('deploy', {
      TENCENT_SECRET_ID: undefined,
      TENCENT_SECRET_KEY: undefined,
    })
    expect(ran.code).toBe(1)
    expect(ran.last(1)).toBe(
      'No Tencent Cloud credentials: set TENCENT_SECRET_ID and TENCENT_SECRET_KEY (console: Access Management > API Keys), or make ~/credentials, an INI file with [default], tencent_secret_id and tencent_secret_key.',
    )
    expect(scene.cloud.hosts()).toEqual([])
  })

  test('bad credentials', async () => {
    const ran = await scene.serverless('deploy', { TENCENT_SECRET_KEY: 'wrongSecretKeywrongSecretKey' })
    expect(ran.code).toBe(1)
    expect(ran.last(1)).toMatch(
      /^Tencent Cloud refused the credentials \(AuthFailure\.SignatureFailure\): check TENCENT_SECRET_ID/,
    )
    expect(ran.all).not.toContain('wrongSecretKey')
  })

  test('no network', async () => {
    const ran = await scene.serverless('deploy', { FAKE_CLOUD_OFFLINE: '1' })
    expect(ran.code).toBe(1)
    expect(ran.last(1)).toBe(
      'Tencent Cloud cannot be reached (scf.tencentcloudapi.com: ENOTFOUND): check the network, and the proxy if there is one (HTTPS_PROXY, NO_PROXY), then run the command again.',
    )
  })
})

describe('deploying', () => {
  test('the first time: both functions, the timer, the function URL', async () => {
    writeFileSync(join(scene.project.folder, 'credentials'), '[default]\ntencent_secret_id=x\n')
    writeFileSync(join(scene.project.folder, '.env'), 'export ALERT_LANG=zh\nLOG_LEVEL=debug\n')
    const ran = await scene.serverless('deploy', { LOG_LEVEL: 'info' })
    expect(ran.code).toBe(0)
    expect(ran.last(4)).toBe(
      [
        'Callback URL (new):',
        `  ${scene.origin()}/****`,
        '  (80 of the 100 characters that CI takes; the token is hidden, --show-token shows it)',
        'Next: `npx serverless callback test`, then `npx serverless callback connect --bucket BUCKET-APPID --workflow ID`',
      ].join('\n'),
    )
    expect(scene.cloud.functions.get(CALLBACK)).toMatchObject({
      Runtime: 'Nodejs20.19',
      MemorySize: 128,
      Timeout: 10,
      Handler: 'index.main_handler',
      Role: null,
    })
    expect(scene.cloud.functions.get(SWEEP)).toMatchObject({ Timeout: 290, Handler: 'index.sweep_handler' })
    expect(scene.triggers(CALLBACK)).toEqual([expect.stringMatching(/^http \w{10} 1$/)])
    expect(scene.triggers(SWEEP)).toEqual(['timer every-five-minutes 1'])
  })

  test('each function has its own variables: from the environment, else .env; the sweep gets no token', () => {
    const { CALLBACK_TOKEN, ...both } = scene.variables(CALLBACK)
    expect(CALLBACK_TOKEN).toBe(TOKEN)
    expect(both).toEqual({
      QUEUE_URL: scene.settings['QUEUE_URL'],
      ALERT_URLS: scene.settings['ALERT_URLS'],
      STORE_URL: scene.settings['STORE_URL'],
      ALERT_LANG: 'zh',
      LOG_LEVEL: 'info',
    })
    expect(scene.variables(SWEEP)).toEqual(both)
  })

  test('what is uploaded: the bundle, the licences of what is in it, and no secret', () => {
    expect(lastPackage().length).toBeLessThanOrEqual(512 * 1024)
    const entries = zipEntries(lastPackage())
    const names = entries.map(({ name }) => name)
    expect(names).toContain('index.js')
    expect(names.filter((name) => !/^[\w-]+\.js$/.test(name))).toEqual(['THIRD-PARTY-NOTICES.txt'])
    const dist = join(scene.project.folder, 'dist')
    for (const { name, content } of entries) expect(content()).toEqual(readFileSync(join(dist, name)))
    const uploaded = Buffer.concat([
      ...scene.cloud.cos.buckets.get(BUCKET)!.values(),
      ...entries.map(({ content }) => content()),
    ]).toString('latin1')
    for (const secret of [TOKEN, scene.cloud.account.secretKey, scene.targets])
      expect(uploaded).not.toContain(secret)
  })

  test('a second time: the same package, URL and triggers', async () => {
    const before = [lastPackage(), scene.triggers(CALLBACK), scene.triggers(SWEEP)]
    const { ran, calls } = await scene.callsOf('deploy', { LOG_LEVEL: 'info' })
    expect(ran.code).toBe(0)
    expect(ran.last(4)).toContain('Callback URL (as before):')
    expect([lastPackage(), scene.triggers(CALLBACK), scene.triggers(SWEEP)]).toEqual(before)
    expect(calls.filter((call) => /Trigger$|CreateFunction/.test(call))).toEqual([])
    expect(packages()).toHaveLength(2)
  })

  test('with changed code, by temporary keys', async () => {
    const { cloud, project } = scene
    const manifest = join(project.folder, 'package.json')
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/"version": ".+?"/, '"version": "9.9.9"'))
    cloud.settings.account = { ...cloud.account, token: 'temporary-token' }
    const url = scene.origin()
    const ran = await scene.serverless('deploy --show-token', { TENCENT_TOKEN: 'temporary-token' })
    cloud.settings.account = cloud.account
    expect(ran.code).toBe(0)
    expect(ran.last(3)).toMatch(`  ${url}/${TOKEN}\n  (80 of the 100 characters that CI takes)`)
    expect(ran.all).not.toContain('temporary-token')
    const invoked = await scene.serverless(
      `invoke -f callback --data ${JSON.stringify({ httpMethod: 'GET', path: `/${TOKEN}`, headers: {} })}`,
    )
    expect(invoked.stdout).toContain('9.9.9')
  })

  test('with changed settings, by credentials from a file', async () => {
    const { account } = scene.cloud
    const file = join(scene.project.home, 'credentials')
    writeFileSync(
      file,
      `[default]\ntencent_secret_id = ${account.secretId}\ntencent_secret_key = ${account.secretKey}\n`,
    )
    const { ran, calls } = await scene.callsOf(
      'deploy --param ALERT_LANG=en --param memory=256 --param role=relay-role --param enableRoleAuth=false',
      {
        TENCENT_SECRET_ID: undefined,
        TENCENT_SECRET_KEY: undefined,
        STORE_URL: undefined,
      },
    )
    rmSync(file)
    expect(ran.code).toBe(0)
    expect(scene.cloud.functions.get(CALLBACK)).toMatchObject({ MemorySize: 256, Role: 'relay-role' })
    expect(scene.variables(CALLBACK)).toMatchObject({ ALERT_LANG: 'en' })
    expect(scene.variables(CALLBACK)).not.toHaveProperty('STORE_URL')
    expect(calls.filter((call) => /Role|Polic/.test(call))).toEqual([])
    expect(ran.stderr).toContain('Warning: There is no store (STORE_URL)')
  })

  test('deploy function, and back to an earlier package', async () => {
    expect((await scene.serverless('deploy function -f callback')).code).toBe(0)
    const list = await scene.serverless('rollback')
    expect(list.code).toBe(0)
    const [first] = /^ {2}(\d{10}) {2}20/m.exec(list.stdout)!.slice(1)
    const back = await scene.serverless(`rollback --timestamp ${first!}`)
    expect(back.code).toBe(0)
    expect(back.last(1)).toBe('Settings, triggers and the URL stay as they were.')
    expect(scene.variables(CALLBACK)['CALLBACK_TOKEN']).toBe(TOKEN)
    expect((await scene.serverless('rollback --timestamp 1000000000')).last(1)).toBe(
      'There is no deployment 1000000000: `npx serverless rollback` lists them.',
    )
  })
})

test('nothing but Tencent Cloud was asked, and no secret was shown', () => scene.mustBeClean())
