import fc from '../../support/properties'
import { isRfc3339, latest, toRfc3339 } from '../../../src/callback/time'

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
  '2022-02-30 11:00:41+0800',
  '2022-02-29T11:00:41+08:00',
  '1900-02-29T11:00:41Z',
  '2022-04-31T11:00:41Z',
  '2022-00-10T11:00:41Z',
  '2022-13-10T11:00:41Z',
  '2022-01-00T11:00:41Z',
  '2022-01-32T11:00:41Z',
  '2022-01-10T24:00:00Z',
  '2022-01-10T11:60:00Z',
  '2022-01-10T11:00:60Z',
  '2022-01-10T11:00:41+2400',
  '2022-01-10T11:00:41+08:60',
  '2022-01-10T11:00:41.+08:00',
  '2022-01-10T11:00:41.1234567890Z',
])('%j, which CI does not write, stays as it is', (text) => {
  expect(toRfc3339(text)).toBe(text)
})

test.each([
  '2024-02-29 23:59:59+0800',
  '2000-02-29T00:00:00Z',
  '2022-12-31T00:00:00-23:59',
  '2022-04-30T01:02:03Z',
])('%s is in the calendar', (text) => {
  expect(isRfc3339(toRfc3339(text))).toBe(true)
})

test('is a time, or stays as it is: by the calendar that Date has', () => {
  const two = (most: number): fc.Arbitrary<string> =>
    fc.nat({ max: most }).map((n) => String(n).padStart(2, '0'))
  fc.assert(
    fc.property(fc.nat({ max: 9999 }), two(14), two(33), two(25), (year, month, day, hour) => {
      const text = `${String(year).padStart(4, '0')}-${month}-${day}T${hour}:00:00Z`
      const date = new Date(text)
      const isTime = !Number.isNaN(date.getTime()) && date.toISOString() === text.replace('Z', '.000Z')
      expect(isRfc3339(text)).toBe(isTime)
    }),
    { numRuns: 2_000 },
  )
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
        '2999-02-30T00:00:00Z',
        '2999-01-01T24:00:00Z',
      ]),
    ).toBe('2022-08-09T14:54:39+08:00')
    expect(latest([null, 'yesterday', '2999-01-01 00:00:00', '12'])).toBeNull()
    expect(latest([])).toBeNull()
  })
})
