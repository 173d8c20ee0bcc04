import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel, type ITopicConfig } from 'kafkajs'
import { answers, hangsUp, type HostilePeer, says, startHostilePeer } from '../support/hostile-peer'
import {
  type KafkaFront,
  passOn,
  startKafkaFront,
  withCode,
  withSession,
  withThrottle,
} from '../support/kafka-front'
import { validateMessage } from '../support/schema'
import { describeService } from '../support/services'
import { callbackXml, runId, runOf } from './callbacks'
import { openRelay, type Relay } from './open-relay'

const LATER_MS = 240_000
const QUARTER_MS = 900_000
const LOGIN = `${encodeURIComponent('ckafka-1#relay')}:${encodeURIComponent('s3cret/@:%')}`

describeService('kafka', (server) => {
  const port = Number(server.split(':')[1])
  const sasl = `127.0.0.1:${port + 1}`
  const topic = `artifact-weather-${process.pid}`
  const admin = new Kafka({ brokers: [server], logLevel: logLevel.NOTHING }).admin()
  const consumer = new Kafka({ brokers: [server], logLevel: logLevel.NOTHING }).consumer({
    groupId: topic,
    maxWaitTimeInMs: 20,
  })
  const dir = mkdtempSync(join(tmpdir(), 'relay-kafka-'))
  let inbox: string[] = []
  const events: unknown[] = []
  let last = -1
  let relays: Relay[] = []
  let front: KafkaFront
  let fronts: KafkaFront[] = []
  let stores = 0

  const create = async (...topics: ITopicConfig[]): Promise<boolean> =>
    admin.createTopics({ waitForLeaders: true, topics })

  beforeAll(async () => {
    await admin.connect()
    await create({ topic, numPartitions: 1 })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ message: { value, offset } }) => {
        const event = JSON.parse(String(value)) as { id: string }
        events.push(event)
        inbox.push(runOf(event))
        last = Number(offset)
      },
    })
  }, 60_000)

  afterAll(async () => {
    await consumer.disconnect()
    await admin.deleteTopics({ topics: [topic] })
    await admin.disconnect()
    rmSync(dir, { recursive: true })
    events.forEach(validateMessage)
  })

  beforeEach(async () => {
    front = await openFront(server)
    await received()
  })

  afterEach(async () => {
    const faults = relays.flatMap((relay) => relay.faults)
    for (const relay of relays) await relay.kill()
    relays = []
    for (const each of fronts) await each.close()
    fronts = []
    expect(faults).toEqual([])
  })

  async function openFront(...options: Parameters<typeof startKafkaFront>): Promise<KafkaFront> {
    const opened = await startKafkaFront(...options)
    fronts.push(opened)
    return opened
  }

  /** The ids of all that has arrived since the last call. */
  async function received(): Promise<string[]> {
    const [end] = await admin.fetchTopicOffsets(topic)
    while (last < Number(end?.high) - 1) await new Promise((done) => setTimeout(done, 5))
    const ids = inbox
    inbox = []
    return ids
  }

  function open(queue: string, env: Readonly<Record<string, string>> = {}): Relay {
    const relay = openRelay({ QUEUE_URL: queue, STORE_URL: `file:${dir}/store-${(stores += 1)}`, ...env })
    relays.push(relay)
    return relay
  }

  const at = (hosts: string, query = ''): string => `kafka://${hosts}/${topic}${query}`

  async function post(relay: Relay, id: string, outcome: string): Promise<void> {
    const { status, outcome: got } = await relay.post(callbackXml(id, `${id}.mp4`))
    expect({ id, status, outcome: got }).toEqual({ id, status: 200, outcome })
  }

  async function sweep(relay: Relay): Promise<object> {
    await relay.passTime(LATER_MS)
    return relay.sweep()
  }

  describe('one of several brokers', () => {
    let hung: HostilePeer
    let full: BlackHole
    let certificate: { readonly key: Buffer; readonly cert: Buffer; readonly file: string }

    beforeAll(async () => {
      hung = await startHostilePeer()
      full = await startBlackHole()
      certificate = makeCertificate(dir)
    })

    afterAll(async () => {
      full.close()
      await hung.close()
    })

    const DEAD = {
      'takes connections and says nothing': () => {
        hung.behave((socket) => socket.on('data', () => undefined))
        return hung.address
      },
      'lets nobody connect': () => full.address,
      'is not there': () => '127.0.0.1:1',
      'is a web server': () => {
        hung.behave(answers('HTTP/1.1 400 Bad Request\r\n\r\n'))
        return hung.address
      },
      'greets like a mail server': () => {
        hung.behave(says('220 mail.example.com ESMTP\r\n'))
        return hung.address
      },
      'hangs up': () => {
        hung.behave(hangsUp)
        return hung.address
      },
    }

    describe.each(Object.entries(DEAD))('%s', (_, dead) => {
      test.each(['first', 'last'])('and is named %s', async (place) => {
        const hosts = place === 'first' ? [dead(), server] : [server, dead()]
        await post(open(at(hosts.join(','))), runId('d', 1), 'queued')
        expect(await received()).toHaveLength(1)
      })

      test.each(['plain', 'scram-sha-512'])('and the others want a login by %s', async (mechanism) => {
        await post(open(at(`${LOGIN}@${dead()},${sasl}`, `?sasl=${mechanism}`)), runId('d', 2), 'queued')
        expect(await received()).toHaveLength(1)
      })

      test('and the others speak TLS', async () => {
        const safe = await openFront(server, certificate)
        const relay = open(at(`${dead()},${safe.address}`).replace('kafka:', 'kafkas:'), {
          NODE_EXTRA_CA_CERTS: certificate.file,
        })
        await post(relay, runId('d', 3), 'queued')
        expect(await received()).toHaveLength(1)
      })
    })

    test('of which most are dead in different ways', async () => {
      hung.behave((socket) => socket.on('data', () => undefined))
      const hosts = [hung.address, full.address, '127.0.0.1:1', server]
      await post(open(at(hosts.join(','))), runId('d', 4), 'queued')
      expect(await received()).toHaveLength(1)
    })

    test('of which all are dead: each is named with what is wrong with it', async () => {
      hung.behave(answers('HTTP/1.1 400 Bad Request\r\n\r\n'))
      const relay = open(at(`127.0.0.1:1,${hung.address}`))
      await post(relay, runId('d', 5), 'parked')
      expect(errorOf(relay)).toBe(
        `kafka: 127.0.0.1:1: ECONNREFUSED; ${hung.address}: what answers there is no Kafka broker`,
      )
    })
  })

  describe('far away', () => {
    test('with a round trip of 250 ms and SCRAM: works from the next callback on', async () => {
      const far = await openFront(sasl)
      far.delay(125)
      const relay = open(at(`${LOGIN}@${far.address}`, '?sasl=scram-sha-256'))
      await relay.post(callbackXml(runId('f', 1), 'f1'))
      await post(relay, runId('f', 2), 'queued')
      await sweep(relay)
      expect((await received()).sort()).toEqual([runId('f', 1), runId('f', 2)])
    })

    test('with a round trip of 600 ms and SCRAM: delivered by the sweep', async () => {
      const far = await openFront(sasl)
      far.delay(300)
      const relay = open(at(`${LOGIN}@${far.address}`, '?sasl=scram-sha-512'))
      await relay.post(callbackXml(runId('f', 3), 'f3'))
      expect(await sweep(relay)).toMatchObject({ failed: 0, waiting: 0 })
      expect(await received()).toEqual([runId('f', 3)])
    })
  })

  describe('frozen for a quarter of an hour', () => {
    test.each(['forget', 'cut'] as const)('while a router did %s its connections', async (how) => {
      const relay = open(at(front.address))
      await post(relay, runId('z', 1), 'queued')
      for (const number of [2, 3]) {
        front[how]()
        await relay.passTime(QUARTER_MS)
        await post(relay, runId('z', number), 'queued')
      }
      expect(await received()).toEqual([1, 2, 3].map((number) => runId('z', number)))
    })
  })

  describe('many at once', () => {
    const jobs = (prefix: string, count: number, note: string): string =>
      `<Response><EventName>TaskFinish</EventName>${Array.from({ length: count }, (_, index) => job(runId(prefix, index), note)).join('')}</Response>`

    test('300 of 9 KB each go out in requests that a broker takes', async () => {
      const relay = open(at(server), { STORE_URL: 'memory:' })
      const { outcome } = await relay.post(jobs('b', 300, 'u'.repeat(8400)))
      expect(errorOf(relay)).toBe('undefined')
      expect(outcome).toEqual(Array(300).fill('queued'))
      expect(await received()).toHaveLength(300)
    })

    test('a topic that takes less refuses none of them', async () => {
      const small = `${topic}-small`
      await create({
        topic: small,
        numPartitions: 3,
        configEntries: [{ name: 'max.message.bytes', value: '30000' }],
      })
      const { outcome } = await open(at(server).replace(topic, small)).post(jobs('s', 100, 'u'.repeat(8400)))
      expect(outcome).toEqual(Array(100).fill('queued'))
      const offsets = await admin.fetchTopicOffsets(small)
      expect(offsets.reduce((sum, { high }) => sum + Number(high), 0)).toBe(100)
      await admin.deleteTopics({ topics: [small] })
    })

    test('one that is too large is given up, the others are not', async () => {
      const small = `${topic}-large`
      await create({
        topic: small,
        numPartitions: 1,
        configEntries: [{ name: 'max.message.bytes', value: '30000' }],
      })
      const relay = open(at(server).replace(topic, small))
      const body = `<Response><EventName>TaskFinish</EventName>${job(runId('l', 1), 'u')}${job(runId('l', 2), 'u'.repeat(40_000))}${job(runId('l', 3), 'u')}</Response>`
      const { outcome } = await relay.post(body)
      expect(outcome).toEqual(['queued', 'parked', 'queued'])
      expect(errorOf(relay)).toMatch(/MESSAGE_TOO_LARGE: .*raise its max.message.bytes/)
      expect(await sweep(relay)).toMatchObject({ delivered: 0, waiting: 0 })
      await admin.deleteTopics({ topics: [small] })
    })

    test('what one partition refuses says nothing of the others, and nothing arrives twice', async () => {
      const three = `${topic}-three`
      await create({ topic: three, numPartitions: 3 })
      const relay = open(at(server).replace(topic, three))
      const large = job(runId('p', 4), 'u'.repeat(1_100_000))
      const small = Array.from({ length: 9 }, (_, index) => job(runId('p', index + 10), ''))
      const { outcome } = await relay.post(
        `<Response><EventName>TaskFinish</EventName>${small.slice(0, 4).join('')}${large}${small.slice(4).join('')}</Response>`,
      )
      expect(outcome).toEqual([...Array(4).fill('queued'), 'parked', ...Array(5).fill('queued')])
      const offsets = await admin.fetchTopicOffsets(three)
      expect(offsets.reduce((sum, { high }) => sum + Number(high), 0)).toBe(9)
      await admin.deleteTopics({ topics: [three] })
    })

    test('a compacted topic refuses those without a key, and no others', async () => {
      const compacted = `${topic}-compacted`
      await create({
        topic: compacted,
        numPartitions: 1,
        configEntries: [{ name: 'cleanup.policy', value: 'compact' }],
      })
      const relay = open(at(server).replace(topic, compacted))
      const keyless = job(runId('k', 2), '').replace(/<Object>.*<\/Object>/, '')
      const { outcome } = await relay.post(
        `<Response><EventName>TaskFinish</EventName>${job(runId('k', 1), '')}${keyless}${job(runId('k', 3), '')}</Response>`,
      )
      expect(outcome).toEqual(['queued', 'parked', 'queued'])
      expect(errorOf(relay)).toMatch(/INVALID_RECORD: .*compacted/)
      await admin.deleteTopics({ topics: [compacted] })
    })
  })

  describe('an answer', () => {
    test('that got lost with its connection: asked for again, and written once', async () => {
      const relay = open(at(front.address))
      await post(relay, runId('a', 1), 'queued')
      let isCut = false
      front.answer((api, answer) => {
        if (api !== 'produce' || isCut) return answer
        isCut = true
        return 'cut'
      })
      const ids = Array.from({ length: 5 }, (_, index) => runId('a', index + 2))
      await Promise.all(ids.map(async (id) => post(relay, id, 'queued')))
      expect(isCut).toBe(true)
      expect((await received()).sort()).toEqual([runId('a', 1), ...ids])
    })

    test('that got lost, of a producer that cannot ask again: sent once a try', async () => {
      const relay = open(at(front.address, '?idempotent=0'))
      await post(relay, runId('a', 10), 'queued')
      front.answer((api, answer) => (api === 'produce' ? 'cut' : answer))
      await post(relay, runId('a', 11), 'parked')
      expect(errorOf(relay)).toMatch(/whether the message was taken is not known/)
      expect(front.produced).toBe(2)
    })

    test('that never comes: one copy a try, and the next ones are not lost', async () => {
      const relay = open(at(front.address))
      await post(relay, runId('a', 20), 'queued')
      front.answer((api, answer) => (api === 'produce' ? 'silence' : answer))
      await post(relay, runId('a', 21), 'parked')
      expect(errorOf(relay)).toMatch(/no answer within the time allowed; whether the message was taken/)
      front.answer(passOn)
      await post(relay, runId('a', 22), 'queued')
      await relay.passTime(LATER_MS * 10)
      await relay.sweep()
      const ids = await received()
      expect(ids.filter((id) => id === runId('a', 21)).length).toBeLessThanOrEqual(2)
      expect(new Set(ids)).toEqual(new Set([20, 21, 22].map((number) => runId('a', number))))
    })

    test.each([2500, 5000])('that comes after %d ms: two copies, and no more', async (ms) => {
      const relay = open(at(front.address))
      front.confirmLate(ms)
      await post(relay, runId('w', ms), 'parked')
      expect(await sweep(relay)).toMatchObject({ delivered: 1, waiting: 0 })
      expect(await received()).toEqual([runId('w', ms), runId('w', ms)])
    })

    test.each([
      [19, 'NOT_ENOUGH_REPLICAS', false],
      [20, 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', true],
      [7, 'REQUEST_TIMED_OUT', true],
      [29, 'TOPIC_AUTHORIZATION_FAILED: the user may not write to the topic', false],
      [31, 'CLUSTER_AUTHORIZATION_FAILED: .*idempotent=0', false],
    ])('of code %d says so: %s', async (code, words, isUnsure) => {
      const relay = open(at(front.address))
      front.answer(withCode(code))
      await post(relay, runId('c', code), 'parked')
      expect(errorOf(relay)).toMatch(new RegExp(`^kafka: ${front.address}: ${words}`))
      expect(errorOf(relay).includes('whether the message was taken is not known')).toBe(isUnsure)
    })

    test('that the leader has moved: asks where to, and goes there', async () => {
      const relay = open(at(front.address))
      const moved = withCode(6)
      let count = 0
      front.answer((api, answer) => (api === 'produce' && (count += 1) <= 2 ? moved(api, answer) : answer))
      await post(relay, runId('m', 1), 'queued')
      expect(count).toBe(3)
    })

    test('that asks for a pause: nothing is sent until it is over', async () => {
      const relay = open(at(front.address))
      front.answer(withThrottle(30_000))
      await post(relay, runId('t', 1), 'queued')
      front.answer(passOn)
      await post(relay, runId('t', 2), 'parked')
      expect(errorOf(relay)).toMatch(/asks for a pause/)
      expect(front.produced).toBe(1)
      expect(await sweep(relay)).toMatchObject({ delivered: 1, waiting: 0 })
      expect(await received()).toEqual([runId('t', 1), runId('t', 2)])
    })
  })

  test('a login that is about to end is renewed in time', async () => {
    const short = await openFront(sasl)
    short.answer(withSession(300))
    const relay = open(at(`${LOGIN}@${short.address}`, '?sasl=plain'))
    await post(relay, runId('r', 1), 'queued')
    await new Promise((done) => setTimeout(done, 400))
    await post(relay, runId('r', 2), 'queued')
    expect(short.connections).toBe(2)
  })

  describe('an error', () => {
    test('names the address that a broker sent us to, not the broker', async () => {
      const relay = open(at(front.address))
      front.advertise(1)
      await post(relay, runId('e', 1), 'parked')
      expect(errorOf(relay)).toBe(`kafka: 127.0.0.1:1, which ${front.address} advertises: ECONNREFUSED`)
      const hung = await startHostilePeer()
      hung.behave((socket) => socket.on('data', () => undefined))
      front.advertise(hung.port)
      const other = open(at(front.address))
      await post(other, runId('e', 5), 'parked')
      expect(errorOf(other)).toBe(
        `kafka: ${hung.address}, which ${front.address} advertises: no answer within the time allowed`,
      )
      await hung.close()
    })

    test.each(['plain', 'scram-sha-256'])('says that the password is wrong (%s)', async (mechanism) => {
      const user = encodeURIComponent('ckafka-1#relay')
      const relay = open(at(`${user}:wr0ng-secret@${sasl}`, `?sasl=${mechanism}`))
      await post(relay, runId('e', 2), 'parked')
      expect(errorOf(relay)).toMatch(/authentication failed.*check the user and the password.*%23/i)
      expect(relay.printed()).not.toContain('wr0ng-secret')
    })

    test('says that a login is not taken there', async () => {
      const relay = open(at(`${LOGIN}@${server}`))
      await post(relay, runId('e', 3), 'parked')
      expect(errorOf(relay)).toMatch(/takes no logins/)
    })

    test('says what may be wrong when the broker hangs up on who has not logged in', async () => {
      const relay = open(at(sasl))
      await post(relay, runId('e', 4), 'parked')
      expect(errorOf(relay)).toMatch(/ended the connection.*a user and a password/)
    })
  })
})

