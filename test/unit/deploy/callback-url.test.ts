import { callbackUrl, describeUrl } from '../../../tools/deploy/cloud/callback-url'

const token = 'abcdefghijklmnopqrstuv'
const url = { kind: 'url', base: 'https://1250000000-0123456789.ap-guangzhou.tencentscf.com' } as const
const gateway = {
  kind: 'apigw',
  base: 'https://service-abcdefgh-1250000000.gz.apigw.tencentcs.com/release/',
} as const

test('a function URL has the token as its path, a gateway as a parameter', () => {
  expect(callbackUrl(url, token)).toBe(`${url.base}/${token}`)
  expect(callbackUrl({ ...url, base: `${url.base}/` }, token)).toBe(`${url.base}/${token}`)
  expect(callbackUrl(gateway, token)).toBe(`${gateway.base}?token=${token}`)
})

test('the token is shown only when asked for', () => {
  expect(describeUrl(url, token, false).join('\n')).not.toContain(token)
  expect(describeUrl(url, token, false).join('\n')).toContain('80 of the 100 characters')
  expect(describeUrl(url, token, true)[0]).toBe(`  ${url.base}/${token}`)
})

test('a URL that CI may not take is said to be too long, and by how much', () => {
  expect(describeUrl(url, 't'.repeat(42), false)[1]).toContain('(100 of the 100')
  expect(describeUrl(url, 't'.repeat(43), false)[1]).toContain('TOO LONG: 101 characters')
  expect(describeUrl(url, 't'.repeat(43), false)[1]).toContain('at most 42')
})
