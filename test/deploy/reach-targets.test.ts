import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { endpointsOf, isPrivate, whyUnreachable } from '../../src/deploy/reach-targets'

test.each([
  ['amqp://u:p%40ss@mq.example.com/vhost?queue=q', [{ host: 'mq.example.com', port: 5672 }]],
  [
    'kafkas://u:p@a.example.com:9092,b.example.com/topic',
    [
      { host: 'a.example.com', port: 9092 },
      { host: 'b.example.com', port: 9093 },
    ],
  ],
  ['redis://[fd00::1]:6380/0?stream=s', [{ host: 'fd00::1', port: 6380 }]],
  ['https://example.com#secret=whsec_x', [{ host: 'example.com', port: 443 }]],
  ['wecom://KEY', [{ host: 'qyapi.weixin.qq.com', port: 443 }]],
  ['slack://T/B/X?endpoint=http%3A%2F%2F127.0.0.1%3A8080', [{ host: '127.0.0.1', port: 8080 }]],
  ['file:queue.jsonl', []],
  ['cmq://q?region=gz', []],
])('%s', (url, endpoints) => {
  expect(endpointsOf(url)).toEqual(endpoints)
})

test('addresses that need a VPC', () => {
  expect(
    [
      '10.0.0.1',
      '172.16.0.1',
      '192.168.1.1',
      '127.0.0.1',
      '100.64.0.1',
      'redis',
      'mq.internal',
      'fd00::1',
    ].filter((host) => !isPrivate(host)),
  ).toEqual([])
  expect(['8.8.8.8', '172.32.0.1', '100.128.0.1', 'mq.example.com', '2001:db8::1'].filter(isPrivate)).toEqual(
    [],
  )
})

test('a port that listens, and one that does not', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  expect(await whyUnreachable({ host: '127.0.0.1', port })).toBeNull()
  server.close()
  await once(server, 'close')
  expect(await whyUnreachable({ host: '127.0.0.1', port })).toBe('ECONNREFUSED')
})
