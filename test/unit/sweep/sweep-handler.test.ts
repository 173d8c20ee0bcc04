import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sweep_handler } from '../../../src/index'
import { openStore } from '../../../src/stores/open-store'
import { type FakeCi, fakeExecution, SLOW_DOWN, startFakeCi, UNAVAILABLE } from '../../support/fake-ci'
import { CONTEXT, message } from '../../support/sweep-scene'
import { temporaryFolder } from '../../support/temporary-folder'

const BUCKET = 'media-1250000000'
const NOTHING = { delivered: 0, failed: 0, dead: 0, waiting: 0, reconciled: 0 }
const folder = temporaryFolder()
const queueFile = join(folder.path, 'queue.jsonl')
const storeUrl = `file:${join(folder.path, 'store')}`
const before = { ...process.env }
let ci: FakeCi

beforeAll(async () => {
  ci = await startFakeCi()
  Object.assign(process.env, {
    CALLBACK_TOKEN: 'a-token-of-22-characters',
    QUEUE_URL: `file:${queueFile}`,
    STORE_URL: storeUrl,
    COS_REGION: 'ap-guangzhou',
    RECONCILE: `${BUCKET}/w1`,
    CI_ENDPOINT: ci.endpoint,
    TENCENTCLOUD_SECRETID: ci.credentials.secretId,
    TENCENTCLOUD_SECRETKEY: ci.credentials.secretKey,
    TENCENTCLOUD_SESSIONTOKEN: ci.credentials.sessionToken,
    LOG_LEVEL: 'silent',
  })
})
afterAll(async () => {
  process.env = before
  await ci.close()
  folder.remove()
})

const context = { getRemainingTimeInMillis: () => 120_000 }
const queued = (): unknown[] =>
  readFileSync(queueFile, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { id: unknown }).id)

test('the timer redelivers what is parked and relays what only CI knows, in more pages than one', async () => {
  const store = await openStore(storeUrl, CONTEXT)
  await store.park(message('parked'))
  const createdAt = Date.now() - 3_600_000
  for (let i = 0; i < 120; i++)
    ci.executions.set(`r${i}`, fakeExecution(`r${i}`, { createdAt: createdAt + i * 1000 }))
  ci.executions.set('slow', fakeExecution('slow', { createdAt, state: 'Running' }))
  ci.executions.set('other', fakeExecution('other', { createdAt, workflowId: 'w2' }))

  expect(await sweep_handler(undefined, context)).toEqual({ ...NOTHING, delivered: 1, reconciled: 120 })
  const [first, ...others] = queued()
  expect(first).toBe('parked')
  // Several at a time: in order only what is about one object.
  expect(others.sort()).toEqual(Array.from({ length: 120 }, (_, i) => `r${i}:Success`).sort())
  expect(ci.requests.filter((path) => path.includes('?'))).toHaveLength(2)
  store.close?.()
})

test('the next one asks only for what is new to the ledger, and for what has ended since', async () => {
  ci.requests.length = 0
  ci.executions.set('slow', { ...ci.executions.get('slow')!, state: 'Success' })
  expect(await sweep_handler(undefined, context)).toEqual({ ...NOTHING, reconciled: 1 })
  expect(ci.requests.filter((path) => !path.includes('?'))).toEqual(['/workflowexecution/slow'])
  expect(queued()).toHaveLength(122)
})

test.each([UNAVAILABLE, SLOW_DOWN])(
  'CI answers $status: the sweep ends well and asks once',
  async (failure) => {
    ci.requests.length = 0
    ci.failures.push(failure)
    expect(await sweep_handler(undefined, context)).toEqual(NOTHING)
    expect(ci.requests).toHaveLength(1)
  },
)

test('CI that asked for a wait is left alone by the next sweep', async () => {
  ci.requests.length = 0
  expect(await sweep_handler()).toEqual(NOTHING)
  expect(ci.requests).toEqual([])
})