function job(id: string, note: string): string {
  return `<JobsDetail><JobId>${id}</JobId><Tag>Transcode</Tag><State>Success</State><Code>Success</Code><BucketId>media-1250000000</BucketId><Input><BucketId>media-1250000000</BucketId><Object>${id}.mp4</Object></Input><Operation><UserData>${note}</UserData></Operation></JobsDetail>`
}

function errorOf(relay: Relay): string {
  return String(relay.log().find(({ msg }) => msg.startsWith('a delivery failed'))?.['error'])
}

interface BlackHole {
  readonly address: string
  close(): void
}

/** A port whose packets are dropped: its listener is stopped, and as many as it takes unasked have come. */
async function startBlackHole(): Promise<BlackHole> {
  const code = `const s = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(s.address().port))`
  const child: ChildProcess = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const port = await new Promise<number>((done) => child.stdout?.once('data', (text) => done(Number(text))))
  child.kill('SIGSTOP')
  const fillers: Socket[] = []
  for (let count = 0; count < 4; count += 1)
    fillers.push(connect({ host: '127.0.0.1', port }).on('error', () => undefined))
  await new Promise((done) => setTimeout(done, 100))
  return {
    address: `127.0.0.1:${port}`,
    close() {
      for (const socket of fillers) socket.destroy()
      child.kill('SIGKILL')
    },
  }
}

function makeCertificate(dir: string): { key: Buffer; cert: Buffer; file: string } {
  const [keyFile, file] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
  const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'.split(' ')
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', [...request, ...names, '-keyout', keyFile, '-out', file], { stdio: 'pipe' })
  return { key: readFileSync(keyFile), cert: readFileSync(file), file }
}
