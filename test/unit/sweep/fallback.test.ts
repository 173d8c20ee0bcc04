import type { ParkedItem, Store } from '../../../src/stores/store'
import { sweep } from '../../../src/sweep/sweep'
import { openMemoryStore } from '../../support/open-drivers'
import {
  alertItem,
  CONTEXT,
  type FakeChannel,
  fakeChannel,
  message,
  refuses,
  type Scene,
  scene,
  stoppedClock,
} from '../../support/sweep-scene'

const LIMITS = { ms: 400 }

let store: Store
let first: FakeChannel
let fallback: FakeChannel
let parts: Scene

beforeEach(() => {
  stoppedClock()
  store = openMemoryStore('memory:', CONTEXT)
  first = fakeChannel('wecom-1')
  fallback = fakeChannel('slack-1', { isFallback: true })
  parts = scene(store, { channels: [fallback.named, first.named] })
})
afterEach(() => jest.restoreAllMocks())

/** What the fallback is owed unless `to` takes it first. */
function owedUnless(to: ParkedItem): ParkedItem {
  const item = alertItem('slack-1', 'r1')
  return { ...item, payload: { ...item.payload, unless: [to.id] } as ParkedItem['payload'] }
}

async function parkBoth(): Promise<void> {
  const owed = alertItem('wecom-1', 'r1')
  await store.park(owedUnless(owed))
  await store.park(owed)
}

test('the other channel takes it in this sweep: the fallback hears nothing', async () => {
  await parkBoth()
  expect(await sweep(parts, null, LIMITS)).toMatchObject({ delivered: 2, waiting: 0 })
  expect(first.taken).toHaveLength(1)
  expect(fallback.tried).toEqual([])
})

test.each([
  ['refuses', refuses],
  ['hangs', () => 'hangs' as const],
])('the other channel %s: the fallback is told in this sweep', async (_, manner) => {
  first.manner = manner
  await parkBoth()
  expect(await sweep(parts, null, LIMITS)).toMatchObject({ delivered: 1, failed: 1, waiting: 1 })
  expect(fallback.taken).toHaveLength(1)
})

test('nothing waits for any other channel: what only a queue takes holds up no fallback', async () => {
  await store.park(alertItem('slack-1', 'r1'))
  await store.park(message('r2'))
  expect(await sweep(parts, null, LIMITS)).toMatchObject({ delivered: 1, failed: 1 })
  expect(fallback.taken).toHaveLength(1)
})

test('whether the other channel has taken it cannot be read: rather twice than never', async () => {
  const owed = owedUnless(alertItem('wecom-1', 'r1'))
  await store.park(owed)
  const unreadable = { ...store, read: async () => Promise.reject(new Error('the disk is gone')) }
  await sweep({ ...parts, store: unreadable }, null, LIMITS)
  expect(fallback.taken).toHaveLength(1)
})
