import { setTimeout as sleep } from 'node:timers/promises'
import { createRelay } from '../../src/relay/relay'
import type { RelayParts } from '../../src/relay/parts'
import type { Store } from '../../src/stores/store'
import { toGatewayRequest } from '../../src/gateway/request'
import { callbackEvent, callbackXml, runId, TOKEN } from '../artifact/callbacks'

const LONGEST_MS = 4000

/** Answers nothing, whatever it is asked. */
const hangs = async (): Promise<never> => new Promise(() => undefined)

const hungStore: Store = {
  scheme: 'hung',
  claim: hangs,
  settle: hangs,
  release: hangs,
  park: hangs,
  list: hangs,
  read: hangs,
  take: hangs,
  remove: hangs,
  note: hangs,
  setNote: hangs,
  admit: hangs,
  tidy: hangs,
  strays: hangs,
  close: hangs,
}
/** Takes claims and tells of open incidents, and hangs at the rest. */
const halfHungStore: Store = {
  ...hungStore,
  claim: async () => ({ kind: 'claimed', holder: 'me' }),
  note: async () => JSON.stringify({ opened: ['one', 'two'], parked: ['two'] }),
}

/** Answers each step, and each just in time. */
const slowStore: Store = {
  ...hungStore,
  claim: async () => sleep(450, { kind: 'claimed', holder: 'me' } as const),
  settle: async () => sleep(450),
  release: async () => sleep(450),
  park: async () => sleep(450).then(() => Promise.reject(new Error('full'))),
  remove: async () => sleep(450),
  note: async () =>
    sleep(450, JSON.stringify({ alert: 'a', opened: ['one'], parked: ['two'], resolving: { two: 'item' } })),
  setNote: async () => sleep(450),
  admit: async () => sleep(450, 0),
}

const parts: RelayParts = {
  tokens: [TOKEN],
  queue: { scheme: 'hung', publish: hangs, close: hangs },
  channels: ['one', 'two'].map((id) => ({
    id,
    channel: {
      scheme: 'hung',
      limit: { messages: 20, perMs: 60_000 },
      send: hangs,
      resolve: hangs,
      close: hangs,
    },
  })),
  store: hungStore,
  readBack: { execution: hangs, job: hangs },
  verify: 'off',
  bucketsOf: () => [],
  language: 'en',
  log: () => undefined,
  about: {},
}

test('with everything hung, each kind of callback is answered within 4 s', async () => {
  const bodies = {
    success: callbackXml(runId('h', 1)),
    failure: callbackXml(runId('h', 2), 'input/clip.mp4', 'Failed'),
    'success with a failed task': callbackXml(runId('h', 3)).replace(
      /<State>Success<\/State>(?=\s*<JobId>)/,
      '<State>Failed</State>',
    ),
    unreadable: '<Response>',
  }
  const cases = Object.entries(bodies).flatMap(([what, body]) =>
    (['off', 'read-back'] as const).flatMap((verify) =>
      Object.entries({ hung: hungStore, 'half hung': halfHungStore, slow: slowStore }).map(([how, store]) => {
        return { name: `${what}, verify ${verify}, store ${how}`, body, verify, store }
      }),
    ),
  )
  const results = await Promise.all(
    cases.map(async ({ name, body, verify, store }) => {
      const relay = createRelay({ ...parts, verify, store })
      const start = performance.now()
      const { status } = await relay(toGatewayRequest(callbackEvent(body), null), { remainingMs: null })
      return { name, status, ms: performance.now() - start }
    }),
  )
  const slowest = results.reduce((a, b) => (a.ms > b.ms ? a : b))
  process.stdout.write(
    `everything hung: ${results.length} kinds of callback, the slowest answered after ${(slowest.ms / 1000).toFixed(2)} s (${slowest.name})\n`,
  )
  expect(results.filter(({ ms }) => ms > LONGEST_MS)).toEqual([])
  expect(results.filter(({ status }) => status !== 503)).toEqual([])
})
