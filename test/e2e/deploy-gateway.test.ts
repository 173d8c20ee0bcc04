import { CALLBACK, type DeployScene, startDeployScene } from '../support/deploy-scene'

// API Gateway, and what a role may do. In order: each test goes on where the one before it left the cloud.

jest.setTimeout(300_000)

const OLD = 'cos-callback-relay-old-callback'

let scene: DeployScene
beforeAll(async () => {
  scene = await startDeployScene()
})
afterAll(() => scene.stop())

test('for those who still have one: the trigger is made once and then left alone', async () => {
  const ran = await scene.serverless(
    'deploy --stage old --param trigger=apigw --param serviceId=service-abcdefgh --param vpcId=vpc-1 --param subnetId=subnet-1',
  )
  expect(ran.code).toBe(0)
  expect(ran.last(4)).toContain(
    'Callback URL (API Gateway, which Tencent Cloud shuts down in batches from 2026-10-30 on: go over to a function URL):\n  https://service-abcdefgh-1250000000.gz.apigw.tencentcs.com/release/?token=****\n  (96 of the 100 characters that CI takes; the token is hidden, --show-token shows it)',
  )
  expect(scene.cloud.functions.get(OLD)!.VpcConfig).toEqual({ VpcId: 'vpc-1', SubnetId: 'subnet-1' })
  const before = scene.triggers(OLD)
  const again = await scene.callsOf('deploy --param stage=old --param trigger=apigw')
  expect(again.ran.code).toBe(0)
  expect(scene.triggers(OLD)).toEqual(before)
  expect(again.calls.filter((call) => /Trigger$/.test(call))).toEqual([])
})

test('moving on to a function URL: both work until the old one is taken away', async () => {
  const ran = await scene.serverless('deploy --stage old --param VERIFY=read-back --param role=relay-role')
  expect(ran.code).toBe(0)
  expect(ran.last(4)).toContain('Callback URL (new):')
  expect(scene.triggers(OLD).map((one) => one.split(' ')[0])).toEqual(['apigw', 'http'])
})

test('the doctor tries the role through the function itself', async () => {
  const doctor =
    'callback doctor --bucket media-1250000000 --queue p1 --stage old --param VERIFY=read-back --param role=relay-role'
  scene.cloud.ci.queues.set('p1', { name: 'queue-1', state: 'Active', notify: '<State>Off</State>' })
  const sound = await scene.serverless(doctor)
  expect(sound.stdout).toContain('ok   role: relay-role; read-back works')
  scene.cloud.settings.roleMayAsk = false
  const ailing = await scene.serverless(doctor)
  expect(ailing.stdout).toContain('FAIL role: relay-role; read-back does not work')
  // The queue is connected to nothing.
  expect(sound.last(1)).toContain('1 check failed: see the remedies above.')
  expect(ailing.last(1)).toContain('2 checks failed: see the remedies above.')
  expect(ailing.code).toBe(1)
})

test('refused, as the real service does now; by a package from before', async () => {
  const packed = await scene.serverless('package --package out', {
    CALLBACK_TOKEN: undefined,
    TENCENT_SECRET_ID: undefined,
    TENCENT_SECRET_KEY: undefined,
  })
  expect(packed.last(1)).toBe('Packaged out/cos-callback-relay.zip')
  scene.cloud.settings.apigwGone = true
  const ran = await scene.serverless('deploy --stage late --param trigger=apigw --package out')
  expect(ran.code).toBe(1)
  expect(ran.last(1)).toContain('The API Gateway trigger was refused (UnsupportedOperation.Trigger')
  expect(ran.last(1)).toContain('Deploy without trigger=apigw to get a function URL')
  expect(scene.cloud.functions.has(CALLBACK)).toBe(false)
})

test('nothing but Tencent Cloud was asked, and no secret was shown', () => scene.mustBeClean())
