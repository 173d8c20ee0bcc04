import fc from '../../support/properties'
import Sign from 'tencentcloud-sdk-nodejs-common/tencentcloud/common/sign'
import { signTc3, type ApiCall } from '../../../src/tencent/tc3'

const CREDENTIALS = { secretId: 'AKIDexample', secretKey: 'exampleKey', sessionToken: null }

function official(call: ApiCall, secretKey: string, now: number): string {
  return Sign.sign3({
    method: 'POST',
    url: `https://${call.host}/`,
    // The SDK signs its own JSON of an object, or a buffer as it is.
    payload: Buffer.from(call.body),
    timestamp: Math.floor(now / 1000),
    service: call.service,
    secretId: CREDENTIALS.secretId,
    secretKey,
    multipart: false,
    boundary: '',
    headers: { 'Content-Type': 'application/json' },
  })
}

const CALLS: readonly ApiCall[] = [
  {
    service: 'tdmq',
    host: 'tdmq.tencentcloudapi.com',
    action: 'SendCmqMsg',
    version: '2020-02-17',
    region: 'ap-guangzhou',
    body: '{"QueueName":"q","MsgContent":"转码"}',
  },
  {
    service: 'scf',
    host: 'scf.tencentcloudapi.com',
    action: 'ListFunctions',
    version: '2018-04-16',
    region: null,
    body: '{}',
  },
]

test.each(CALLS)('signs $action as the official SDK does', (call) => {
  const now = Date.UTC(2026, 1, 28, 23, 59, 59, 999)
  expect(signTc3(call, CREDENTIALS, now)['authorization']).toBe(official(call, CREDENTIALS.secretKey, now))
})

test('signs any body and key as the official SDK does', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.integer({ min: 946_684_800_000, max: 4_102_444_800_000 }),
      (body, secretKey, now) => {
        const call = { ...CALLS[0]!, body }
        const { authorization } = signTc3(call, { ...CREDENTIALS, secretKey }, now)
        expect(authorization).toBe(official(call, secretKey, now))
      },
    ),
  )
})

test('names action, version, time and, where there are such, region and token', () => {
  const now = 1_700_000_000_999
  expect(signTc3(CALLS[0]!, { ...CREDENTIALS, sessionToken: 'token' }, now)).toMatchObject({
    'content-type': 'application/json',
    'x-tc-action': 'SendCmqMsg',
    'x-tc-version': '2020-02-17',
    'x-tc-timestamp': '1700000000',
    'x-tc-region': 'ap-guangzhou',
    'x-tc-token': 'token',
  })
  const bare = signTc3(CALLS[1]!, CREDENTIALS, now)
  expect(Object.keys(bare)).not.toContain('x-tc-region')
  expect(Object.keys(bare)).not.toContain('x-tc-token')
})
