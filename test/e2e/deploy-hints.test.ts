import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DeployScene, startDeployScene } from '../support/deploy-scene'

// Whatever a command tells to run next, pasted as it stands, acts on the same stage and region.

jest.setTimeout(600_000)

let scene: DeployScene
beforeAll(async () => {
  scene = await startDeployScene()
})
afterAll(() => scene.stop())

const STAGE = 'deploy --stage prod --param memory=256'
const hints = new Map<string, string>()

/** Runs a command and keeps what it tells to run. */
async function run(command: string, env: Readonly<Record<string, string | undefined>> = {}): Promise<void> {
  const { all } = await scene.serverless(command, env)
  for (const [, hint = ''] of all.matchAll(/`npx serverless ([^`]+)`/g)) hints.set(hint, command)
}

test('commands that go well, and that do not, tell what to do next', async () => {
  const prod = '--stage prod --param memory=256'
  await run(`callback test ${prod}`)
  await run(`info ${prod}`)
  await run(STAGE)
  await run(`callback doctor ${prod} --bucket media-1250000000 --queue p9`)
  await run(`rollback ${prod}`)
  await run(`deploy ${prod}`, { VERIFY: 'read-back' })
  await run(`callback role ${prod} --bucket media-1250000000`, { VERIFY: 'read-back' })
  await run(`callback rotate ${prod}`, { CALLBACK_TOKEN: undefined })
  await run(`deploy ${prod} --param runtime=Nodejs22.21`)
  expect(hints.size).toBeGreaterThan(8)
})

test('a stage whose own file says its name is told, too: the next command would not read that file', async () => {
  writeFileSync(join(scene.project.folder, '.env.own'), 'DEPLOY_STAGE=own\n')
  const { all } = await scene.serverless('callback test --stage own')
  expect(all).toContain('`npx serverless deploy --stage own`')
})

test('each of them names the stage and what else was told, and acts on it', async () => {
  scene.cloud.ci.queues.set('p1', { name: 'queue-1', state: 'Active', notify: '<State>Off</State>' })
  scene.cloud.ci.workflows.set('w1', {
    name: 'w',
    state: 'Paused',
    topology: '<Topology><Nodes><Start><Type>Start</Type><Input></Input></Start></Nodes></Topology>',
  })
  const ready = [...hints.keys()]
    // What nobody but the reader knows.
    .map((hint) => hint.replace('BUCKET-APPID', 'media-1250000000').replace('--workflow ID', '--workflow w1'))
    .filter((hint) => !/…|^remove|^deploy/.test(hint))
  expect([...hints.keys()].filter((hint) => !/ --stage prod( |$)/.test(hint))).toEqual([])
  expect([...hints.keys()].filter((hint) => !hint.includes('--param memory=256'))).toEqual([])
  for (const hint of new Set(ready)) {
    scene.cloud.calls.splice(0)
    const ran = await scene.serverless(hint)
    expect(ran.all).not.toMatch(/not found|did you mean|Unrecognized/i)
    const names = scene.cloud.calls.flatMap(({ parameters }) =>
      typeof parameters['FunctionName'] === 'string' ? [parameters['FunctionName']] : [],
    )
    expect(names.filter((name) => !name.startsWith('cos-callback-relay-prod-'))).toEqual([])
  }
})
