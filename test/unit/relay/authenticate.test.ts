import { authenticator, offeredSecrets, tokenFinder } from '../../../src/relay/authenticate'

test('every known token opens, in whole only', () => {
  const tokenOf = tokenFinder(['first-token', 'second-token'])
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
  expect([['first-token'], ['x', 'second-token'], ['second-token', 'first-token']].map(tokenOf)).toEqual([
    0, 1, 0,
  ])
})

test('nothing that is nearly a token opens', () => {
  const token = 'token-of-some-22-chars'
  const isAuthentic = authenticator(['other', token])
  for (const index of token.split('').keys()) {
    expect(isAuthentic([`${token.slice(0, index)}\u0001${token.slice(index + 1)}`])).toBe(false)
    expect(isAuthentic([token.slice(0, index)])).toBe(false)
    expect(isAuthentic([token.slice(index + 1)])).toBe(false)
  }
  for (const wrong of [token + token, `${token}\0`, `\0${token}`, `${token}\ud800`, 'x'.repeat(10_000)])
    expect(isAuthentic([wrong])).toBe(false)
})

test('how many characters are looked at depends on what is offered alone', () => {
  const looks = jest.spyOn(String.prototype, 'charCodeAt')
  const count = (offered: string): number => {
    looks.mockClear()
    authenticator(['first-token', 'second', 'third'])([offered, 'other'])
    return looks.mock.calls.length
  }
  const [right, wrongAtOnce, wrongAtTheEnd] = [
    count('first-token'),
    count('xirst-token'),
    count('first-tokex'),
  ]
  looks.mockRestore()
  expect(right).toBeGreaterThan(3 * 'first-token'.length)
  expect([wrongAtOnce, wrongAtTheEnd]).toEqual([right, right])
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
  expect(offeredSecrets('/a/', [])).toEqual(['a'])
  expect(offeredSecrets('/a/secret//', [])).toEqual(['secret'])
  expect(offeredSecrets('//', [])).toEqual([''])
  expect(offeredSecrets('', [])).toEqual([''])
})
