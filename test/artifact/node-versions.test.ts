import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { execFileSync, spawnSync } from 'node:child_process'
import { Kafka, logLevel } from 'kafkajs'
import { type BuiltProject, builtProject } from '../e2e/built-project'
import { startFakeCloud } from '../support/fake-cloud'
import { describeNodes } from '../support/nodes'
import { createRabbitQueue } from '../support/rabbit-queue'
import { startRedis } from '../support/redis-server'
import { copyProject } from '../support/serverless-run'
import { describeService } from '../support/services'
import { temporaryFolder } from '../support/temporary-folder'
import { callbackXml } from './callbacks'
import { openRelay } from './open-relay'

/** The very line of Node.js that the cloud runs, at the oldest that package.json allows, and the two that people have on their machines. */

const root = resolve(__dirname, '..', '..')
const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  engines: { node: string }
  scripts: Record<string, string>
}

let project: BuiltProject
beforeAll(() => {
  project = builtProject()
}, 60_000)
afterAll(() => project.remove())

/** npm's program, to be run by a Node.js of our choice. */
function npm(): string {
  const global = execFileSync('npm', ['root', '--global'], { encoding: 'utf8' }).trim()
  return join(global, 'npm', 'bin', 'npm-cli.js')
}

function run(node: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(node, args, {
    cwd: project.path,
    env: { PATH: process.env['PATH'], PORT: '0', ...env },
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { status, stdout, stderr }
}

describeNodes('supported', (node, version) => {
  test('loads every file of the bundle', () => {
    const dist = dirname(process.env['RELAY_BUNDLE'] ?? '')
    const files = readdirSync(dist).filter((name) => name.endsWith('.js'))
    expect(files).toEqual(expect.arrayContaining(['index.js', 'queues-kafka.js', 'stores-redis.js']))
    const program = `
      for (const file of ${JSON.stringify(files.map((file) => join(dist, file)))}) require(file)
      console.log(process.versions.node)`
    expect(run(node, ['-e', program])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
  })

  test('npm start -- --samples: every sample event is answered as it should be', () => {
    const { status, stdout, stderr } = run(node, ['tools/cli/relay.mjs', 'start', '--samples'], {
      STORE_URL: 'memory:',
    })
    expect(stdout).toMatch(/\d\d events, all answered as expected/)
    expect([status, stderr]).toEqual([0, ''])
  })

  test('what 0.1 was started by goes on', () => {
    const { status, stdout } = run(node, ['scripts/local.mjs', 'start', '--help'])
    expect([status, stdout]).toEqual([0, expect.stringContaining('--samples')])
  })

  test('npm run invoke and npm run outbox work', () => {
    const store = { STORE_URL: `file:.relay/${version}` }
    const down = { ...store, QUEUE_URL: 'amqp://127.0.0.1:9/?queue=q' }
    const invoked = run(node, ['tools/cli/relay.mjs', 'invoke', '--json', 'events/url-success.json'], down)
    expect(JSON.parse(invoked.stdout)).toMatchObject({ body: expect.stringContaining('"parked"') })
    const listed = run(node, ['tools/cli/relay.mjs', 'outbox', 'list', '--json'], store)
    expect(JSON.parse(listed.stdout)).toEqual([expect.objectContaining({ status: 'waiting' })])
  })

  describeService('rabbitmq', (address) => {
    test('delivers over AMQP', async () => {
      const queue = await createRabbitQueue(address, `node-${version}-${String(process.pid)}`)
      const relay = openRelay({ QUEUE_URL: queue.url() }, { node })
      try {
        expect((await relay.post(callbackXml('i1'))).outcome).toBe('queued')
        expect(await queue.drain()).toEqual([{ id: 'i1', subject: 'input/clip.mp4' }])
      } finally {
        await relay.kill()
        await queue.remove()
      }
    })
  })

  describeService('redis', () => {
    test('delivers to a stream of Redis, and dedupes by it', async () => {
      const redis = await startRedis()
      const url = `redis://${redis.address}/0`
      const relay = openRelay({ QUEUE_URL: `${url}?stream=s`, STORE_URL: url }, { node })
      try {
        expect((await relay.post(callbackXml('i1'))).outcome).toBe('queued')
        expect((await relay.post(callbackXml('i1'))).outcome).toBe('duplicate')
        expect(await redis.command('XLEN', 's')).toBe(':1\r\n')
      } finally {
        await relay.kill()
        await redis.stop()
      }
    })
  })

  describeService('kafka', (address) => {
    test('delivers to Kafka', async () => {
      const topic = `node-${version}-${String(process.pid)}`
      const admin = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING }).admin()
      await admin.connect()
      await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] })
      const relay = openRelay({ QUEUE_URL: `kafka://${address}/${topic}` }, { node })
      try {
        expect((await relay.post(callbackXml('i1'))).outcome).toBe('queued')
        expect(await admin.fetchTopicOffsets(topic)).toEqual([expect.objectContaining({ high: '1' })])
      } finally {
        await relay.kill()
        await admin.deleteTopics({ topics: [topic] })
        await admin.disconnect()
      }
    })
  })

  test('deploys', async () => {
    const cloud = await startFakeCloud()
    const copy = copyProject(node)
    try {
      const { code, all } = await copy.serverless(['deploy'], {
        ...cloud.env,
        TENCENT_SECRET_ID: cloud.account.secretId,
        TENCENT_SECRET_KEY: cloud.account.secretKey,
        CALLBACK_TOKEN: 'e2eSecretTokenInTheUrl',
        QUEUE_URL: 'file:queue.jsonl',
        STORE_URL: 'file:store',
      })
      expect([code, all]).toEqual([0, expect.stringContaining('tencentscf.com/')])
      expect(cloud.functions.size).toBe(2)
    } finally {
      copy.drop()
      await cloud.stop()
    }
  }, 120_000)

  test('npm ci finds no package that it cannot be installed on', () => {
    const clone = temporaryFolder()
    try {
      for (const name of ['package.json', 'package-lock.json', '.npmrc', 'types'])
        cpSync(join(root, name), join(clone.path, name), { recursive: true })
      const args = [
        'ci',
        '--dry-run',
        '--engine-strict',
        '--offline',
        '--loglevel=notice',
        '--no-audit',
        '--no-fund',
      ]
      const { status, stdout } = spawnSync(node, [npm(), ...args], { cwd: clone.path, encoding: 'utf8' })
      expect([status, stdout]).toEqual([0, expect.stringMatching(/^added \d+ packages/m)])
    } finally {
      clone.remove()
    }
  })
})

