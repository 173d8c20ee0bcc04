import { listAll } from '../../support/list-all'
import { createRelay } from '../../../src/relay/relay'
import type { Store } from '../../../src/stores/store'
import {
  brokenStore,
  fakeChannel,
  fakeQueue,
  INVOCATION,
  memoryStore,
  post,
  testParts,
} from '../../support/parts'

const BROKEN = '<Response><WorkflowExecution><RunId>视频'

const kept = async (store: Store) => Promise.all((await listAll(store)).map(async ({ id }) => store.read(id)))

test('an unreadable body is kept as it came, and the team told once', async () => {
  const store = memoryStore()
  const channels = [fakeChannel('wecom-1'), fakeChannel('slack-2')] as const
  const relay = createRelay(testParts({ store, channels }))
  for (let time = 0; time < 3; time++) {
    const answer = await relay(post(BROKEN), INVOCATION)
    expect(answer).toMatchObject({ status: 400, body: { error: 'malformed-xml' } })
  }
  const [item, ...more] = await kept(store)
  expect(more).toEqual([])
  expect(item).toMatchObject({
    status: 'quarantined',
    tries: 0,
    payload: {
      kind: 'unreadable',
      bodyBase64: Buffer.from(BROKEN).toString('base64'),
      error: 'malformed-xml',
      message: 'The XML cannot be read: Unclosed root tag, line 1, column 38.',
    },
  })
  for (const { alerts } of channels) {
    expect(alerts).toHaveLength(1)
    expect(alerts[0]).toMatchObject({ severity: 'warning', event: null, incident: null })
    expect(JSON.stringify(alerts[0])).toContain(item?.id)
  }
})

test('two different bodies are two items and two alerts', async () => {
  const store = memoryStore()
  const channel = fakeChannel('a')
  const relay = createRelay(testParts({ store, channels: [channel] }))
  await relay(post('<a'), INVOCATION)
  await relay(post('<b'), INVOCATION)
  expect(await listAll(store)).toHaveLength(2)
  expect(channel.alerts).toHaveLength(2)
})

describe('the bytes that are kept', () => {
  const keptOf = async (body: string, base64: boolean | null): Promise<Buffer> => {
    const store = memoryStore()
    expect((await createRelay(testParts({ store }))(post(body, { base64 }), INVOCATION)).status).toBe(400)
    const [item] = await kept(store)
    return Buffer.from(item?.payload.kind === 'unreadable' ? item.payload.bodyBase64 : '', 'base64')
  }
  const gbk = Buffer.from([0x3c, 0x61, 0x3e, 0xd6, 0xd0])

  test('of base64, are what it stands for, said to be base64 or seen to be', async () => {
    expect(await keptOf(gbk.toString('base64'), true)).toEqual(gbk)
    expect(await keptOf(gbk.toString('base64'), null)).toEqual(gbk)
  })

  test('of what only claims to be base64, are the body itself', async () => {
    expect((await keptOf('<Response>中</Response>', true)).toString()).toBe('<Response>中</Response>')
    expect((await keptOf('PGE+P', true)).toString()).toBe('PGE+P')
  })

  test('of two broken base64 bodies that decode alike are two', async () => {
    const store = memoryStore()
    const relay = createRelay(testParts({ store }))
    for (const body of ['<a>', '<a!>']) await relay(post(body, { base64: true }), INVOCATION)
    expect(await listAll(store)).toHaveLength(2)
  })
})

describe('when it cannot be kept', () => {
  test('a store that does not take it makes a 503, the log has the body, a repeat is kept', async () => {
    const store = memoryStore()
    const channel = fakeChannel('a')
    const parts = testParts({ store: brokenStore(store, ['park'], 'refuses'), channels: [channel] })
    expect(await createRelay(parts)(post(BROKEN), INVOCATION)).toEqual({
      status: 503,
      headers: { 'Retry-After': '5' },
      body: { error: 'not-stored', message: 'The body cannot be read, and the store did not take it.' },
    })
    expect(parts.lines).toContainEqual(expect.objectContaining({ level: 50, body: BROKEN }))
    expect(channel.alerts).toEqual([])
    expect((await createRelay(testParts({ store }))(post(BROKEN), INVOCATION)).status).toBe(400)
    expect(await listAll(store)).toHaveLength(1)
  })

  test('without a store: 400, the log has the body, the team is told where it is', async () => {
    const channel = fakeChannel('a')
    const parts = testParts({ store: null, channels: [channel] })
    expect((await createRelay(parts)(post(BROKEN + 'x'.repeat(50_000)), INVOCATION)).status).toBe(400)
    const line = parts.lines.find(({ body }) => typeof body === 'string')
    expect(line?.['body']).toBe((BROKEN + 'x'.repeat(50_000)).slice(0, 16_384))
    expect(channel.alerts[0]?.facts.at(-1)?.value).toBe(
      'There is no store to keep the body in; the function’s log has it.',
    )
  })
})

test('its alert is parked at the channels that refuse it', async () => {
  const store = memoryStore()
  const channels = [fakeChannel('a', { manner: 'refuses' }), fakeChannel('b')]
  const parts = testParts({ store, channels })
  expect((await createRelay(parts)(post(BROKEN), INVOCATION)).status).toBe(400)
  expect((await kept(store)).map((item) => item?.payload.kind).sort()).toEqual(['alert', 'unreadable'])
  expect(parts.lines).toContainEqual(
    expect.objectContaining({ level: 40, error: 'fake: refused', kind: 'alert', to: 'a' }),
  )
})

test('no message goes anywhere', async () => {
  const queue = fakeQueue()
  await createRelay(testParts({ queue }))(post(BROKEN), INVOCATION)
  expect(queue.events).toEqual([])
})

test('a body that another worker is at is kept by both, for that one may not live to; one of them tells', async () => {
  const channel = fakeChannel('wecom-1')
  const store = memoryStore()
  const parts = testParts({ store, channels: [channel] })
  const relay = createRelay(parts)
  await relay(post(BROKEN), INVOCATION)
  const [item] = await kept(store)
  await store.remove([item!.id])

  const other = memoryStore()
  await other.claim(item!.id, 60_000)
  const late = createRelay({ ...parts, store: other })
  expect((await late(post(BROKEN), INVOCATION)).status).toBe(400)
  expect((await kept(other)).map((one) => one?.id)).toEqual([item!.id])
  expect(channel.alerts).toHaveLength(1)

  const full = memoryStore()
  await full.claim(item!.id, 60_000)
  const unkept = createRelay({ ...parts, store: brokenStore(full, ['park'], 'refuses') })
  expect((await unkept(post(BROKEN), INVOCATION)).status).toBe(503)
})
