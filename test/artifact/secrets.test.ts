import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Behaviour, speaksFor, startHostilePeer } from '../support/hostile-peer'
import { startRedis } from '../support/redis-server'
import { describeService } from '../support/services'
import { callbackXml } from './callbacks'
import { openRelay, type Relay } from './open-relay'

/** Never anywhere but in the environment and on the wire. Each has what a URL must escape. */
const SECRET = 'canary/Secret+1@x'
const URL_SECRET = encodeURIComponent(SECRET)
const ANY_FORM = /canary|2Fsecret/i

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'relay-secrets-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

/** Whatever the relay left: printed, parked, told. */
function traces(relay: Relay): string {
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dir, name))
    .filter((path) => statSync(path).isFile())
  return [relay.printed(), ...files.map((path) => `${path}\n${readFileSync(path, 'utf8')}`)].join('\n')
}

function parkingIn(env: Readonly<Record<string, string>>): Relay {
  return openRelay({ STORE_URL: `file:${dir}/store`, ALERT_URLS: `file:${dir}/alerts.jsonl`, ...env })
}

/** Fails a delivery to a peer that repeats all that it was told; its own words must come through, the secrets must not. */
async function expectBlanked(
  relay: Relay,
  words: RegExp,
  state = 'Success',
  outcome = 'parked',
): Promise<void> {
  try {
    const answer = await relay.post(callbackXml('i1', 'clip.mp4', state))
    expect(answer).toMatchObject({ status: 200, outcome })
    expect(JSON.stringify(answer)).not.toMatch(ANY_FORM)
    await relay.sweep()
    const left = traces(relay)
    expect(left).toMatch(words)
    expect(left).not.toMatch(ANY_FORM)
  } finally {
    await relay.kill()
  }
}

