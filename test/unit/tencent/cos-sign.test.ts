import COS from 'cos-nodejs-sdk-v5'
import fc from '../../support/properties'
import { cosEncode, signCos, type SignedParts } from '../../../src/tencent/cos-sign'

const CREDENTIALS = { secretId: 'AKIDexample', secretKey: 'exampleKey', sessionToken: null }

/** The SDK takes its clock from Date.now, rounds it and begins a second early. */
function official(parts: SignedParts, now: number): string {
  jest.spyOn(Date, 'now').mockReturnValue((Math.floor(now / 1000) + 1) * 1000)
  try {
    return COS.getAuthorization({
      SecretId: CREDENTIALS.secretId,
      SecretKey: CREDENTIALS.secretKey,
      Method: parts.method as 'GET',
      Key: parts.path.slice(1),
      Query: parts.query,
      Headers: parts.headers,
      Expires: 900,
    })
  } finally {
    jest.restoreAllMocks()
  }
}

const NOW = 1_767_225_600_500

const TABLE: readonly SignedParts[] = [
  { method: 'GET', path: '/', query: {}, headers: { host: 'b-1250000000.cos.ap-guangzhou.myqcloud.com' } },
  {
    method: 'GET',
    path: '/',
    query: {
      prefix: 'relay/items/',
      marker: 'relay/items/名 +&=!',
      'encoding-type': 'url',
      'max-keys': '1000',
    },
    headers: { host: 'b-1250000000.cos.ap-guangzhou.myqcloud.com' },
  },
  {
    method: 'PUT',
    path: "/目录/a b+c'(1)*!.json",
    query: {},
    headers: {
      host: 'h',
      'x-cos-forbid-overwrite': 'true',
      'x-cos-security-token': 'a/b+c==',
      'content-type': 'text/plain',
    },
  },
  { method: 'DELETE', path: '/x', query: { versionId: '' }, headers: { host: '127.0.0.1:8080' } },
  {
    method: 'GET',
    path: '/workflowexecution/i123',
    query: {},
    headers: { host: 'b-1250000000.ci.ap-guangzhou.myqcloud.com' },
  },
]

test.each(TABLE)('signs $method $path as the official SDK does', (parts) => {
  expect(signCos(parts, CREDENTIALS, NOW)).toBe(official(parts, NOW))
})

test('signs any path, query and header values as the official SDK does', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,11}$/)
  const text = fc.string({ unit: 'grapheme' })
  fc.assert(
    fc.property(
      fc.constantFrom('GET', 'PUT', 'DELETE'),
      text,
      fc.dictionary(name, text),
      fc.dictionary(
        name.map((end) => `x-cos-${end}`),
        text,
      ),
      fc.integer({ min: 1_000_000_000_000, max: 4_102_444_800_000 }),
      (method, path, query, headers, now) => {
        const parts = { method, path: `/a${path}`, query: { ...query }, headers: { host: 'h', ...headers } }
        expect(signCos(parts, CREDENTIALS, now)).toBe(official(parts, now))
      },
    ),
  )
})

test('encodes all but the unreserved characters', () => {
  expect(cosEncode("aZ09-_.~ /!'()*%中")).toBe('aZ09-_.~%20%2F%21%27%28%29%2A%25%E4%B8%AD')
})
