import { CALLBACK, type DeployScene, startDeployScene, SWEEP } from '../support/deploy-scene'

// In order: what one test removes, the next one misses.

jest.setTimeout(300_000)

let scene: DeployScene
beforeAll(async () => {
  scene = await startDeployScene()
  scene.place()
})
afterAll(() => scene.stop())

test('triggers and functions go, and what stays is said', async () => {
  const ran = await scene.serverless('remove')
  expect(ran.code).toBe(0)
  expect(ran.last(6)).toMatch(/^Removed 2 functions\. What stays:\n {2}- the packages in the COS bucket/)
  expect(scene.cloud.functions.has(CALLBACK) || scene.cloud.functions.has(SWEEP)).toBe(false)
})

test('what is not there: every command fails, and says so', async () => {
  const cases = [
    ['info', '2 of the functions are not deployed to stage dev'],
    ['invoke -f callback --data {}', 'cos-callback-relay-dev-callback is not deployed'],
    ['logs -f callback', 'cos-callback-relay-dev-callback is not deployed'],
    ['callback test', 'cos-callback-relay-dev-callback is not deployed'],
  ] as const
  const rans = await Promise.all(cases.map(([command]) => scene.serverless(command)))
  expect(rans.map(({ code, last }) => [code, last(1)])).toEqual(
    cases.map(([, words]) => [1, expect.stringContaining(words)]),
  )
})

test('bad credentials: commands of ours and of the plugin fail too', async () => {
  const commands = ['info', 'remove', 'metrics', 'deploy list']
  const rans = await Promise.all(
    commands.map((command) => scene.serverless(command, { TENCENT_SECRET_ID: 'AKIDnobodynobody' })),
  )
  expect(rans.map(({ code }) => code)).toEqual(commands.map(() => 1))
  for (const { stdout } of rans) expect(stdout).toContain('Tencent Cloud refused the credentials')
})

test('nothing but Tencent Cloud was asked, and no secret was shown', () => scene.mustBeClean())
