import { Deadline } from '../../../src/net/deadline'
import { openCmqQueue } from '../../support/open-drivers'
import type { Credentials } from '../../../src/tencent/credentials'
import { sampleEvent } from '../../support/events'
import { startFakeCmq, type FakeCmq } from '../../support/fake-cmq'

const ROLE: Credentials = {
  secretId: 'AKIDrole',
  secretKey: 'role-secret-key',
  sessionToken: 'role+session/token=',
}

const context = (credentials: Credentials | null, region: string | null = null) => ({
  credentials: () => credentials,
  region,
})

describe('opening', () => {
  test.each([
    ['cmq://orders', 'the region is not known: add it, cmq://QUEUE?region=gz'],
    ['cmq://or_ders?region=gz', 'the name of the queue must be'],
    ['cmq://?region=gz', 'the name of the queue must be'],
    ['cmq://orders?region=ap-atlantis', "CMQ's short name of this region is not known"],
    ['cmq://orders?region=gz&endpoint=https://cmq.example.com', 'endpoint must be a loopback address'],
    ['cmq://orders?regoin=gz', 'unknown parameter "regoin"'],
  ])('%s: %s', (url, words) => {
    expect(() => openCmqQueue(url, context(ROLE))).toThrow(words)
  })

  test.each([
    ['cmq://Orders-1?region=gz', null],
    ['cmq://orders?region=ap-shanghai', null],
    ['cmq://orders', 'ap-guangzhou'],
  ])('%s in region %s', (url, region) => {
    expect(openCmqQueue(url, context(ROLE, region)).scheme).toBe('cmq')
  })
})

describe('cmq with the credentials of a role', () => {
  let fake: FakeCmq
  beforeAll(async () => {
    fake = await startFakeCmq('orders', ROLE)
  })
  afterAll(() => fake.close())
  beforeEach(() => {
    fake.messages = []
    fake.answer = null
  })

  const publish = (credentials: Credentials | null): Promise<void> =>
    openCmqQueue(`cmq://orders?region=gz&endpoint=http://${fake.address}`, context(credentials)).publish(
      sampleEvent('role'),
      Deadline.in(5000),
    )

  test('sends the session token, signed', async () => {
    await publish(ROLE)
    expect(fake.messages.map((message) => JSON.parse(message) as unknown)).toEqual([sampleEvent('role')])
  })

  test('asks for the credentials at each message: those of a role change', async () => {
    let current: Credentials = { ...ROLE, sessionToken: 'expired' }
    const url = `cmq://orders?region=gz&endpoint=http://${fake.address}`
    const queue = openCmqQueue(url, { credentials: () => current, region: null })
    await expect(queue.publish(sampleEvent('old'), Deadline.in(5000))).rejects.toThrow('code 4100')
    current = ROLE
    await queue.publish(sampleEvent('new'), Deadline.in(5000))
    expect(fake.messages).toHaveLength(1)
  })

  test('says what to set when there are no credentials', async () => {
    await expect(publish(null)).rejects.toMatchObject({
      message:
        'cmq: no credentials: give the function a role, or set TENCENT_SECRET_ID and TENCENT_SECRET_KEY',
    })
  })

  test('does not send more than the service takes', async () => {
    const queue = openCmqQueue(`cmq://orders?region=gz&endpoint=http://${fake.address}`, context(ROLE))
    const event = sampleEvent('huge', 'k'.repeat(1_100_000))
    await expect(queue.publish(event, Deadline.in(5000))).rejects.toThrow('the message is over 1 MB')
  })

  test.each([
    [{ status: 502, body: '<html>' }, 'answered 502', { kind: 'down', retryAfterMs: null }],
    [
      { status: 429, body: '', headers: { 'retry-after': '3' } },
      'answered 429',
      { kind: 'throttled', retryAfterMs: 3000 },
    ],
    [{ status: 200, body: '{}' }, 'answered 200', {}],
    [{ status: 200, body: '{"code":"0"}' }, 'answered 200', {}],
    [{ status: 500, body: '{"code":0,"message":"ok"}' }, 'code 0: ok', {}],
  ])('takes %j for a failure', async (answer, words, fields) => {
    fake.answer = answer
    await expect(publish(ROLE)).rejects.toMatchObject({
      message: `cmq: ${fake.address}: queue "orders": ${words}`,
      failure: fields,
    })
  })

  test('leaves out the credentials when the service quotes them', async () => {
    const quoted = `bad ${ROLE.secretId} ${ROLE.secretKey} ${String(ROLE.sessionToken)}`
    fake.answer = { status: 200, body: JSON.stringify({ code: 4100, message: quoted }) }
    await expect(publish(ROLE)).rejects.toThrow(/code 4100: bad \[redacted\] \[redacted\] \[redacted\]$/)
  })
})
