import { ConfigError, type Environment, readConfig, secretsIn } from '../../../src/config/read-config'
import { redactor } from '../../../src/log'

const TOKEN = 'a-token-of-22-letters-'
const GOOD: Environment = { CALLBACK_TOKEN: TOKEN, QUEUE_URL: 'file:queue.jsonl' }

function problemsOf(env: Environment): readonly string[] {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

test('the least that it takes, and the defaults', () => {
  expect(readConfig(GOOD)).toEqual({
    tokens: [TOKEN],
    queueUrl: 'file:queue.jsonl',
    alertUrls: [],
    storeUrl: null,
    region: null,
    ownRegion: null,
    ciEndpoint: null,
    verify: 'off',
    reconcile: [],
    giveUpAfter: 72,
    ledgerKeep: 168,
    runningTooLong: null,
    lateSweep: 900,
    messageRaw: false,
    alertLang: 'en',
    logLevel: 'info',
  })
})

test('everything set', () => {
  expect(
    readConfig({
      CALLBACK_TOKEN: ` ${TOKEN}1 , ${TOKEN}2,, `,
      QUEUE_URL: ' amqp://u:p@h/v?queue=q ',
      ALERT_URLS: ' wecom://K1\n\tslack://T/B/X  wecom://K1\r\nconsole:',
      STORE_URL: 'memory:',
      COS_REGION: 'ap-beijing',
      TENCENTCLOUD_REGION: 'ap-guangzhou',
      VERIFY: 'read-back',
      RECONCILE: 'media-1250000000/w0123456789abcdef, b-12345/w_2 ',
      GIVE_UP_AFTER: '24',
      LEDGER_KEEP: '48',
      RUNNING_TOO_LONG: '6',
      MESSAGE_RAW: '1',
      ALERT_LANG: 'zh',
      LOG_LEVEL: 'debug',
    }),
  ).toEqual({
    tokens: [`${TOKEN}1`, `${TOKEN}2`],
    queueUrl: 'amqp://u:p@h/v?queue=q',
    alertUrls: ['wecom://K1', 'slack://T/B/X', 'console:'],
    storeUrl: 'memory:',
    region: 'ap-beijing',
    ownRegion: 'ap-guangzhou',
    ciEndpoint: null,
    verify: 'read-back',
    reconcile: [
      { bucket: 'media-1250000000', workflowId: 'w0123456789abcdef' },
      { bucket: 'b-12345', workflowId: 'w_2' },
    ],
    giveUpAfter: 24,
    ledgerKeep: 48,
    runningTooLong: 6,
    lateSweep: 900,
    messageRaw: true,
    alertLang: 'zh',
    logLevel: 'debug',
  })
})

test('the region of the buckets is not the function’s own', () => {
  expect(
    readConfig({ ...GOOD, TENCENTCLOUD_REGION: 'ap-guangzhou', COS_REGION: 'ap-beijing' }),
  ).toMatchObject({
    region: 'ap-beijing',
    ownRegion: 'ap-guangzhou',
  })
  expect(readConfig({ ...GOOD, COS_REGION: 'ap-beijing' }).ownRegion).toBeNull()
})

test.each(['0', '-1', '1.5', '24h', '99999'])('GIVE_UP_AFTER=%s is no number of hours', (GIVE_UP_AFTER) => {
  expect(problemsOf({ ...GOOD, GIVE_UP_AFTER })).toEqual([
    'GIVE_UP_AFTER: must be a whole number of hours, from 1 to 9999',
  ])
})

test.each([
  [{ LEDGER_KEEP: '24' }, '24 hours are less than GIVE_UP_AFTER, 72'],
  [{ LEDGER_KEEP: '71.5' }, 'must be a whole number of hours, from 1 to 9999'],
  [{ GIVE_UP_AFTER: '169' }, '168 hours are less than GIVE_UP_AFTER, 169'],
])('%j', (env, problem) => {
  expect(problemsOf({ ...GOOD, ...env })).toEqual([expect.stringContaining(`LEDGER_KEEP: ${problem}`)])
})

test('RUNNING_TOO_LONG needs something to look at', () => {
  expect(problemsOf({ ...GOOD, RUNNING_TOO_LONG: '6' })).toEqual([
    'RUNNING_TOO_LONG: needs RECONCILE, which says whose executions are looked at',
  ])
})

test('CI can be replaced on loopback only', () => {
  expect(readConfig({ ...GOOD, CI_ENDPOINT: 'http://127.0.0.1:8080' }).ciEndpoint).toBe(
    'http://127.0.0.1:8080',
  )
  for (const CI_ENDPOINT of ['http://example.com', 'nonsense'])
    expect(problemsOf({ ...GOOD, CI_ENDPOINT })).toEqual([
      'CI_ENDPOINT: must be a loopback address such as http://127.0.0.1:8080',
    ])
})

test('the region of the buckets is the function’s own unless set', () => {
  expect(readConfig({ ...GOOD, TENCENTCLOUD_REGION: 'ap-guangzhou' }).region).toBe('ap-guangzhou')
  expect(readConfig({ ...GOOD, TENCENTCLOUD_REGION: 'ap-guangzhou', COS_REGION: ' ' }).region).toBe(
    'ap-guangzhou',
  )
})

test('blank is not set', () => {
  expect(readConfig({ ...GOOD, VERIFY: '', ALERT_LANG: ' ', LOG_LEVEL: '\n', STORE_URL: ' ' })).toEqual(
    readConfig(GOOD),
  )
})

test('every problem at once, each by the name of its variable', () => {
  const env = {
    CALLBACK_TOKEN: 'short, with space and more than 22',
    RECONCILE: 'media-1250000000/w1,no-workflow,/w2,Bucket-1/w',
    VERIFY: 'yes',
    ALERT_LANG: 'de',
    LOG_LEVEL: 'loud',
  }
  const problems = problemsOf(env)
  expect(problems).toEqual([
    'CALLBACK_TOKEN: token 1 has 5 characters; it needs at least 22',
    'CALLBACK_TOKEN: token 2 has characters that a URL would change; use A-Z a-z 0-9 . _ ~ -',
    'QUEUE_URL, ALERT_URLS: neither is set; set at least one, or there is nowhere to relay to',
    'RECONCILE: needs STORE_URL: without a ledger nothing tells what was relayed before',
    'VERIFY: unknown value; use one of: off, read-back',
    'RECONCILE: item 2 is not <bucket-appid>/<workflowId>, as in media-1250000000/w0123456789abcdef',
    'RECONCILE: item 3 is not <bucket-appid>/<workflowId>, as in media-1250000000/w0123456789abcdef',
    'RECONCILE: item 4 is not <bucket-appid>/<workflowId>, as in media-1250000000/w0123456789abcdef',
    'ALERT_LANG: unknown value; use one of: en, zh',
    'LOG_LEVEL: unknown value; use one of: trace, debug, info, warn, error, fatal, silent',
  ])
  expect(() => readConfig(env)).toThrow(`The configuration is not usable:\n- ${problems.join('\n- ')}`)
  for (const value of ['with space', 'no-workflow', 'yes', 'loud'])
    expect(problems.join()).not.toContain(value)
})

describe('the token', () => {
  test.each([
    [
      undefined,
      ['CALLBACK_TOKEN: not set; set a random secret of at least 22 characters (openssl rand -hex 16)'],
    ],
    [
      ' , ',
      ['CALLBACK_TOKEN: not set; set a random secret of at least 22 characters (openssl rand -hex 16)'],
    ],
    ['x'.repeat(21), ['CALLBACK_TOKEN: the token has 21 characters; it needs at least 22']],
    ['x'.repeat(22), []],
    [
      'ü'.repeat(22),
      ['CALLBACK_TOKEN: the token has characters that a URL would change; use A-Z a-z 0-9 . _ ~ -'],
    ],
  ])('%s', (token, problems) => {
    expect(problemsOf({ QUEUE_URL: 'file:q', CALLBACK_TOKEN: token })).toEqual(problems)
  })

  test('may be short under the local gateway alone', () => {
    expect(readConfig({ ...GOOD, CALLBACK_TOKEN: 'local', RELAY_LOCAL: '1' }).tokens).toEqual(['local'])
    expect(problemsOf({ ...GOOD, CALLBACK_TOKEN: 'local', RELAY_LOCAL: 'true' })).toHaveLength(1)
    expect(problemsOf({ ...GOOD, CALLBACK_TOKEN: '', RELAY_LOCAL: '1' })).toHaveLength(1)
  })
})

describe('what must never be shown', () => {
  test.each<[what: string, env: Environment, secrets: string[]]>([
    ['tokens', { CALLBACK_TOKEN: 'first-token,second-token' }, ['first-token', 'second-token']],
    [
      'keys',
      { TENCENT_SECRET_ID: 'AKID-own', TENCENT_SECRET_KEY: 'own-key', TENCENT_TOKEN: 'own-session' },
      ['AKID-own', 'own-key', 'own-session'],
    ],
    [
      'the role’s keys',
      {
        TENCENTCLOUD_SECRETID: 'AKID-role',
        TENCENTCLOUD_SECRETKEY: 'role-key',
        TENCENTCLOUD_SESSIONTOKEN: 'role-session',
      },
      ['AKID-role', 'role-key', 'role-session'],
    ],
    ['a password', { QUEUE_URL: 'amqp://guest:pass-word@h:5672/v?queue=q' }, ['pass-word']],
    [
      'an encoded password, both ways',
      { STORE_URL: 'redis://:p%2Fss%20w@h:6379/0' },
      ['p%2Fss%20w', 'p/ss w'],
    ],
    ['one whose encoding is broken', { STORE_URL: 'redis://:100%pass@h:6379/0' }, ['100%pass']],
    [
      'a password before several hosts',
      { QUEUE_URL: 'kafka://inst%23name:kafka-pass@h1:9092,h2:9092/topic?sasl=plain' },
      ['kafka-pass'],
    ],
    [
      'a password that should have been encoded',
      { QUEUE_URL: 'amqp://user:pa#ss/wo@rd@host/v?queue=q' },
      ['pa#ss/wo@rd'],
    ],
    ['a user without a password', { STORE_URL: 'redis://only-secret@h/0' }, ['only-secret']],
    ['a webhook’s secret', { QUEUE_URL: 'https://h.example/in#secret=whsec_MfKQ9r8G' }, ['whsec_MfKQ9r8G']],
    [
      'a webhook’s long path',
      { ALERT_URLS: 'https://h.example/hooks/0a1b2c3d4e5f6a7b8c9d/in' },
      ['0a1b2c3d4e5f6a7b8c9d'],
    ],
    [
      'parameters',
      { QUEUE_URL: 'https://h/?token=tok-en-1&key=key-2&access_token=acc-3&password=pwd-4&secret=sec-5' },
      ['tok-en-1', 'key-2', 'acc-3', 'pwd-4', 'sec-5'],
    ],
    [
      'all of a webhook but scheme and host, short or long, named or not',
      { QUEUE_URL: 'https://h.example/k/aB3x/in?sig=s1gn-ature&code=c0de&v=1.22&bare-key#frag-ment' },
      ['aB3x', 's1gn-ature', 'c0de', '1.22', 'bare-key', 'frag-ment', '/k/aB3x/in'],
    ],
    [
      'who logs in to a webhook, and how the header says it',
      { QUEUE_URL: 'https://KEY-user:x-pass@h.example/' },
      ['KEY-user', 'x-pass', Buffer.from('KEY-user:x-pass').toString('base64')],
    ],
    ['a user of a webhook without a password', { QUEUE_URL: 'https://KEY-user@h.example/' }, ['KEY-user']],
    [
      'everything after a scheme that nobody knows',
      { ALERT_URLS: 'bark://host.example/bark-KEY?x=y-KEY telegram://bot-KEY/chat-id serverchan:send-KEY' },
      ['bark-KEY', 'y-KEY', 'bot-KEY', 'chat-id', 'send-KEY'],
    ],
    ['what was pasted without a scheme', { ALERT_URLS: '693a-91f6-pasted' }, ['693a-91f6-pasted']],
    [
      'robots’ keys',
      {
        ALERT_URLS:
          'wecom://693a-91f6 dingtalk://ding-ACC?secret=SEC000 feishu://hook-id lark://lark-id pagerduty://R0UTING',
      },
      ['693a-91f6', 'ding-ACC', 'SEC000', 'hook-id', 'lark-id', 'R0UTING'],
    ],
    [
      'Slack’s address, whole and in parts',
      { ALERT_URLS: 'slack://T000/B111/XyZ222' },
      ['T000/B111/XyZ222', 'XyZ222', 'B111/XyZ222'],
    ],
  ])('%s', (_, env, secrets) => {
    const redact = redactor(secretsIn(env))
    for (const secret of secrets) {
      expect(secretsIn(env)).toContain(secret)
      for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret)])
        expect(redact(`before ${form} after`)).not.toContain(secret)
    }
    for (const name of ['QUEUE_URL', 'STORE_URL', 'ALERT_URLS'])
      for (const url of env[name]?.split(' ') ?? []) expect(redact(`error at ${url}`)).not.toContain(url)
  })

  test('is not what a person needs to read: hosts, names, schemes, the local token', () => {
    const env = {
      CALLBACK_TOKEN: 'local',
      RELAY_LOCAL: '1',
      QUEUE_URL: 'amqp://guest:s3cret-1@rabbit.example:5672/vhost?queue=successes',
      ALERT_URLS: 'https://alerts.example/callback/in console: alertmanager://am.example:9093',
      STORE_URL: 'file:.relay/store',
    }
    const text =
      'local guest rabbit.example:5672 /vhost successes alerts.example am.example:9093 console .relay/store callback queued'
    expect(redactor(secretsIn(env))(text)).toBe(text)
  })

  test('nothing in nothing', () => {
    expect(secretsIn({})).toEqual([])
    expect(secretsIn({ QUEUE_URL: 'not a url', ALERT_URLS: '' })).toEqual([])
  })
})
