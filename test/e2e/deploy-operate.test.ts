import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ApiError } from '../support/fake-cloud-scf'
import { CALLBACK, type DeployScene, startDeployScene, TOKEN } from '../support/deploy-scene'
import { sampleCallback } from '../../tools/deploy/commands/test-callback'

// The day after: a role, another token, runs that are started again.

jest.setTimeout(300_000)

const BUCKET = 'media-1250000000'
const start = (url: string): string =>
  `<Topology><Dependencies><Start>End</Start></Dependencies><Nodes><Start><Type>Start</Type><Input><QueueId>p1</QueueId><NotifyConfig>${notifyOf(url)}</NotifyConfig></Input></Start></Nodes></Topology>`
const notifyOf = (url: string): string =>
  `<State>On</State><Type>Url</Type><Url>${url}</Url><Event>WorkflowFinish</Event><ResultFormat>XML</ResultFormat>`

let scene: DeployScene
beforeAll(async () => {
  scene = await startDeployScene()
  scene.place()
})
afterAll(() => scene.stop())

describe('callback role', () => {
  const settings = { STORE_URL: `cos://relay-1250000000/outbox`, VERIFY: 'read-back' }

  test('shows what it would make; makes it; brings it up to date', async () => {
    const asked = await scene.serverless('callback role', settings)
    expect([asked.code, asked.last(1)]).toEqual([
      1,
      expect.stringContaining('in which buckets? Give them with --bucket'),
    ])

    const dry = await scene.callsOf(`callback role --bucket ${BUCKET} --dry-run`, settings)
    expect(dry.ran.code).toBe(0)
    expect(dry.ran.stdout).toContain(`"qcs::ci:ap-guangzhou:uid/1250000000:bucket/${BUCKET}/*"`)
    expect(dry.calls).toEqual(['cam:GetUserAppId'])

    const made = await scene.serverless(`callback role --bucket ${BUCKET}`, settings)
    expect(made.last(2)).toBe(
      'The role was made, its policy made.\nNext: set DEPLOY_ROLE=cos-callback-relay-dev, then `npx serverless deploy`',
    )
    expect(scene.cloud.roles.get('cos-callback-relay-dev')).toEqual(['cos-callback-relay-dev'])
    const policy = (): string => scene.cloud.policies.get('cos-callback-relay-dev')!
    expect(policy()).toContain('relay-1250000000/outbox/*')

    const again = await scene.serverless(`callback role --bucket ${BUCKET},other-1250000000`, {
      ...settings,
      DEPLOY_ROLE: 'cos-callback-relay-dev',
    })
    expect(again.last(2)).toBe(
      'The role was there, its policy brought up to date.\nNext: `npx serverless deploy`',
    )
    expect(policy()).toContain('other-1250000000/*')
  })

  test('nothing to make; a bucket that is none', async () => {
    const none = await scene.serverless('callback role')
    expect([none.code, none.last(1)]).toEqual([0, expect.stringMatching(/^These settings need no role\./)])
    const wrong = await scene.serverless('callback role --bucket media')
    expect([wrong.code, wrong.last(1)]).toEqual([1, expect.stringContaining('--bucket media is no bucket')])
  })
})

