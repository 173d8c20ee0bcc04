import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type Server } from 'node:tls'
import { bundleChild, runChild } from '../../support/child-process'
import { describeService, type ServiceName } from '../../support/services'

// A certificate for 127.0.0.1 that only a process told of it (NODE_EXTRA_CA_CERTS) trusts.
const dir = mkdtempSync(join(tmpdir(), 'relay-tls-'))
const certificate = join(dir, 'cert.pem')
const script = join(dir, 'child.js')

beforeAll(() => {
  const request = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
  ]
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', [...request, ...names, '-keyout', join(dir, 'key.pem'), '-out', certificate], {
    stdio: 'pipe',
  })
  bundleChild('child-publisher.ts', script)
})

afterAll(() => rmSync(dir, { recursive: true }))

/** Takes TLS on one side and passes the plain bytes to a server on the other. */
async function terminateTls(target: string, port: number): Promise<Server> {
  const [host = '', targetPort] = target.split(':')
  const key = readFileSync(join(dir, 'key.pem'))
  const server = createServer({ key, cert: readFileSync(certificate) }, (client) => {
    const upstream = connect({ host, port: Number(targetPort) })
    client.on('error', () => upstream.destroy()).pipe(upstream)
    upstream.on('error', () => client.destroy()).pipe(client)
  })
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
  return server
}

/** Kafka sends its clients on to the port after that of its last listener: see tools/services/services.mjs. */
const SERVERS: readonly [ServiceName, number, number, (address: string) => string][] = [
  ['rabbitmq', 0, 0, (address) => `amqps://${address}/?queue=relay-test-tls&declare=1`],
  ['redis', 0, 0, (address) => `rediss://${address}/0?stream=relay-test-tls&maxlen=1`],
  ['kafka', 5, 6, (address) => `kafkas://${address}/relay-test-tls`],
]

for (const [name, listener, advertised, urlAt] of SERVERS) {
  describeService(name, (address) => {
    let server: Server
    let url: string

    beforeAll(async () => {
      const base = Number(address.split(':')[1])
      if (name === 'kafka') await createTopic(address, 'relay-test-tls')
      server = await terminateTls(
        `127.0.0.1:${String(base + listener)}`,
        advertised === 0 ? 0 : base + advertised,
      )
      url = urlAt(`127.0.0.1:${String((server.address() as AddressInfo).port)}`)
    })

    afterAll(() => server.close())

    test('publishes by TLS to a server that it trusts', async () => {
      const environment = { QUEUE_URL: url, DEADLINE_MS: '5000', NODE_EXTRA_CA_CERTS: certificate }
      expect(await runChild(script, environment)).toBe('published')
    })

    test('publishes nothing to a server that it does not trust', async () => {
      expect(await runChild(script, { QUEUE_URL: url, DEADLINE_MS: '5000' })).toBe('down')
    })
  })
}

async function createTopic(address: string, topic: string): Promise<void> {
  const { Kafka, logLevel } = await import('kafkajs')
  const admin = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] })
  await admin.disconnect()
}
