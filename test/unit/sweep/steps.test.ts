import { listAll } from '../../support/list-all'
import { openMemoryStore } from '../../support/open-drivers'
import type { Store } from '../../../src/stores/store'
import { sweep } from '../../../src/sweep/sweep'
import { CONTEXT, fakeChannel, fakeQueue, message, scene } from '../../support/sweep-scene'

const LIMITS = { ms: 5_000 }
const NOTHING = { delivered: 0, failed: 0, dead: 0, waiting: 0, reconciled: 0 }

function store(): Store {
  return openMemoryStore('memory:', CONTEXT)
}

test('without a store there is nothing to sweep, and the log says so', async () => {
  const parts = scene(store())
  expect(await sweep({ ...parts, store: null }, null, LIMITS)).toEqual(NOTHING)
  expect(parts.lines).toEqual([{ level: 'warn', msg: 'STORE_URL is not set: there is nothing to sweep' }])
})

test('the store is tidied in each run', async () => {
  let tidied = 0
  const tidying = { ...store(), tidy: async () => Promise.resolve(void (tidied += 1)) }
  await sweep(scene(tidying), null, LIMITS)
  expect(tidied).toBe(1)
})

const broken = async (): Promise<never> => Promise.reject(new Error('store down'))

test('a store that is down ends each step, and the sweep as a whole says so without throwing', async () => {
  const down = {
    ...store(),
    claim: broken,
    lines: broken,
    takeDue: broken,
    note: broken,
    tidy: broken,
    read: broken,
    admit: broken,
  }
  const parts = scene(down, { queue: fakeQueue().queue, channels: [fakeChannel('slack-1').named] })
  const list = async () => Promise.resolve({ executions: [], nextToken: null })
  const reconcile = {
    targets: [{ bucket: 'b-1', workflowId: 'w1' }],
    executions: { page: list, execution: broken, job: broken },
  }
  expect(await sweep(parts, reconcile, LIMITS)).toEqual({ ...NOTHING, waiting: -1 })
  expect(parts.lines.map(({ msg }) => msg)).toEqual([
    'the sweep could not redeliver',
    'the sweep could not look for what to tell the team',
    'the sweep could not reconcile',
    'the sweep could not tidy',
    'the sweep could not count',
    'how much still waits is not known: it could not be counted',
    'sweep',
  ])
  expect(parts.lines.at(-1)?.level).toBe('warn')
})

test('where the count fails, what was counted less what has gone since is said to wait', async () => {
  const whole = store()
  const queue = fakeQueue((id) => (id === 'r1' ? null : new Error('down')))
  for (const id of ['r1', 'r2', 'r3']) await whole.park(message(id))
  let counts = 0
  const once = { ...whole, lines: async () => ((counts += 1) === 1 ? whole.lines() : broken()) }
  const parts = scene(once, { queue: queue.queue })
  expect(await sweep(parts, null, LIMITS)).toMatchObject({ delivered: 1, waiting: 2 })
  expect(parts.lines).toContainEqual({
    level: 'warn',
    msg: 'how much still waits is not known: it could not be counted',
    waiting: 2,
  })
})

test.each(['tidy', 'note', 'admit', 'claim'] as const)('%s failing stops no delivery', async (method) => {
  const queue = fakeQueue()
  const partly = { ...store(), [method]: broken }
  await partly.park(message('r1'))
  const report = await sweep(scene(partly, { queue: queue.queue }), null, LIMITS)
  expect(report).toMatchObject({ delivered: 1, waiting: 0 })
  expect(queue.taken).toEqual(['r1'])
})

test('a message that was delivered and could not be removed comes again, with the same id', async () => {
  const queue = fakeQueue()
  const whole = store()
  await whole.park(message('r1'))
  const parts = scene({ ...whole, remove: broken }, { queue: queue.queue })
  await sweep(parts, null, { ms: 1_000 })
  expect(await whole.take((await listAll(whole))[0]!.id, 1)).toBeNull()
  jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 130_000)
  await sweep(scene(whole, { queue: queue.queue }), null, LIMITS)
  jest.restoreAllMocks()
  expect(queue.taken).toEqual(['r1', 'r1'])
  expect(await listAll(whole)).toEqual([])
})
