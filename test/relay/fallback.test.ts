import { failure } from '../../src/delivery/failure'
import { fallbackTurn } from '../../src/relay/fallback'

const MINUTE = 60_000
const DOWN = failure('down')
const REFUSED = failure('refused', { kind: 'refused' })
const UNSURE = failure('unsure', { kind: 'unsure' })
const throttled = (retryAfterMs: number | null) => failure('busy', { kind: 'throttled', retryAfterMs })

const CAN_WAIT = { canWait: true, leftMs: 1_500 }

test.each([
  ['one took it', [DOWN, null, UNSURE], 'never'],
  ['there is no other channel', [], 'now'],
  ['all are down or refuse', [DOWN, REFUSED], 'now'],
  ['one may have taken it', [DOWN, UNSURE], 'next sweep'],
  ['it is busy for a minute', [throttled(MINUTE)], 'next sweep'],
  ['it is busy, and does not say for how long', [throttled(null)], 'next sweep'],
  ['it is busy until after the next sweep', [throttled(10 * MINUTE)], 'now'],
  ['its quota is used up, and the other is down', [throttled(24 * 60 * MINUTE), DOWN], 'now'],
  ['one takes it soon', [DOWN, throttled(MINUTE)], 'next sweep'],
])('%s', (_, failures, turn) => {
  expect(fallbackTurn(failures, CAN_WAIT)).toBe(turn)
})

test('refusals that took all the time: the next sweep tells it', () => {
  expect(fallbackTurn([DOWN], { canWait: true, leftMs: 300 })).toBe('next sweep')
})

test('where nothing can wait, the fallback speaks at once', () => {
  expect(fallbackTurn([UNSURE], { canWait: false, leftMs: 300 })).toBe('now')
  expect(fallbackTurn([null], { canWait: false, leftMs: 300 })).toBe('never')
})
