import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { isPrivate, whyUnreachable } from '../../../tools/deploy/commands/doctor/reach-targets'

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