describe('a configuration that cannot be read repeats no part of it', () => {
  test.each([
    ['QUEUE_URL', 'amqps://relay:2024?canarySECRET@mq.example.com/v?queue=q'],
    ['QUEUE_URL', 'amqps://canaryUSERKEY?canarySECRET@mq.example.com/v?queue=q'],
    ['QUEUE_URL', 'amqps://relay:12/canarySECRET@mq.example.com/v?queue=q'],
    ['QUEUE_URL', 'amqps://relay:12#canarySECRET@mq.example.com/v?queue=q'],
    ['QUEUE_URL', 'amqps://relay:pa&canarySECRET=1@mq.example.com:notaport/v?queue=q'],
    ['QUEUE_URL', 'amqps://relay:x@mq.example.com/v?queue=q&canarySECRET'],
    ['QUEUE_URL', 'amqps://relay:canarySECRET%@mq.example.com/v?queue=q'],
    ['QUEUE_URL', 'amqps://relay:x@mq.example.com/canarySECRET%?queue=q'],
    ['QUEUE_URL', 'amqps://relay:x@mq.example.com/v?queue=q&declare=canarySECRET'],
    ['QUEUE_URL', 'rediss://h.example.com/0?stream=s&canarySECRET'],
    ['QUEUE_URL', 'rediss://h.example.com/0?stream=s&maxlen=canarySECRET'],
    ['QUEUE_URL', 'rediss://default:77/canarySECRET@h.example.com/0?stream=s'],
    ['STORE_URL', 'rediss://default:77?canarySECRET@r.example.com:6379/0'],
    ['STORE_URL', 'rediss://default:77#canarySECRET@r.example.com:6379/0'],
    ['STORE_URL', 'cos://canarySECRET/p?region=r'],
    ['STORE_URL', 'cos://media-1250000000/p?canarySECRET=r'],
    ['STORE_URL', 'cos://media-1250000000/p?region=ap-guangzhou&endpoint=http://canarySECRET.example.com'],
    ['STORE_URL', 'canarySECRET:x'],
    ['STORE_URL', 'canarysecret://x'],
    ['QUEUE_URL', 'kafkas://h.example.com:9092/t?canarySECRET'],
    ['QUEUE_URL', 'kafkas://u:pa/canarySECRET@h.example.com:9092/t'],
    ['QUEUE_URL', 'kafkas://u:12/canarySECRET?x@h.example.com:9092/t'],
    ['QUEUE_URL', 'kafkas://u:p@h.example.com:9092/t?sasl=canarySECRET'],
    ['QUEUE_URL', 'kafkas://canarySECRET@h.example.com:9092/t'],
    ['QUEUE_URL', 'kafkas://h.example.com:9092/canary SECRET'],
    ['QUEUE_URL', 'cmq://canary_SECRET?region=gz'],
    ['QUEUE_URL', 'cmq://q?region=canarySECRET-1'],
    ['QUEUE_URL', 'canarysecret:x'],
    ['QUEUE_URL', 'canarysecret://x'],
    ['QUEUE_URL', 'canarySECRET'],
    ['QUEUE_URL', 'http://h.example.com/canarySECRET'],
    ['QUEUE_URL', 'https://h.example.com/x#canarySECRET'],
    ['QUEUE_URL', 'https://h.example.com/x#secret=canarySECRET'],
    ['QUEUE_URL', 'https://u:canarySECRET%@h.example.com/x'],
    ['ALERT_URLS', 'canarysecret://x'],
    ['ALERT_URLS', 'canarySECRET'],
    ['ALERT_URLS', 'wecom://canarySECRET?canarySECRET=1'],
    ['ALERT_URLS', 'wecom://canarySECRET/canarySECRET'],
    ['ALERT_URLS', 'slack://canarySECRET'],
    ['ALERT_URLS', 'console:canarySECRET'],
    ['ALERT_URLS', 'alertmanagers://u:12/canarySECRET@h.example.com'],
    ['ALERT_URLS', 'alertmanagers://u:12?canarySECRET@h.example.com'],
    ['ALERT_URLS', 'alertmanager://u:canarySECRET@h.example.com'],
    ['VERIFY', 'canarySECRET'],
    ['ALERT_LANG', 'canarySECRET'],
    ['LOG_LEVEL', 'canarySECRET'],
    ['RECONCILE', 'media-1250000000/w1,canarySECRET'],
    ['COS_REGION', 'canary_SECRET'],
    ['CI_ENDPOINT', 'https://canarySECRET.example.com'],
    ['CALLBACK_TOKEN', 'canarySECRET'],
  ])('%s=%s', async (name, value) => {
    const keys = {
      TENCENT_SECRET_ID: 'AKIDx',
      TENCENT_SECRET_KEY: 'x',
      VERIFY: 'read-back',
      COS_REGION: 'ap-beijing',
    }
    const relay = openRelay({ QUEUE_URL: 'file:/dev/null', STORE_URL: 'memory:', ...keys, [name]: value })
    try {
      const answer = await relay.post(callbackXml('i1'))
      expect(answer).toMatchObject({ status: 503, outcome: 'not-configured' })
      expect(relay.printed()).toContain(name)
      expect(relay.printed()).not.toMatch(ANY_FORM)
    } finally {
      await relay.kill()
    }
  })
})

