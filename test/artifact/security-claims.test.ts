import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedis } from '../support/redis-server'
import { describeService } from '../support/services'
import { callbackEvent, callbackXml, TOKEN } from './callbacks'
import { answered, openRelay, type Relay } from './open-relay'

// What docs/security.md claims, by its sections; what another file of this folder tries is not tried again here.

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'relay-claims-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const settings = (): Record<string, string> => ({
  QUEUE_URL: `file:${dir}/queue.jsonl`,
  ALERT_URLS: `file:${dir}/alerts.jsonl`,
  STORE_URL: `file:${dir}/store`,
})

/** All files below the folder, as one text. */
function written(): string {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dir, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => `${path.slice(dir.length)}\n${readFileSync(path, 'utf8')}`)
    .join('\n')
}

async function withRelay(
  env: Readonly<Record<string, string>>,
  use: (relay: Relay) => Promise<void>,
): Promise<void> {
  const relay = openRelay(env)
  try {
    await use(relay)
  } finally {
    await relay.kill()
  }
}

const ask = async (relay: Relay, changes: Readonly<Record<string, unknown>>) =>
  answered(await relay.handle({ ...callbackEvent(callbackXml('i1')), ...changes }))

describe('Forged callback', () => {
  test.each([
    ['no token is set', ''],
    ['it has 21 characters', 'x'.repeat(21)],
  ])('the function does not serve when %s', async (_, CALLBACK_TOKEN) => {
    await withRelay({ ...settings(), CALLBACK_TOKEN }, async (relay) => {
      expect((await ask(relay, { path: `/${CALLBACK_TOKEN}` })).status).toBe(503)
      expect(written()).toBe('')
    })
  })

  test.each([
    ['a wrong token', { path: '/wrong-token-of-22-characters' }],
    ['none', { path: '/' }],
    ['a part of the right one', { path: `/${TOKEN.slice(0, -1)}` }],
    ['the right one in a header', { path: '/', headers: { authorization: `Bearer ${TOKEN}`, token: TOKEN } }],
  ])('%s: 401 and nothing else, whatever the body; nothing is stored', async (_, changes) => {
    await withRelay(settings(), async (relay) => {
      for (const body of [callbackXml('i1'), '<broken', '']) {
        const { status, body: answer } = await ask(relay, { ...changes, body })
        expect([status, answer]).toEqual([401, { error: 'unauthorized' }])
      }
      expect(written()).toBe('')
    })
  })
})

describe('Replay', () => {
  test('with a store a repeat is a duplicate; without one it is routed again', async () => {
    await withRelay(settings(), async (relay) => {
      expect((await relay.post(callbackXml('i1'))).outcome).toBe('queued')
      expect((await relay.post(callbackXml('i1'))).outcome).toBe('duplicate')
      await relay.passTime(7 * 24 * 3_600_000 + 60_000)
      expect((await relay.post(callbackXml('i1'))).outcome).toBe('queued')
    })
    await withRelay({ ...settings(), STORE_URL: '' }, async (relay) => {
      expect((await relay.post(callbackXml('i2'))).outcome).toBe('queued')
      expect((await relay.post(callbackXml('i2'))).outcome).toBe('queued')
    })
  })

  describeService('redis', () => {
    test('while the store is down repeats go through', async () => {
      const redis = await startRedis()
      await withRelay({ ...settings(), STORE_URL: `redis://${redis.address}/0` }, async (relay) => {
        await relay.post(callbackXml('i1'))
        await redis.stop()
        expect((await relay.post(callbackXml('i1'))).outcome).toBe('queued')
      })
    })
  })
})

test('Leaked URL: several tokens are right at once, and a callback with one that was taken away gets 401', async () => {
  const tokens = ['the-new-token-0123456789', 'the-old-token-0123456789'] as const
  await withRelay({ ...settings(), CALLBACK_TOKEN: tokens.join(',') }, async (relay) => {
    for (const token of tokens) expect((await ask(relay, { path: `/${token}` })).status).toBe(200)
  })
  await withRelay({ ...settings(), CALLBACK_TOKEN: tokens[0] }, async (relay) => {
    expect((await ask(relay, { path: `/${tokens[1]}` })).status).toBe(401)
  })
})

describe('Hostile body', () => {
  const valid = callbackXml('i1')
  test.each([
    ['a DOCTYPE', valid.replace('<Response>', '<!DOCTYPE r [<!ENTITY a "b">]><Response>')],
    ['an entity that XML has not', valid.replace('clip', '&x;')],
    ['text after the end', `${valid}more`],
    ['one that is cut off', valid.slice(0, -20)],
    ['one that nests without end', '<a>'.repeat(5000) + '</a>'.repeat(5000)],
  ])('%s is kept and told of once, and runs nothing', async (_, body) => {
    await withRelay(settings(), async (relay) => {
      for (let time = 0; time < 2; time++) expect((await relay.post(body)).status).toBe(400)
      expect(readdirSync(dir)).not.toContain('queue.jsonl')
      expect(readFileSync(join(dir, 'alerts.jsonl'), 'utf8').trim().split('\n')).toHaveLength(1)
      expect(readdirSync(join(dir, 'store'), { recursive: true }).length).toBeGreaterThan(0)
    })
  })

  test('over 6 MiB: 413, and nothing is kept', async () => {
    await withRelay(settings(), async (relay) => {
      expect((await relay.post('x'.repeat(6 * 2 ** 20 + 1))).status).toBe(413)
      expect(written()).toBe('')
    })
  })
})

describe('Log leak, Store tampering', () => {
  const HIDDEN = /canary|Y2FuYXJ5Q0FOQVJZ/i
  const targets = {
    QUEUE_URL: 'amqp://relay:canaryPASS@127.0.0.1:9/v?queue=q',
    ALERT_URLS:
      'https://127.0.0.1:9/canaryHOOK?code=canaryCODE#secret=whsec_Y2FuYXJ5Q0FOQVJZY2FuYXJ5Q0FOQVJZY2FuYXJ5MDE=',
  }

  test('neither log nor store has a token, a path, a query or a key; GET shows schemes', async () => {
    await withRelay({ ...settings(), ...targets }, async (relay) => {
      const event = { queryString: { q: 'canaryQUERY' }, path: `/canaryPATH/${TOKEN}` }
      expect(await ask(relay, event)).toMatchObject({ status: 200, outcome: 'parked' })
      expect(await ask(relay, { ...event, body: callbackXml('i2', 'a.mp4', 'Failed') })).toMatchObject({
        outcome: 'parked',
      })
      const about = await ask(relay, { ...event, httpMethod: 'GET', body: '' })
      expect(about.status).toBe(200)
      expect(JSON.stringify(about.body)).toContain('amqp')
      await relay.sweep()
      for (const text of [relay.printed(), written(), JSON.stringify(about.body)]) {
        expect(text).not.toMatch(HIDDEN)
        expect(text).not.toContain(TOKEN)
      }
    })
  })
})

test.each([
  ['QUEUE_URL', 'http://mq.example.com/x'],
  ['ALERT_URLS', 'http://hook.example.com/x'],
])('Eavesdropping on the way out: %s by http: is for loopback alone', async (name, url) => {
  await withRelay({ ...settings(), [name]: url }, async (relay) => {
    expect((await relay.post(callbackXml('i1'))).status).toBe(503)
    expect(relay.log()[0]).toMatchObject({
      problems: [expect.stringMatching(new RegExp(`^${name}.*loopback`))],
    })
  })
})
