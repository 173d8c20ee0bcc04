import { backoff } from '../../src/relay/backoff'

test('grows from 10 s to 1 h, with full jitter', () => {
  const most = [1, 2, 3, 9, 10, 100, 2_000].map((tries) => backoff(tries, null, () => 1))
  expect(most).toEqual([10_000, 20_000, 40_000, 2_560_000, 3_600_000, 3_600_000, 3_600_000])
  expect(backoff(5, null, () => 0)).toBe(0)
  expect(backoff(1, null, () => 0.5)).toBe(5_000)
  for (let i = 0; i < 100; i++) expect(backoff(2, null)).toBeLessThanOrEqual(20_000)
})

test('is never sooner than the peer asked for', () => {
  expect(backoff(1, 60_000, () => 1)).toBe(60_000)
  expect(backoff(1, 2_000, () => 1)).toBe(10_000)
  expect(backoff(1, 0, () => 0)).toBe(0)
})
