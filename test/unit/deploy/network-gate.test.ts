import http from 'node:http'
import https from 'node:https'
import { closeNetworkGate } from '../../../tools/deploy/cloud/network-gate'

const passed: unknown[] = []
// The same objects serve every test file of this process.
const originals = [http, https].map(({ request, get }) => ({ request, get }))

beforeAll(() => {
  for (const module of [http, https])
    module.request = ((...args: unknown[]) => passed.push(args)) as unknown as typeof http.request
  closeNetworkGate()
})
beforeEach(() => passed.splice(0))
afterAll(() => {
  Object.assign(http, originals[0])
  Object.assign(https, originals[1])
})

test.each<[string, unknown[]]>([
  ['the API', ['https://scf.tencentcloudapi.com/']],
  ['an address without a path', ['https://cos.ap-guangzhou.myqcloud.com', () => undefined]],
  ['COS, as options', [{ hostname: 'b-1.cos.ap-guangzhou.myqcloud.com', path: '/' }]],
  [
    'CI, as a URL and options',
    [new URL('https://b-1.ci.ap-guangzhou.myqcloud.com/queue'), { method: 'GET' }],
  ],
  [
    'a tunnel to the API through a proxy',
    [{ host: '127.0.0.1', port: 3128, method: 'CONNECT', path: 'cam.tencentcloudapi.com:443' }],
  ],
])('%s is let through', (_, args) => {
  https.request(...(args as [URL]))
  expect(passed).toEqual([
    [expect.objectContaining({ path: expect.anything() }), args.find((one) => typeof one === 'function')],
  ])
})

test.each<[string, unknown[]]>([
  ["the plugin's home", ['http://service-ocnymoks-1258344699.gz.apigw.tencentcs.com/release/dataReport']],
  [
    "serverless's statistics",
    [{ host: 'sp-notifications-and-metrics-v1.serverless-platform.com', path: '/' }],
  ],
  ['a look-alike', [new URL('https://eviltencentcloudapi.com/')]],
  ['another look-alike', ['https://tencentcloudapi.com.example.org/']],
  ['a tunnel elsewhere', [{ host: '127.0.0.1', method: 'CONNECT', path: 'example.org:443' }]],
  ['an absolute path elsewhere', [{ host: '127.0.0.1', path: 'http://example.org/?x=.myqcloud.com' }]],
  ['no host at all', [{ path: '/' }]],
])('%s is not', (_, args) => {
  expect(() => http.request(...(args as [URL]))).toThrow('not contacted')
  expect(() => https.get(...(args as [URL]))).toThrow('not contacted')
  expect(passed).toEqual([])
})
