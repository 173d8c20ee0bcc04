import fc from '../../support/properties'
import { slideWindow } from '../../../src/stores/sliding-window'

test('never lets more than the limit go in any window, and the wait it tells is exact', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.nat(30), { maxLength: 100 }),
      (messages, perMs, steps) => {
        const gone: number[] = []
        let times: readonly number[] = []
        let now = 1_000_000
        for (const step of steps) {
          now += step
          const verdict = slideWindow(times, now, messages, perMs)
          times = verdict.times
          if (verdict.waitMs === 0) gone.push(now)
          else {
            expect(slideWindow(times, now + verdict.waitMs, messages, perMs).waitMs).toBe(0)
            expect(slideWindow(times, now + verdict.waitMs - 1, messages, perMs).waitMs).toBe(1)
          }
        }
        gone.forEach((time, i) => {
          const end = gone[i + messages]
          if (end !== undefined) expect(end - time).toBeGreaterThanOrEqual(perMs)
        })
        expect(times.length).toBeLessThanOrEqual(messages)
      },
    ),
  )
})

test('a limit that was lowered lets nothing go until enough have left', () => {
  expect(slideWindow([10, 20, 30], 35, 1, 100)).toEqual({ waitMs: 95, times: [10, 20, 30] })
  expect(slideWindow([10, 20, 30], 130, 1, 100).waitMs).toBe(0)
  expect(slideWindow([], 0, 0, 100)).toEqual({ waitMs: 100, times: [] })
})