describe('callback rotate', () => {
  const byFile = { CALLBACK_TOKEN: undefined }
  const dotenv = (): string => readFileSync(join(scene.project.folder, '.env'), 'utf8')
  const tokens = (): string => scene.variables(CALLBACK)['CALLBACK_TOKEN']!
  const post = (token: string): Promise<number> =>
    scene.cloud.post(`${scene.origin()}/${token}`, sampleCallback('Success'))
  const ROTATE = `callback rotate --bucket ${BUCKET}`

  beforeAll(() => {
    const url = `${scene.origin()}/${TOKEN}`
    scene.cloud.ci.workflows.set('w1', { name: 'one', state: 'Active', topology: start(url) })
    scene.cloud.ci.workflows.set('w2', { name: 'two', state: 'Paused', topology: start(url) })
    scene.cloud.ci.workflows.set('w3', {
      name: 'else',
      state: 'Active',
      topology: start('https://else.example.com/'),
    })
    scene.cloud.ci.queues.set('p1', { name: 'queue', state: 'Active', notify: notifyOf(url) })
    const documents = { name: 'documents', state: 'Active', notify: notifyOf(url), path: '/docqueue' }
    scene.cloud.ci.queues.set('p2', documents)
    writeFileSync(
      join(scene.project.folder, '.env'),
      `# mine\nCALLBACK_TOKEN=${TOKEN} # whose it is\nLOG_LEVEL=info\n`,
      {
        mode: 0o600,
      },
    )
  })

  test('a file in which it would not count is not touched, and nothing else', async () => {
    const file = join(scene.project.folder, '.env')
    const twice = `CALLBACK_TOKEN=${TOKEN}\nLOG_LEVEL=info\nCALLBACK_TOKEN=${TOKEN}\n`
    const before = dotenv()
    writeFileSync(file, twice)
    const ran = await scene.serverless(`${ROTATE} --yes`, byFile)
    expect([ran.code, dotenv(), tokens()]).toEqual([1, twice, TOKEN])
    expect(ran.last(1)).toContain('CALLBACK_TOKEN cannot be changed in .env: let it stand there once')
    writeFileSync(file, before)
  })

  test('all that work go on working, and what the cloud repeats of the new one is hidden', async () => {
    const { actions } = scene.cloud
    const update = actions['scf:UpdateFunctionConfiguration']!
    const file = join(scene.project.folder, '.env')
    const before = dotenv()
    const third = 'thirdTokenThirdToken33333'
    const own = scene.cloud.functions
      .get(CALLBACK)!
      .Environment.Variables.find(({ Key }) => Key === 'CALLBACK_TOKEN')!
    own.Value = `${TOKEN},${third}`
    actions['scf:UpdateFunctionConfiguration'] = ({ Environment }) => {
      throw new ApiError('InvalidParameterValue.Environment', `not taken: ${JSON.stringify(Environment)}`)
    }
    writeFileSync(file, `CALLBACK_TOKEN=0123456789abcdefFEDCBA9876543210,${TOKEN}\n`)
    const ran = await scene.serverless(`${ROTATE} --yes`, byFile)
    actions['scf:UpdateFunctionConfiguration'] = update
    expect([ran.code, dotenv()]).toEqual([
      1,
      `CALLBACK_TOKEN=0123456789abcdefFEDCBA9876543210,${TOKEN},${third}\n`,
    ])
    expect(ran.all).toContain('not taken: ')
    expect(ran.all).not.toMatch(/0123456789abcdefFEDCBA|thirdToken/)

    own.Value = TOKEN
    writeFileSync(file, before)
    scene.cloud.ci.faults.before = () => 'forbid'
    actions['scf:UpdateFunctionConfiguration'] = ({ Environment }) => {
      throw new ApiError('InvalidParameterValue.Environment', `not taken: ${JSON.stringify(Environment)}`)
    }
    const fresh = await scene.serverless(`${ROTATE} --yes`, byFile)
    actions['scf:UpdateFunctionConfiguration'] = update
    scene.cloud.ci.faults.before = () => null
    const [, made = 'none'] = /CALLBACK_TOKEN=(\w{32}),/.exec(dotenv()) ?? []
    expect([fresh.code, fresh.all.includes(made), made === 'none']).toEqual([1, false, false])
    writeFileSync(file, before)
  })

  test('a token that the pipeline keeps is the pipeline to change', async () => {
    const ran = await scene.serverless(ROTATE)
    expect(ran.code).toBe(1)
    expect(ran.last(1)).toContain('CALLBACK_TOKEN comes from the environment')
    expect(tokens()).toBe(TOKEN)
  })

  test('nobody to ask before a workflow is switched off: both URLs work, and it can go on', async () => {
    const ran = await scene.serverless(ROTATE, byFile)
    expect(ran.code).toBe(1)
    expect(ran.last(1)).toContain('There is no terminal to answer on: give --yes.')
    const [next = '', old] = tokens().split(',')
    expect([next.length, old]).toEqual([32, TOKEN])
    expect(dotenv()).toBe(`# mine\nCALLBACK_TOKEN=${next},${TOKEN} # whose it is\nLOG_LEVEL=info\n`)
    expect(statSync(join(scene.project.folder, '.env')).mode & 0o777).toBe(0o600)
    expect([await post(next), await post(TOKEN)]).toEqual([200, 200])
  })

  test('run again, it goes on where it stood, and points all of its own at the new URL', async () => {
    const before = tokens()
    const ran = await scene.serverless(`${ROTATE} --yes`, byFile)
    expect(ran.code).toBe(0)
    expect(tokens()).toBe(before)
    const url = `${scene.origin()}/${before.split(',')[0]!}`
    for (const id of ['w1', 'w2'])
      expect(scene.cloud.ci.workflows.get(id)!.topology).toContain(`<Url>${url}</Url>`)
    expect(scene.cloud.ci.workflows.get('w1')!.state).toBe('Active')
    expect(scene.cloud.ci.workflows.get('w2')!.state).toBe('Paused')
    expect(scene.cloud.ci.workflows.get('w3')!.topology).toContain('https://else.example.com/')
    for (const id of ['p1', 'p2']) expect(scene.cloud.ci.queues.get(id)!.notify).toContain(url)
    expect(ran.stderr).toMatch(/Queues at \/ai_queue could not be looked at \(.*AccessDenied not yours/)
    expect(ran.stderr).not.toContain('file_queue')
    expect(ran.last(1)).toContain(`3. When a day has gone by: \`npx serverless ${ROTATE} --finish\``)
    expect(ran.all).not.toContain(before.split(',')[0])
  })

  test('not finished where nobody can see who still has the old URL', async () => {
    const ran = await scene.serverless('callback rotate --finish', byFile)
    expect([ran.code, ran.last(1)]).toEqual([
      1,
      expect.stringMatching(/^Not yet: whether a workflow .* --bucket/),
    ])
  })

  test('not finished while somebody comes by the old URL', async () => {
    const ran = await scene.serverless(`${ROTATE} --finish`, byFile)
    expect(ran.code).toBe(1)
    expect(ran.last(1)).toMatch(/^Not yet: a callback came by the old URL at 20/)
    expect(tokens()).toContain(',')
  })

  test('finished: the old token is no longer taken, and the file has the new one alone', async () => {
    scene.forgetNote('old-token')
    const [next = ''] = tokens().split(',')
    const ran = await scene.serverless(`${ROTATE} --finish`, byFile)
    expect([ran.code, ran.last(1)]).toEqual([0, 'The old token is no longer taken.'])
    expect(tokens()).toBe(next)
    expect(dotenv()).toContain(`CALLBACK_TOKEN=${next} # whose it is\n`)
    expect([await post(next), await post(TOKEN)]).toEqual([200, 401])
    const again = await scene.serverless(`${ROTATE} --finish`, byFile)
    expect(again.last(1)).toBe('The function takes one token: there is nothing to finish.')
    // A deploy after it changes nothing.
    writeFileSync(join(scene.project.folder, '.env'), '')
  })
})

describe('callback rerun', () => {
  const now = (): string => new Date().toISOString()
  beforeAll(() => {
    scene.cloud.ci.workflows.set('w1', {
      name: 'one',
      state: 'Active',
      topology: start('https://x.example.com/'),
    })
    for (let run = 0; run < 130; run += 1)
      scene.cloud.ci.executions.set(`i${run}`, {
        id: `i${run}`,
        workflow: 'w1',
        object: `/in/${run} &amp; more.mp4`,
        state: run % 2 === 0 ? 'Failed' : 'Success',
        createdAt: now(),
      })
    // The same object, earlier.
    scene.cloud.ci.executions.set('early', {
      ...scene.cloud.ci.executions.get('i0')!,
      id: 'early',
      createdAt: new Date(Date.now() - 60_000).toISOString(),
    })
  })
  beforeEach(() => scene.cloud.ci.started.splice(0))

  test('one run, by its id', async () => {
    const ran = await scene.serverless(`callback rerun i4 --bucket ${BUCKET} --yes`)
    expect([ran.code, ran.last(1)]).toEqual([0, 'i4 -> i-new-1'])
    expect(scene.cloud.ci.started).toEqual(['w1 in/4 & more.mp4'])
  })

  test('all that failed: their number first, and a question', async () => {
    const command = `callback rerun --failed --since 1h --bucket ${BUCKET} --workflow w1`
    const dry = await scene.serverless(`${command} --dry-run`)
    expect(dry.stdout).toContain('1 of 66 failed runs are left out: their objects failed again later.\n')
    expect(dry.stdout).toContain(`65 runs in ${BUCKET}:\n  i0  Failed  20`)
    expect(dry.last(1)).toBe('Nothing was started (--dry-run).')
    const unasked = await scene.serverless(command)
    expect([unasked.code, unasked.last(1)]).toEqual([
      1,
      'Start these 65 anew? Each is billed as a run of its own. There is no terminal to answer on: give --yes.',
    ])
    expect(scene.cloud.ci.started).toEqual([])
    const ran = await scene.serverless(`${command} --yes`)
    expect(ran.code).toBe(0)
    expect(ran.last(1)).toBe('i128 -> i-new-65')
    expect(new Set(scene.cloud.ci.started).size).toBe(65)
  })

  test('what there is not, and what is half said', async () => {
    const [none, half, unknown, mistyped, since] = await Promise.all([
      scene.serverless('callback rerun'),
      scene.serverless('callback rerun --failed'),
      scene.serverless(`callback rerun nosuchrun --bucket ${BUCKET} --yes`),
      scene.serverless(`callback rerun --failed --bucket ${BUCKET} --workflow w11 --yes`),
      scene.serverless(`callback rerun --failed --since 2 --bucket ${BUCKET} --workflow w1 --yes`),
    ])
    expect([none, half, unknown, mistyped, since].map(({ code }) => code)).toEqual([1, 1, 1, 1, 1])
    expect(mistyped.last(1)).toMatch(/^CI knows no workflow w11 in bucket media-1250000000/)
    expect(since.last(1)).toMatch(/^2 is no time: give a span such as 30m/)
    expect(scene.cloud.ci.started).toEqual([])
    expect(none.last(1)).toMatch(/^Run what again\? Give RUN_ID/)
    expect(half.last(1)).toMatch(/^In which bucket\?/)
    expect(unknown.last(1)).toContain('run nosuchrun: answered 404')
  })
})

test('nothing but Tencent Cloud was asked, and no secret was shown', () => scene.mustBeClean())
