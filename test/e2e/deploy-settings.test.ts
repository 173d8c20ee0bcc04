import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CALLBACK, type DeployScene, startDeployScene, SWEEP } from '../support/deploy-scene'
import { ApiError } from '../support/fake-cloud-scf'

// What people set, and what becomes of it.

jest.setTimeout(300_000)

let scene: DeployScene
beforeAll(async () => {
  scene = await startDeployScene()
})
afterAll(() => scene.stop())

describe('refused before anything is uploaded, with the word to set', () => {
  afterEach(() => {
    expect([scene.cloud.cos.buckets.size, scene.cloud.functions.size]).toEqual([0, 0])
  })

  test.each<[string, string, Readonly<Record<string, string | undefined>>, readonly string[]]>([
    [
      'regions and names',
      'deploy --stage feature/login --param region=gz',
      { COS_REGION: '上海' },
      [
        'region: there is no region gz; write ap-guangzhou',
        'COS_REGION: there is no region 上海; write ap-shanghai',
        'stage: "feature/login" would be part of the functions\' names, which take letters, digits, - and _ only; for example --stage feature-login',
      ],
    ],
    [
      'settings that there are not',
      'deploy --param memmory=128',
      { QUEU_URL: 'https://h/secretpath', ALERT_URL: 'wecom://secretrobot' },
      [
        '--param memmory: there is no such setting; is memory meant?',
        'QUEU_URL: there is no such setting; is QUEUE_URL meant?',
        'ALERT_URL: there is no such setting; is ALERT_URLS meant?',
      ],
    ],
    [
      'what needs a role, without one',
      'deploy --stage 中文',
      { VERIFY: 'read-back', STORE_URL: 'cos://relay-1250000000/outbox', QUEUE_URL: 'cmq://q?region=gz' },
      [
        'role: none, but VERIFY=read-back and QUEUE_URL (cmq:) and STORE_URL (cos:) needs one: `npx serverless callback role',
      ],
    ],
    [
      'runtimes and numbers',
      'deploy --param runtime=nodejs18',
      { DEPLOY_CONCURRENCY: 'many' },
      [
        'runtime: nodejs18; use one of Node.js 20 or later, as SCF writes it: Nodejs20.19',
        'concurrency: many; use a whole number of callbacks at once, from 1 to 9999',
      ],
    ],
  ])('%s', async (_, command, env, words) => {
    const ran = await scene.serverless(command, env)
    expect(ran.code).toBe(1)
    for (const word of words) expect(ran.stdout).toContain(`  - ${word}`)
    expect(ran.all).not.toMatch(/secretpath|secretrobot/)
    expect(scene.cloud.calls).toEqual([])
  })

  test("keys that are none, README's own included", async () => {
    const ran = await scene.serverless('deploy', { TENCENT_SECRET_ID: 'AKID…' })
    expect(ran.last(1)).toMatch(/^TENCENT_SECRET_ID is no API key's id: it begins with AKID/)
    expect([ran.code, scene.cloud.calls]).toEqual([1, []])
  })

  test('a key that may not see the functions', async () => {
    const { actions } = scene.cloud
    const before = actions['scf:GetFunction']!
    actions['scf:GetFunction'] = () => {
      throw new ApiError('UnauthorizedOperation.CAM', 'you are not allowed to scf:GetFunction')
    }
    const ran = await scene.serverless('deploy')
    actions['scf:GetFunction'] = before
    expect(ran.code).toBe(1)
    expect(ran.last(2)).toContain('The credentials may not do this (UnauthorizedOperation.CAM)')
  })
})

test('what is deployed is what was given, byte for byte: by shell, by --param, by .env', async () => {
  const odd = `file:${scene.targets}/p%24a$s\${self:service}s=x;y=,z#q?'q'\`w\`\\e&😀中文.jsonl`
  writeFileSync(join(scene.project.folder, '.env'), `ALERT_URLS="${odd}"\nMESSAGE_RAW=1\n`)
  const ran = await scene.serverless('deploy --param LOG_LEVEL=warn', {
    QUEUE_URL: odd,
    ALERT_URLS: undefined,
    STORE_URL: undefined,
  })
  expect(ran.code).toBe(0)
  expect(ran.stderr).toContain('Read .env: ALERT_URLS, MESSAGE_RAW\n')
  expect(scene.variables(CALLBACK)).toMatchObject({
    QUEUE_URL: odd,
    ALERT_URLS: odd,
    MESSAGE_RAW: '1',
    LOG_LEVEL: 'warn',
  })
  const doctor = await scene.serverless('callback doctor', { QUEUE_URL: `${odd}!`, ALERT_URLS: undefined })
  expect(doctor.stdout).toContain(
    'callback: active, but QUEUE_URL, STORE_URL, LOG_LEVEL differ from the settings',
  )

  // The vendor's runtime has been seen to do so.
  scene.cloud.settings.cutsAtSecondEquals = true
  const cut = await scene.serverless('callback doctor', { QUEUE_URL: odd, ALERT_URLS: undefined })
  scene.cloud.settings.cutsAtSecondEquals = false
  expect(cut.code).toBe(1)
  expect(cut.stdout).toContain('FAIL arrival: the function sees another value of QUEUE_URL')
  writeFileSync(join(scene.project.folder, '.env'), '')
})

test('a package that is not there; a file of settings that is no text', async () => {
  const [packed, file] = await Promise.all([
    scene.serverless('deploy --package nowhere'),
    (async () => {
      writeFileSync(join(scene.project.folder, '.env.utf16'), Buffer.from('LOG_LEVEL=info\n', 'utf16le'))
      return scene.serverless('deploy --stage utf16')
    })(),
  ])
  expect([packed.code, packed.last(1)]).toEqual([
    1,
    expect.stringMatching(
      /^nowhere\/cos-callback-relay\.zip cannot be read \(ENOENT\): `npx serverless package/,
    ),
  ])
  expect([file.code, file.last(1)]).toEqual([1, '.env.utf16 is no UTF-8 text: save it as UTF-8'])
})

test('a stage of its own: its file, by DEPLOY_STAGE of the shell; another runtime; no log in CLS', async () => {
  writeFileSync(join(scene.project.folder, '.env.own'), 'LOG_LEVEL=error\n')
  const ran = await scene.serverless('deploy --param runtime=Nodejs22.21 --param logs=off', {
    DEPLOY_STAGE: 'own',
  })
  expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining('Read .env.own: LOG_LEVEL\n')])
  const name = CALLBACK.replace('-dev-', '-own-')
  expect(scene.variables(name)).toMatchObject({ LOG_LEVEL: 'error' })
  expect(scene.cloud.functions.get(name)).toMatchObject({ Runtime: 'Nodejs22.21', ClsTopicId: '' })
  // From the first day, unless it is not wanted.
  expect(scene.cloud.functions.get(CALLBACK)!.ClsTopicId).toMatch(/^topic-/)
})

test('doctor: the bucket of a store, in the region of the function where the URL names none', async () => {
  const own = scene.cloud.functions.get(CALLBACK)!.Environment
  const before = own.Variables
  const doctorOf = async (Value: string) => {
    own.Variables = [...before.filter(({ Key }) => Key !== 'STORE_URL'), { Key: 'STORE_URL', Value }]
    return scene.serverless('callback doctor')
  }
  const missing = await doctorOf('cos://nowhere-1250000000/relay')
  const wrong = await doctorOf('cos://nowhere/relay')
  own.Variables = before
  expect(missing.stdout).toMatch(
    /^FAIL STORE_URL: .*\n {5}-> make the bucket nowhere-1250000000 in ap-guangzhou, or name another$/m,
  )
  expect(wrong.stdout).toContain('FAIL STORE_URL: cos: no bucket with its APPID')
})

test('role, VPC and cap: given, and taken away when they are no longer set', async () => {
  const given = await scene.serverless(
    'deploy --param role=relay-role --param vpcId=vpc-1 --param subnetId=subnet-1 --param concurrency=20',
  )
  expect(given.code).toBe(0)
  expect(given.stderr).toContain('DEPLOY_CONCURRENCY is set and RECONCILE is not: ')
  const callback = (): object => {
    const { Role, VpcConfig, reserved, isPublic } = scene.cloud.functions.get(CALLBACK)!
    return { Role, VpcConfig, reserved, isPublic }
  }
  expect(callback()).toEqual({
    Role: 'relay-role',
    VpcConfig: { VpcId: 'vpc-1', SubnetId: 'subnet-1' },
    reserved: 20 * 128,
    isPublic: true,
  })
  expect(scene.cloud.functions.get(SWEEP)!.retries).toBe(0)
  const doctor = await scene.serverless('callback doctor')
  expect(doctor.stdout).toContain('callback: active, but role, VPC differ from the settings here')

  const taken = await scene.serverless('deploy')
  expect(taken.code).toBe(0)
  expect(taken.stderr).not.toContain('DEPLOY_CONCURRENCY')
  expect(callback()).toEqual({ Role: null, VpcConfig: null, reserved: 0, isPublic: true })

  scene.cloud.functions.get(SWEEP)!.Role = 'old-role'
  scene.cloud.settings.keepsRole = true
  const kept = await scene.serverless('deploy')
  scene.cloud.settings.keepsRole = false
  expect(kept.code).toBe(0)
  expect(kept.all).toContain(
    `${SWEEP}: the role old-role is no longer set, but stays: take it off in SCF's console`,
  )
})

test("what somebody changed by hand is put right, other people's tags stay, and a busy cloud is asked again", async () => {
  const callback = scene.cloud.functions.get(CALLBACK)!
  const sweep = scene.cloud.functions.get(SWEEP)!
  const [url] = callback.triggers
  const lock = (): void => {
    url!.Enable = 0
    url!.TriggerDesc = url!.TriggerDesc.replace('"NONE"', '"CAM"')
  }
  lock()
  sweep.triggers[0]!.Enable = 0
  callback.tags['team'] = 'media'
  scene.cloud.settings.busy.push(
    { action: 'UpdateFunctionCode', code: 'RequestLimitExceeded' },
    { action: 'UpdateFunctionConfiguration', code: 'FailedOperation.FunctionStatusError' },
    { action: 'ModifyResourceTags', code: 'InternalError' },
    { action: 'ListTriggers', code: 'OperationConflict' },
  )
  expect((await scene.serverless('deploy')).code).toBe(0)
  expect(scene.cloud.settings.busy).toEqual([])
  expect(scene.triggers(SWEEP)).toEqual(['timer every-five-minutes 1'])
  expect([url!.Enable, JSON.parse(url!.TriggerDesc)]).toEqual([
    1,
    expect.objectContaining({ AuthType: 'NONE' }),
  ])
  expect(callback.tags).toMatchObject({ team: 'media', Stage: 'dev' })

  // What cannot be put right is told of; so is an alias that points elsewhere, and a timer that is gone.
  lock()
  callback.version = '3'
  scene.cloud.settings.urlIsFixed = true
  sweep.triggers.splice(0)
  const without = await scene.serverless('callback doctor')
  expect(without.code).toBe(1)
  expect(without.stdout).toMatch(/FAIL trigger: the function URL \w+ of \S+ is closed\n {5}-> open it/)
  expect(without.stdout).toContain(
    'FAIL timer: none, so that nothing is swept\n     -> run `npx serverless deploy`',
  )
  const ran = await scene.serverless('deploy')
  expect(ran.stderr).toMatch(/Warning: the function URL \w+ of \S+ is closed: open it in SCF's console/)
  expect(ran.stderr).toContain('asks for CAM, and CI cannot sign')
  expect(ran.stderr).toContain(`callbacks go to version 3 of ${CALLBACK}, not to what was deployed last`)
  scene.cloud.settings.urlIsFixed = false
  expect(scene.triggers(SWEEP)).toEqual(['timer every-five-minutes 1'])
  url!.Enable = 1
  url!.TriggerDesc = url!.TriggerDesc.replace('"CAM"', '"NONE"')
  callback.version = '$LATEST'
})

test('what failed to be made is made anew, and why is said', async () => {
  const callback = scene.cloud.functions.get(CALLBACK)!
  callback.Status = 'CreateFailed'
  callback.reasons = [{ ErrorMessage: 'the subnet has no addresses left' }]
  const ran = await scene.serverless('deploy')
  expect(ran.code).toBe(0)
  expect(ran.all).toContain(
    'could not be made before (the subnet has no addresses left): deleting it, to make it anew',
  )
  expect(scene.cloud.functions.get(CALLBACK)).toMatchObject({ Status: 'Active' })
})

test('another runtime than that of the function', async () => {
  const ran = await scene.serverless('deploy --param runtime=Nodejs22.21')
  expect(ran.code).toBe(1)
  expect(ran.last(1)).toContain(
    'set DEPLOY_RUNTIME=Nodejs20.19; or run `npx serverless remove --param runtime=Nodejs22.21`',
  )
})

test('a function that there is not: said with those that there are', async () => {
  const ran = await scene.serverless('logs -f callbak')
  expect(ran.last(1)).toBe('There is no function callbak: -f takes callback or sweep. Is callback meant?')
})

test('invoke: a fault of the function is one of the command', async () => {
  const { actions } = scene.cloud
  const before = actions['scf:Invoke']!
  actions['scf:Invoke'] = () => ({
    Result: { RetMsg: '', ErrMsg: 'Invoking task timed out after 10 seconds', InvokeResult: 0 },
  })
  const ran = await scene.serverless('invoke -f callback --data {}')
  actions['scf:Invoke'] = before
  expect([ran.code, ran.last(1)]).toEqual([1, `${CALLBACK} failed: Invoking task timed out after 10 seconds`])
})

test('nothing but Tencent Cloud was asked, and no secret was shown', () => scene.mustBeClean())
