import { gzipSync } from 'node:zlib'
import {
  answers,
  type Behaviour,
  hangsUp,
  type HostilePeer,
  randomBytes,
  says,
  startHostilePeer,
} from '../support/hostile-peer'
import { random } from '../support/random'
import { callbackXml, runId } from './callbacks'
import { openRelay, type Relay } from './open-relay'

const MEGABYTE = 2 ** 20
const CHUNK = Buffer.alloc(65_536, 'x')

function head(status: number, ...lines: readonly string[]): string {
  return [`HTTP/1.1 ${status} As It Is`, ...lines, '', ''].join('\r\n')
}

function whole(status: number, body: string | Buffer, ...lines: readonly string[]): Buffer {
  return Buffer.concat([
    Buffer.from(head(status, `content-length: ${Buffer.byteLength(body)}`, ...lines)),
    Buffer.from(body),
  ])
}

/** What servers that should speak HTTP say instead, or say in it. */
const KINDS: readonly (readonly [string, Behaviour])[] = [
  ['another protocol', says('220 mail.example.com ESMTP Postfix\r\n')],
  ['a broker of messages', answers(Buffer.from('AMQP\u0000\u0000\u0009\u0001'))],
  ['random bytes', answers(randomBytes(random(3), 65_536))],
  ['random bytes without end', answers('', randomBytes(random(4), 65_536))],
  ['a hang-up', hangsUp],
  ['half a status line', answers('HTTP/1.1 20')],
  ['a status without end', answers('HTTP/1.1 500 ', CHUNK)],
  ['a header without end', answers(head(500).slice(0, -2), 'x-more: and more\r\n'.repeat(999))],
  ['a header line without end', answers('HTTP/1.1 500 No\r\nx: ', CHUNK)],
  ['provisional answers without end', answers('', head(100).repeat(99))],
  ['another protocol from now on', answers(head(101, 'connection: upgrade', 'upgrade: h2c'))],
  ['a body without end', answers(head(500), CHUNK)],
  ['a success without end', answers(head(200, 'content-type: application/json'), CHUNK)],
  [
    'a body that is less than it says, then silence',
    answers(head(500, 'content-length: 2147483647') + 'x'.repeat(999)),
  ],
  ['two lengths', answers(head(500, 'content-length: 5', 'content-length: 7') + 'abcdefg')],
  ['a length that is none', answers(head(500, 'content-length: -1') + 'abc')],
  ['chunks of no length', answers(head(500, 'transfer-encoding: chunked') + 'zz\r\nabc\r\n')],
  ['a chunk of 2 GB', answers(head(500, 'transfer-encoding: chunked') + '7fffffff\r\n', CHUNK)],
  [
    'chunks of a byte without end',
    answers(head(500, 'transfer-encoding: chunked'), '1\r\nx\r\n'.repeat(9999)),
  ],
  ['JSON as deep as it is long', answers(whole(200, '['.repeat(MEGABYTE)))],
  ['objects as deep as they are long', answers(whole(500, '{"a":'.repeat(MEGABYTE / 4)))],
  ['XML as deep as it is long', answers(whole(200, '<a>'.repeat(MEGABYTE)))],
  ['elements that are never closed', answers(whole(200, '<Contents>'.repeat(MEGABYTE / 4)))],
  ['errors that are never closed', answers(whole(403, '<Error><Code>'.repeat(MEGABYTE / 8)))],
  [
    'a gigabyte, compressed',
    answers(whole(500, gzipSync(Buffer.alloc(64 * MEGABYTE)), 'content-encoding: gzip')),
  ],
  ['what is said to be compressed', answers(whole(500, 'plain', 'content-encoding: gzip, br, gzip'))],
  ['null', answers(whole(200, 'null'))],
  ['a list of nothing', answers(whole(200, '[null, 1, "x"]'))],
  ['a wait of a thousand years', answers(whole(429, '', 'retry-after: 31536000000'))],
  ['a wait that is none', answers(whole(503, '', 'retry-after: -1e999'))],
  [
    'control characters',
    answers(whole(500, '\u001b]0;x\u0007\u0000\u202e<Error><Code>\u001b[2J</Code></Error>')),
  ],
]

const KEYS = { TENCENT_SECRET_ID: 'AKIDx', TENCENT_SECRET_KEY: 'x' }

let peer: HostilePeer
let relays: readonly Relay[]

beforeAll(async () => {
  peer = await startHostilePeer()
  const endpoint = `endpoint=http://${peer.address}`
  const channels = [
    ...['wecom://k', 'dingtalk://k', 'feishu://k', 'slack://a/b/c', 'pagerduty://k'].map(
      (url) => `${url}?${endpoint}`,
    ),
    `alertmanager://${peer.address}`,
    `http://${peer.address}/alerts`,
  ]
  relays = [
    { QUEUE_URL: `http://${peer.address}/queue`, ALERT_URLS: channels.join(' '), STORE_URL: 'memory:' },
    { QUEUE_URL: `cmq://q?region=gz&${endpoint}`, STORE_URL: 'memory:' },
    { QUEUE_URL: 'file:/dev/null', STORE_URL: `cos://media-1250000000/p?region=ap-guangzhou&${endpoint}` },
    {
      QUEUE_URL: 'file:/dev/null',
      STORE_URL: 'memory:',
      VERIFY: 'read-back',
      COS_REGION: 'ap-guangzhou',
      CI_ENDPOINT: `http://${peer.address}`,
    },
  ].map((env) => openRelay({ ...KEYS, ...env }, { heapMb: 96 }))
  await Promise.all(relays.map(async ({ ready }) => ready))
})

afterAll(async () => {
  await Promise.all(relays.map(async (relay) => relay.kill()))
  await peer.close()
})

let count = 0

test.each(KINDS)('%s', async (_, behaviour) => {
  peer.cut()
  peer.behave(behaviour)
  const [first] = relays
  const all = [...relays.map((relay) => [relay, 'Success'] as const), [first!, 'Failed'] as const]
  const told = await Promise.all(
    all.map(async ([relay, state]) => {
      count += 1
      const { status, outcome, ms } = await relay.post(
        callbackXml(runId('h', count), `clip-${count}.mp4`, state),
      )
      return { status, isKnown: /^(parked|queued|alerted)$/.test(String(outcome)), isInTime: ms < 6000 }
    }),
  )
  expect(told).toEqual(all.map(() => ({ status: 200, isKnown: true, isInTime: true })))
  expect(relays.flatMap(({ faults }) => faults)).toEqual([])
})

test('and when they speak as they should again, all is delivered', async () => {
  peer.cut()
  peer.behave(answers(whole(204, '')))
  const [http] = relays
  const answer = await http!.post(callbackXml(runId('h', (count += 1)), 'again.mp4'))
  expect(answer.outcome).toBe('queued')
})

// A heap of 96 MB beside what lies in sockets, on a machine that has other things to do.
test('no more was held than is needed', async () => {
  for (const relay of relays) expect((await relay.usage()).peakRssMb).toBeLessThan(256)
})