describe('a peer that repeats all that it was told', () => {
  let server: Server
  let endpoint: string
  /** What the peer repeats; how it says so depends on who it stands in for. */
  let isXml = false

  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const headers = { ...request.headers, host: '' }
        const heard = [request.url, decodeURIComponent(request.url ?? ''), ...Object.values(headers)].map(
          String,
        )
        const form = [...new URLSearchParams(Buffer.concat(chunks).toString()).entries()]
          .filter(([name]) => name !== 'msgBody')
          .flat()
        const body = Buffer.concat(chunks).toString().startsWith('{') ? [] : form
        for (const said of [heard.join(' '), body.join(' ')]) {
          const basic = said.replace(/Basic (\S+)/, (_all, code: string) =>
            Buffer.from(code, 'base64').toString(),
          )
          heard.push(basic)
        }
        const words = `so you said: ${heard.join(' ')}`.replaceAll(/[<>&]/g, ' ')
        if (isXml)
          response.writeHead(403).end(`<Error><Code>${words}</Code><Message>${words}</Message></Error>`)
        else
          response
            .writeHead(400)
            .end(JSON.stringify({ errcode: 7, code: 7, errmsg: words, msg: words, message: words }))
      })
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => server.close())
  beforeEach(() => {
    isXml = false
  })

  test.each([
    ['wecom', 'wecom://canaryKEY?endpoint='],
    ['dingtalk', 'dingtalk://canaryTOKEN?secret=SECcanary&endpoint='],
    ['feishu', 'feishu://canaryHOOK?secret=canarySECRET&endpoint='],
    ['lark', 'lark://canaryHOOK?endpoint='],
    ['slack', 'slack://Tcanary/Bcanary/Xcanary?endpoint='],
    ['pagerduty', 'pagerduty://canaryROUTING?endpoint='],
  ])('%s', async (_, url) => {
    await expectBlanked(parkingIn({ ALERT_URLS: url + endpoint }), /so you said/, 'Failed')
  })

  test('alertmanager', async () => {
    const url = endpoint.replace('http://', `alertmanager://relay:${URL_SECRET}@`)
    await expectBlanked(parkingIn({ ALERT_URLS: url }), /so you said/, 'Failed')
  })

  test('http, of which the host alone is shown', async () => {
    const url = endpoint.replace('http://', `http://relay:${URL_SECRET}@`)
    await expectBlanked(
      parkingIn({ QUEUE_URL: `${url}/canary-path/k?sig=canarySIG&code=canaryCODE` }),
      /http: 127\.0\.0\.1:\d+: answered 400/,
    )
  })

  const KEYS = {
    TENCENTCLOUD_SECRETID: 'AKIDcanaryONE',
    TENCENTCLOUD_SECRETKEY: 'canaryKEYone',
    TENCENTCLOUD_SESSIONTOKEN: 'canary/session+ONE==',
  }
  const RENEWED = {
    TENCENTCLOUD_SECRETID: 'AKIDcanaryTWO',
    TENCENTCLOUD_SECRETKEY: 'canaryKEYtwo',
    TENCENTCLOUD_SESSIONTOKEN: 'canary/session+TWO==',
  }

  test.each([
    ['cmq', () => ({ QUEUE_URL: `cmq://q?region=gz&endpoint=${endpoint}` }), 'parked'],
    [
      'cos',
      () => ({
        QUEUE_URL: 'file:/dev/null',
        STORE_URL: `cos://media-1250000000/p?region=ap-guangzhou&endpoint=${endpoint}`,
      }),
      'queued',
    ],
    [
      'ci',
      () => ({
        QUEUE_URL: 'file:/dev/null',
        VERIFY: 'read-back',
        COS_REGION: 'ap-guangzhou',
        CI_ENDPOINT: endpoint,
      }),
      'parked',
    ],
  ])('%s, of the keys that its request had, renewed as they may be', async (name, env, outcome) => {
    isXml = name !== 'cmq'
    const relay = parkingIn({ ...KEYS, ...env() })
    expect(await relay.post(callbackXml('i0'))).toMatchObject({ status: 200, outcome })
    await relay.setEnv(RENEWED)
    await expectBlanked(relay, /so you said/, 'Success', outcome)
  })

  test('the log blanks the keys of the present, whoever says them', async () => {
    const relay = parkingIn({ ...KEYS, QUEUE_URL: 'file:/dev/null' })
    try {
      await relay.post(callbackXml('i1', KEYS.TENCENTCLOUD_SECRETID, 'Weird'))
      await relay.setEnv(RENEWED)
      await relay.post(callbackXml(RENEWED.TENCENTCLOUD_SECRETID))
      await relay.post(callbackXml(KEYS.TENCENTCLOUD_SECRETID))
      expect(relay.log().length).toBeGreaterThanOrEqual(3)
      expect(relay.printed()).not.toMatch(ANY_FORM)
    } finally {
      await relay.kill()
    }
  })
})

