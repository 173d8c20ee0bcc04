import { listenAddress } from '../../../tools/local/listen-address'

test.each([
  [{}, { host: '127.0.0.1', address: '127.0.0.1', port: 9000, isLoopback: true }],
  [
    { PORT: '0', HOST: '::1' },
    { host: '::1', address: '::1', port: 0, isLoopback: true },
  ],
  [{ HOST: '127.1.2.3' }, { host: '127.1.2.3', address: '127.1.2.3', port: 9000, isLoopback: true }],
  [{ HOST: '::ffff:127.0.0.1' }, { address: '::ffff:127.0.0.1', isLoopback: true }],
  [{ HOST: '0.0.0.0' }, { host: '0.0.0.0', address: '0.0.0.0', isLoopback: false }],
  [{ HOST: '::' }, { host: '::', address: '::', isLoopback: false }],
  // As inet_aton reads it.
  [{ HOST: '0' }, { host: '0', address: '0.0.0.0', isLoopback: false }],
  [{ HOST: '::ffff:10.0.0.1' }, { isLoopback: false }],
  [{ HOST: '192.168.1.2' }, { isLoopback: false }],
])('%j is %j', async (env, address) => {
  expect(await listenAddress(env)).toMatchObject(address)
})

test('a name is what this machine takes it for', async () => {
  const { host, address, isLoopback } = await listenAddress({ HOST: 'localhost' })
  expect([host, isLoopback]).toEqual(['localhost', true])
  expect(address).toMatch(/^(127\.0\.0\.1|::1)$/)
  await expect(listenAddress({ HOST: 'nobody.invalid' })).rejects.toThrow('HOST: this machine has no such')
})

test.each(['x', '-1', '65536', '80.5', '1e3', '0x50'])('refuses the port %j', async (PORT) => {
  await expect(listenAddress({ PORT })).rejects.toThrow(
    'PORT: not a port number; use 0 (any free port) to 65535',
  )
})
