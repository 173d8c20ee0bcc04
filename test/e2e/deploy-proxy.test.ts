import { type ConnectProxy, startConnectProxy } from '../support/connect-proxy'
import { type DeployScene, startDeployScene } from '../support/deploy-scene'

// A machine that is let out by a proxy alone: no name is resolved, no host reached but by a tunnel.

jest.setTimeout(300_000)

let scene: DeployScene
let proxy: ConnectProxy
let env: Readonly<Record<string, string>>
beforeAll(async () => {
  scene = await startDeployScene()
  proxy = await startConnectProxy(Number(scene.cloud.env.FAKE_CLOUD_PORT))
  env = { FAKE_CLOUD_OFFLINE: '1', HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }
  scene.cloud.ci.queues.set('p1', { name: 'queue-1', state: 'Active', notify: '<State>Off</State>' })
})
afterAll(async () => {
  await Promise.all([scene.stop(), proxy.stop()])
})

test.each([
  'deploy',
  'info',
  'callback test',
  'callback connect --bucket media-1250000000 --queue p1',
  'callback doctor --bucket media-1250000000 --queue p1',
  'rollback',
])('%s', async (command) => {
  const ran = await scene.serverless(command, env)
  expect([ran.code, ran.last(1)]).toEqual([0, expect.any(String)])
})

test('every host that there is was reached by a tunnel', () => {
  const hosts = new Set(proxy.asked)
  for (const host of ['cam', 'scf', 'tag']) expect(hosts).toContain(`${host}.tencentcloudapi.com:443`)
  expect([...hosts].filter((host) => /\.(cos|ci)\.ap-guangzhou\.myqcloud\.com:443$/.test(host))).toHaveLength(
    2,
  )
  expect([...hosts].filter((host) => host.endsWith('.tencentscf.com:443'))).toHaveLength(1)
})

test('NO_PROXY: what it names is gone to straight', async () => {
  const ran = await scene.serverless('info', { ...env, NO_PROXY: '.tencentcloudapi.com' })
  expect(ran.code).toBe(1)
  expect(ran.last(1)).toBe(
    'Tencent Cloud cannot be reached (scf.tencentcloudapi.com: ENOTFOUND): check the network, and the proxy if there is one (HTTPS_PROXY, NO_PROXY), then run the command again.',
  )
})

test('https_proxy with a password, which is never shown', async () => {
  const locked = await startConnectProxy(Number(scene.cloud.env.FAKE_CLOUD_PORT), 'pass-of-the-proxy')
  const url = (password: string): string => `http://user:${password}@127.0.0.1:${locked.port}`
  const offline = { FAKE_CLOUD_OFFLINE: '1' }
  const [right, wrong, bare] = await Promise.all([
    scene.serverless('info', { ...offline, https_proxy: url('pass-of-the-proxy') }),
    scene.serverless('info', { ...offline, https_proxy: url('wrong-pass') }),
    scene.serverless('info', { ...offline, HTTPS_PROXY: `127.0.0.1:${proxy.port}` }),
  ])
  await locked.stop()
  expect([right.code, bare.code]).toEqual([0, 0])
  expect(wrong.code).toBe(1)
  expect(wrong.last(1)).toContain('the proxy asks for a user name and a password')
  expect(right.all + wrong.all).not.toMatch(/pass-of-the-proxy|wrong-pass/)
})

test('nothing but Tencent Cloud was asked, and no secret was shown', () => scene.mustBeClean())