/** Answers each command with a refusal that repeats it. */
const parrot: Behaviour = (socket) =>
  socket.on('data', (chunk) => {
    const words = chunk
      .toString()
      .split('\r\n')
      .filter((word) => word !== '' && !/^[*$]\d/.test(word))
    socket.write(`-WRONGPASS so you said: ${words.join(' ')}\r\n`)
  })

/** A broker of AMQP that lets nobody in, and says with which password. */
const doorkeeper: Behaviour = (socket) => {
  const method = (code: string, ...rest: readonly Buffer[]): Buffer => {
    const payload = Buffer.concat([Buffer.from(code, 'hex'), ...rest])
    const frame = Buffer.alloc(payload.length + 8)
    frame.writeUInt8(1, 0)
    frame.writeUInt32BE(payload.length, 3)
    payload.copy(frame, 7)
    frame.writeUInt8(0xce, payload.length + 7)
    return frame
  }
  const text = (words: string): Buffer => {
    const bytes = Buffer.from(words)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    return Buffer.concat([length, bytes])
  }
  socket.once('data', () => {
    socket.write(method('000a000a 0009 00000000'.replaceAll(' ', ''), text('PLAIN'), text('en_US')))
    socket.once('data', (chunk) => {
      const heard = /PLAIN.{4}\0([^\0]*)\0([\x20-\x7e]*)/s.exec(chunk.toString('latin1'))
      const words = Buffer.from(`so you said: ${String(heard?.[2])}`)
      const replyText = Buffer.concat([Buffer.from([words.length]), words])
      socket.write(method('000a0032', Buffer.from([1, 0x93]), replyText, Buffer.alloc(4)))
    })
  })
}

describe('a server of another protocol that repeats the password', () => {
  test.each([
    [
      'redis',
      parrot,
      (at: string) => ({ QUEUE_URL: `redis://u:${URL_SECRET}@${at}/0?stream=s` }),
      'parked',
      /WRONGPASS to AUTH/,
    ],
    [
      'redis store',
      parrot,
      (at: string) => ({ QUEUE_URL: 'file:/dev/null', STORE_URL: `redis://:${URL_SECRET}@${at}/0` }),
      'queued',
      /WRONGPASS to AUTH/,
    ],
    [
      'amqp',
      doorkeeper,
      (at: string) => ({ QUEUE_URL: `amqp://u:${URL_SECRET}@${at}/?queue=q` }),
      'parked',
      /so you said/,
    ],
  ])('%s', async (_, behaviour, env, outcome, words) => {
    const peer = await startHostilePeer()
    peer.behave(behaviour)
    await expectBlanked(parkingIn(env(peer.address)), words, 'Success', outcome)
    await peer.close()
  })

  describeService('kafka', (address) => {
    test('kafka', async () => {
      const peer = await startHostilePeer()
      const sasl = `127.0.0.1:${Number(address.split(':')[1]) + 1}`
      const said = Buffer.from('Invalid username or password')
      peer.behave(
        speaksFor(sasl, (chunk) => {
          const where = chunk.indexOf(said)
          if (where >= 0) Buffer.from(`you: ${SECRET}`.padEnd(said.length)).copy(chunk, where)
          return chunk
        }),
      )
      const url = `kafka://${encodeURIComponent('ckafka-1#relay')}:${URL_SECRET}@${peer.address}/t`
      await expectBlanked(parkingIn({ QUEUE_URL: url }), /Authentication failed: you:/)
      await peer.close()
    })
  })
})

describeService('redis', () => {
  test('nothing that a library would print for whoever sets DEBUG is printed', async () => {
    const redis = await startRedis(['--requirepass', SECRET])
    const url = `redis://:${URL_SECRET}@${redis.address}/0`
    const relay = openRelay({ DEBUG: '*', QUEUE_URL: `${url}?stream=s`, STORE_URL: url })
    try {
      expect(await relay.post(callbackXml('i1'))).toMatchObject({ outcome: 'queued' })
      expect(relay.printed()).not.toMatch(ANY_FORM)
      expect(relay.printed()).not.toMatch(/ioredis|kafkajs|AUTH/)
    } finally {
      await relay.kill()
      await redis.stop()
    }
  })
})
