import crypto from 'node:crypto'
import { authenticator, offeredSecrets } from '../../src/relay/authenticate'

test('every known token opens, in whole only', () => {
  const isAuthentic = authenticator(['first-token', 'second-token'])
  for (const token of ['first-token', 'second-token']) {
    expect(isAuthentic([token])).toBe(true)
    expect(isAuthentic(['wrong', token])).toBe(true)
  }
  for (const wrong of [
    '',
    'first',
    'first-token ',
    'First-token',
    'first-tokensecond-token',
    'first-token,second-token',
  ])
    expect(isAuthentic([wrong])).toBe(false)
  expect(isAuthentic([])).toBe(false)
  expect(authenticator([])([''])).toBe(false)
})

test('digests of one length are compared in constant time, all with all, whatever matched first', () => {
  const compare = jest.spyOn(crypto, 'timingSafeEqual')
  const isAuthentic = authenticator(['first-token', 'second', 'third'])
  for (const offered of ['first-token', 'third', 'wrong', '', 'x'.repeat(10_000)]) {
    compare.mockClear()
    isAuthentic([offered, 'other'])
    expect(compare).toHaveBeenCalledTimes(6)
    for (const [a, b] of compare.mock.calls) expect([a.byteLength, b.byteLength]).toEqual([32, 32])
  }
  compare.mockRestore()
})

test('the secret stands at the end of the path, or in the parameter `token`', () => {
  expect(offeredSecrets('/a/b/secret', [])).toEqual(['secret'])
  expect(
    offeredSecrets('secret', [
      ['token', 'x'],
      ['t', 'y'],
      ['token', 'z'],
    ]),
  ).toEqual(['secret', 'x', 'z'])
  expect(offeredSecrets('/a/', [])).toEqual([''])
})
