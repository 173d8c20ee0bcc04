import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { zipEntries } from '../support/zip-entries'
import { ApiError } from '../support/fake-cloud-scf'
import { type DeployScene, startDeployScene } from '../support/deploy-scene'

// What the tools print, whoever prints it, and what they leave behind.

jest.setTimeout(300_000)

/** Each `canary…` is a secret; of an http URL all but scheme and host is. */
const SECRET_SETTINGS = {
  CALLBACK_TOKEN: 'canaryTOKENinTheUrl01234',
  QUEUE_URL: `amqps://relay:canary'PASS"\\$word\ncanary2@mq.example.com/v?queue=q`,
  ALERT_URLS:
    'https://hook.example.com/canaryHook?sig=canarySIG&code=canaryCODE https://canaryUSER:x@login.example.com/ https://short.example.com/k7 wecom://canaryROBOT',
  STORE_URL: 'rediss://:c%61nary%2BSTORE@cache.example.com/0',
}
const SECRETS = /canary|c%61nary|\/k7/

let scene: DeployScene
beforeAll(async () => {
  scene = await startDeployScene()
})
afterAll(() => scene.stop())

/** What is packed is looked at unpacked: any three bytes stand somewhere in what is compressed. */
const holdsSecret = (file: string): boolean =>
  file.endsWith('.zip')
    ? zipEntries(readFileSync(file)).some(({ content }) => SECRETS.test(content().toString('latin1')))
    : SECRETS.test(readFileSync(file, 'latin1'))

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))

test.each([
  'deploy --param QUEUE_URL=https://h.example.com/canary',
  'print --param="ALERT_URLS=wecom://canary"',
  'callback test --param=CALLBACK_TOKEN=canary',
  'info --param canary',
])('refused before anything is done, and not repeated: %s', async (command) => {
  const ran = await scene.serverless(command)
  expect(ran.code).toBe(1)
  expect(ran.last(1)).toMatch(/^(No secret is taken by --param|--param takes NAME=value)/)
  expect(ran.all).not.toMatch(SECRETS)
  expect([scene.cloud.calls, scene.cloud.cos.buckets.size]).toEqual([[], 0])
})

test.each([
  'print',
  'print --format json',
  'print --path functions.callback.environment.variables.ALERT_URLS --format text',
])('%s shows no secret, and what is none', async (command) => {
  const ran = await scene.serverless(command, SECRET_SETTINGS)
  expect(ran.code).toBe(0)
  expect(ran.all).not.toMatch(SECRETS)
  for (const seen of [
    'https://hook.example.com',
    'login.example.com',
    'https://short.example.com',
    'wecom://',
  ])
    expect(ran.stdout).toContain(seen)
})

test('what serverless would take for a variable is deployed as it stands', async () => {
  const QUEUE_URL = 'amqps://u:p${self:service}canary$x@h/v?queue=q'
  const ran = await scene.serverless('deploy', { QUEUE_URL })
  expect(ran.code).toBe(0)
  expect(ran.all).not.toMatch(SECRETS)
  expect(scene.variables('cos-callback-relay-dev-callback')).toMatchObject({ QUEUE_URL })
})

describe('deploying with all that debugs switched on', () => {
  const debugged = {
    ...SECRET_SETTINGS,
    DEBUG: '*',
    SLS_DEBUG: '*',
    SLS_LOG_LEVEL: 'debug',
    SLS_LOG_DEBUG: '*',
  }

  test('shows and leaves behind no secret', async () => {
    const ran = await scene.serverless('deploy --verbose --debug=*', debugged)
    expect(ran.code).toBe(0)
    expect(ran.stderr).toContain('process: run Serverless instance')
    expect(ran.all).not.toMatch(SECRETS)
    expect(scene.variables('cos-callback-relay-dev-callback')).toEqual(SECRET_SETTINGS)
    for (const folder of [scene.project.folder, scene.project.home])
      expect(filesBelow(folder).filter(holdsSecret)).toEqual([])
  })

  test('also when the cloud repeats the environment in a refusal', async () => {
    scene.cloud.actions['scf:UpdateFunctionConfiguration'] = ({ Environment }) => {
      throw new ApiError('InvalidParameterValue.Environment', `not taken: ${JSON.stringify(Environment)}`)
    }
    const ran = await scene.serverless('deploy --verbose', debugged)
    expect(ran.code).toBe(1)
    expect(ran.stdout).toContain('not taken: ')
    expect(ran.all).not.toMatch(SECRETS)
  })
})

test('nothing but Tencent Cloud was asked, and no secret was shown', () => scene.mustBeClean())