describeNodes('tooOld', (node, version) => {
  const sentence = `cos-callback-relay needs Node.js ${packageJson.engines.node.slice(2)} or newer; this is ${version} (`
  const expectSentence = ({ status, stdout, stderr }: ReturnType<typeof run>): void => {
    expect(stderr.slice(0, sentence.length)).toBe(sentence)
    expect(stderr).toMatch(/^[^\n]*\n$/)
    expect([status, stdout]).toEqual([1, ''])
  }

  test.each([
    'cli/relay.mjs start',
    '../scripts/local.mjs start',
    'cli/relay.mjs invoke x',
    'cli/relay.mjs outbox list',
    'build/build.mjs',
    'services/services.mjs status',
    'services/nodes.mjs up',
  ])('node tools/%s says which one is needed', (script) =>
    expectSentence(run(node, `tools/${script}`.split(' '))),
  )

  test('deploy-plugin.cjs says which one is needed', () => {
    expectSentence(run(node, [join(root, 'deploy-plugin.cjs')]))
  })

  // With this Node.js first in the path, as a version manager has it.
  test.each(Object.keys(packageJson.scripts))('npm run %s says which one is needed', (name) => {
    const script = packageJson.scripts[name] ?? ''
    const path = `${dirname(node)}:${join(root, 'node_modules', '.bin')}:${String(process.env['PATH'])}`
    expectSentence(run('/bin/sh', ['-c', script], { PATH: path }))
  })
})
