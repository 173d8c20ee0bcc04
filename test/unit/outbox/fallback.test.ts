import { failure } from '../../../src/net/failure'
import { PeerError } from '../../../src/net/peer-error'
import { fallbackTurn } from '../../../src/outbox/fallback'
import { createRelay } from '../../../src/relay/relay'
import type { Store } from '../../../src/stores/store'
import { sweep } from '../../../src/sweep/sweep'
import { execution } from '../../support/executions'
import {
  brokenStore,
  fakeChannel,
  INVOCATION,
  type Manner,
  memoryStore,
  post,
  testParts,
} from '../../support/parts'
import { executionXml } from '../../support/render'

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

describe('a failure of a run', () => {
  const unsure = new PeerError('fake: no answer', { kind: 'unsure' })
  const LIMITS = { ms: 5_000 }
  const scene = (manner: Manner, store: Store | null = memoryStore()) => {
    const first = fakeChannel('wecom-1', { manner })
    const fallback = fakeChannel('slack-2', { isFallback: true })
    const parts = testParts({ channels: [fallback, first], store })
    const relay = createRelay(parts)
    return {
      first,
      fallback,
      parts,
      told: async () => {
        const answer = await relay(post(executionXml(execution({ state: 'Failed' }))), INVOCATION)
        return answer.body['outcome']
      },
    }
  }

  test('the first channel takes it: the fallback is not told', async () => {
    const { fallback, told } = scene('takes')
    expect(await told()).toBe('alerted')
    expect(fallback.tries).toBe(0)
  })

  test('the first channel refuses: the fallback is told at once', async () => {
    const { fallback, told } = scene('refuses')
    await told()
    expect(fallback.alerts).toHaveLength(1)
  })

  test.each<[string, Manner, number]>([
    ['has it after all', 'takes', 0],
    ['still does not answer', unsure, 1],
  ])('the first may have it: the next sweep decides. It %s', async (_, manner, tellings) => {
    const { first, fallback, parts, told } = scene(unsure)
    expect(await told()).toBe('parked')
    expect(fallback.tries).toBe(0)
    first.manner = manner
    const now = Date.now()
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now + 3_600_000)
    await sweep(parts, null, LIMITS)
    clock.mockRestore()
    expect(fallback.alerts.filter(({ event }) => event !== null)).toHaveLength(tellings)
  })

  test('where nothing can be kept, the fallback is told at once', async () => {
    for (const store of [null, brokenStore(memoryStore(), ['park'], 'refuses')]) {
      const { fallback, told } = scene(unsure, store)
      await told()
      expect(fallback.alerts).toHaveLength(1)
    }
  })

  test('the store does not say whether the first has it: rather twice than never', async () => {
    const store = memoryStore()
    const { first, fallback, parts, told } = scene(unsure, store)
    await told()
    first.manner = 'takes'
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_600_000)
    await sweep({ ...parts, store: brokenStore(store, ['read'], 'refuses') }, null, LIMITS)
    clock.mockRestore()
    expect(fallback.alerts).toHaveLength(1)
  })
})
