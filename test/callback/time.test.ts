import { latest, toRfc3339 } from '../../src/callback/time'

test.each([
  ['2020-12-01 11:00:41+0800', '2020-12-01T11:00:41+08:00'],
  ['2022-07-18T15:16:43+0800', '2022-07-18T15:16:43+08:00'],
  ['2022-08-09T14:54:17+08:00', '2022-08-09T14:54:17+08:00'],
  ['2022-08-09 14:54:17.123456-0330', '2022-08-09T14:54:17.123456-03:30'],
  ['2022-08-09T06:54:17Z', '2022-08-09T06:54:17Z'],
])('%s becomes RFC 3339 with its own offset', (text, expected) => {
  expect(toRfc3339(text)).toBe(expected)
})

test.each([
  '2020-12-01 11:00:41',
  '2020-12-01',
  '1606791641',
  'yesterday',
  ' 2020-12-01 11:00:41+0800',
  '2020-12-01 11:00:41+0800\n',
  '2020-12-01 11:00:41+8',
])('%j, which CI does not write, stays as it is', (text) => {
  expect(toRfc3339(text)).toBe(text)
})

describe('the latest', () => {
  test('is so by the moment, not by its text', () => {
    expect(latest(['2022-08-09T14:54:39+08:00', '2022-08-09T06:54:40Z', '2022-08-09T14:54:38+08:00'])).toBe(
      '2022-08-09T06:54:40Z',
    )
    expect(latest(['2022-08-09T14:54:39.5+08:00', '2022-08-09T14:54:39+08:00'])).toBe(
      '2022-08-09T14:54:39.5+08:00',
    )
  })

  test('passes over what is no RFC 3339 time', () => {
    expect(
      latest([
        null,
        'yesterday',
        '2022-08-09T14:54:39+08:00',
        '9',
        '2999-01-01 00:00:00',
        '2999-13-41T00:00:00Z',
      ]),
    ).toBe('2022-08-09T14:54:39+08:00')
    expect(latest([null, 'yesterday', '2999-01-01 00:00:00', '12'])).toBeNull()
    expect(latest([])).toBeNull()
  })
})
