import { Kafka, logLevel } from 'kafkajs'
import { Connection } from 'rabbitmq-client'
import {
  answers,
  type Behaviour,
  type Change,
  garbageFrom,
  hangsUp,
  type HostilePeer,
  mutated,
  randomBytes,
  says,
  silentFrom,
  speaksFor,
  startHostilePeer,
  unchanged,
} from '../support/hostile-peer'
import { createVhost } from '../support/rabbit-vhost'
import { random } from '../support/random'
import { describeService } from '../support/services'
import { callbackEvent, callbackXml, runId } from './callbacks'
import { answered, openRelay, type Relay } from './open-relay'

const PAGE = `HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>${'x'.repeat(9000)}`
const BANNER = '220 mail.example.com ESMTP Postfix\r\n'
const TLS_ALERT = Buffer.from('15030300020246', 'hex')
const ROUND = Number(process.env['RELAY_FUZZ_SEED'] ?? 1)
const ROUNDS = Number(process.env['RELAY_FUZZ_ROUNDS'] ?? 3)
const AT_ONCE = 8

/** MB that a relay may hold at the most, whatever it is sent. */
const MOST_MEMORY = 160

/** What no peer of any kind says. */
const ANY_KIND: readonly (readonly [string, Behaviour])[] = [
  ['an HTTP server', answers(PAGE)],
  ['an SMTP server', says(BANNER)],
  ['a TLS server', answers(TLS_ALERT)],
  ['random bytes', says(randomBytes(random(7), 65_536))],
  ['random bytes without end', answers('', randomBytes(random(8), 65_536))],
  ['zeros without end', answers('', Buffer.alloc(65_536))],
  ['letters without end', answers('', Buffer.alloc(65_536, 'a'))],
  ['one byte', says('\u0001')],
  ['a hang-up', hangsUp],
]

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex')
}

const AMQP_KIND: readonly (readonly [string, Behaviour])[] = [
  ['a frame of 2 GB', answers(bytes('01 0000 7fffffff'), Buffer.alloc(65_536))],
  ['a frame of 4 GB', answers(bytes('01 0000 ffffffff'), Buffer.alloc(65_536))],
  ['a frame of 1 GB', answers(bytes('01 0000 3fffffff'), Buffer.alloc(65_536))],
  ['half a frame', answers(bytes('01 0000 00000040 000a'))],
  ['a frame of nothing', answers(bytes('01 0000 00000000 ce'))],
  ['another version', answers('AMQP\u0000\u0000\u0009\u0001')],
  ['a body of 8 million frames', answers(bytes('02 0001 0000000e 003c 0000 0000010000000000 0000 ce'))],
  [
    'heartbeats without end',
    answers('', Buffer.concat(Array<Buffer>(999).fill(bytes('08 0000 00000000 ce')))),
  ],
]

const KAFKA_KIND: readonly (readonly [string, Behaviour])[] = [
  ['an answer of 2 GB', answers(bytes('7fffffff'), Buffer.alloc(65_536))],
  ['an answer of -1', answers(bytes('ffffffff 00000000'))],
  ['an answer of -4', answers(bytes('fffffffc 00000000'))],
  ['an answer of nothing', answers(bytes('00000000'))],
  ['a list of 30 million', answers(bytes('0000000a 00000000 0000 01c9c380'))],
  ['a list of -2', answers(bytes('0000000a 00000000 0000 fffffffe'))],
  ['half an answer', answers(bytes('00000040 00000000 0000'))],
]

const REDIS_KIND: readonly (readonly [string, Behaviour])[] = [
  ['a value of 2 GB', answers('$2147483647\r\n', Buffer.alloc(65_536))],
  ['a value of -5', answers('$-5\r\n')],
  ['a value of no number', answers('$1e9\r\n')],
  ['none that nobody asked for', says('$-1\r\n')],
  ['many that nobody asked for', says('+OK\r\n$-1\r\n:1\r\n*-1\r\n*1\r\n$-1\r\n')],
  ['a list of 30 million', answers('*30000000\r\n')],
  ['lists of a million in one another', answers('*1000000\r\n'.repeat(200))],
  ['lists in one another without end', answers('', '*1\r\n'.repeat(9999))],
  ['a line without end', answers('+', Buffer.alloc(65_536, 'a'))],
  ['an error without end', answers('-ERR ', Buffer.alloc(65_536, 'a'))],
  ['half a value', answers('$100\r\nabc')],
  ['numbers for answers', (socket) => socket.on('data', () => socket.write(':1\r\n'))],
  ['nothing for an answer', (socket) => socket.on('data', () => socket.write('$-1\r\n'))],
  ['another kind of answer', answers(':1\r\n'.repeat(20))],
]

interface Subject {
  readonly relay: Relay
  readonly peer: HostilePeer
  /** The real server, in what it says changed so that it names the peer for itself. */
  readonly real: (change: Change) => Behaviour
  /** As the relay answers a callback that the peer did not take. */
  readonly failed: string
  /** And one that it did. */
  readonly done: string
  readonly close: () => Promise<void>
}

/** How many callbacks there were. */
let count = 0

function nextCallback(): string {
  return callbackXml(runId('p', (count += 1)))
}

function holdsOut(setup: () => Promise<Subject>, kinds: readonly (readonly [string, Behaviour])[]): void {
  let subject: Subject

  beforeAll(async () => {
    subject = await setup()
    await subject.relay.ready
  }, 60_000)

  afterAll(async () => {
    await subject.relay.kill()
    await subject.close()
    await subject.peer.close()
  })

  async function works(): Promise<void> {
    const { relay, peer, real, done } = subject
    peer.cut()
    peer.behave(real(unchanged))
    const { status, outcome } = await relay.post(nextCallback())
    expect({ status, outcome }).toEqual({ status: 200, outcome: done })
  }

  test.each([...ANY_KIND, ...kinds])('%s', async (_, behaviour) => {
    const { relay, peer, failed } = subject
    peer.cut()
    peer.behave(behaviour)
    const { status, outcome, ms } = await relay.post(nextCallback())
    expect({ status, outcome }).toEqual({ status: 200, outcome: failed })
    expect(ms).toBeLessThan(6000)
    await works()
    expect(relay.faults).toEqual([])
  })

  test.each([8, 60, 300, 480, 520, 560])('garbage from byte %d of a good conversation', async (from) => {
    const { relay, peer, real } = subject
    peer.cut()
    peer.behave(real(garbageFrom(from, random(from))))
    expect((await relay.post(nextCallback())).status).toBe(200)
    await works()
    expect(relay.faults).toEqual([])
  })

  test.each([5, 200, 530])('silence from byte %d of a good conversation', async (from) => {
    const { relay, peer, real } = subject
    peer.cut()
    peer.behave(real(silentFrom(from)))
    expect((await relay.post(nextCallback())).status).toBe(200)
    await works()
  })

  test('conversations with faults anywhere', async () => {
    const { relay, peer, real } = subject
    for (let round = 0; round < ROUNDS; round += 1) {
      peer.cut()
      let seed = (ROUND * 1000 + round) * AT_ONCE
      peer.behave((socket) => real(mutated(random((seed += 1)), 620))(socket))
      const answersToAll = await Promise.all(
        Array.from({ length: AT_ONCE }, async (_, instance) =>
          relay.handle(callbackEvent(nextCallback()), instance),
        ),
      )
      expect(answersToAll.map((answer) => answered(answer).status)).toEqual(Array(AT_ONCE).fill(200))
    }
    await works()
    expect(relay.faults).toEqual([])
  }, 60_000)

  test('and holds no more than it needs', async () => {
    const { peakRssMb } = await subject.relay.usage()
    expect(peakRssMb).toBeLessThan(MOST_MEMORY)
  })
}

const OPTIONS = { instances: AT_ONCE, heapMb: 96 }

describeService('rabbitmq', (address) => {
  holdsOut(async () => {
    const vhost = createVhost('artifact-peers')
    const admin = new Connection(`amqp://guest:guest@${address}/${vhost.name}`)
    await admin.queueDeclare({ queue: 'q' })
    const peer = await startHostilePeer()
    return {
      peer,
      relay: openRelay(
        { QUEUE_URL: `amqp://${peer.address}/${vhost.name}?queue=q`, STORE_URL: 'memory:' },
        OPTIONS,
      ),
      real: (change) => speaksFor(address, change),
      failed: 'parked',
      done: 'queued',
      async close() {
        await admin.close()
        vhost.remove()
      },
    }
  }, AMQP_KIND)
})

describeService('kafka', (address) => {
  holdsOut(async () => {
    const topic = `artifact-peers-${process.pid}`
    const admin = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] })
    const peer = await startHostilePeer()
    // A broker tells where to go on: here, to the peer.
    const told = Buffer.concat([Buffer.from('127.0.0.1'), int32(Number(address.split(':')[1]))])
    const instead = Buffer.concat([Buffer.from('127.0.0.1'), int32(peer.port)])
    return {
      peer,
      relay: openRelay({ QUEUE_URL: `kafka://${peer.address}/${topic}`, STORE_URL: 'memory:' }, OPTIONS),
      real: (change) =>
        speaksFor(address, (chunk, at) => {
          const where = chunk.indexOf(told)
          if (where >= 0) instead.copy(chunk, where)
          return change(chunk, at)
        }),
      failed: 'parked',
      done: 'queued',
      async close() {
        await admin.deleteTopics({ topics: [topic] })
        await admin.disconnect()
      },
    }
  }, KAFKA_KIND)
})

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4)
  buffer.writeInt32BE(value)
  return buffer
}

describeService('redis', (address) => {
  describe('as a queue', () => {
    holdsOut(async () => {
      const peer = await startHostilePeer()
      const url = `redis://${peer.address}/7?stream=artifact-peers-${process.pid}&maxlen=1`
      return {
        peer,
        relay: openRelay({ QUEUE_URL: url, STORE_URL: 'memory:' }, OPTIONS),
        real: (change) => speaksFor(address, change),
        failed: 'parked',
        done: 'queued',
        close: () => Promise.resolve(),
      }
    }, REDIS_KIND)
  })

  describe('as a store', () => {
    holdsOut(async () => {
      const peer = await startHostilePeer()
      const url = `redis://${peer.address}/7?prefix=artifact-peers-${process.pid}:`
      return {
        peer,
        relay: openRelay({ QUEUE_URL: 'file:/dev/null', STORE_URL: url }, OPTIONS),
        real: (change) => speaksFor(address, change),
        failed: 'queued',
        done: 'queued',
        close: () => Promise.resolve(),
      }
    }, REDIS_KIND)
  })
})
