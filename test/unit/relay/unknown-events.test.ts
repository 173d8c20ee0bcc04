import { listAll } from '../../support/list-all'
import { createRelay } from '../../../src/relay/relay'
import {
  brokenStore,
  fakeChannel,
  fakeQueue,
  INVOCATION,
  memoryStore,
  post,
  testParts,
} from '../../support/parts'

const event = (name: string, id: string): string =>
  JSON.stringify({ EventName: name, WorkflowExecution: { RunId: id, State: 'Success', Object: 'a.mp4' } })

test('an event nobody knows is kept whole and told of once an hour a name; it is never a success', async () => {
  const store = memoryStore()
  const queue = fakeQueue()
  const channel = fakeChannel('wecom-1')
  const relay = createRelay(testParts({ store, queue, channels: [channel] }))
  const outcomeOf = async (body: string) => (await relay(post(body), INVOCATION)).body['outcome']
  expect(await outcomeOf(event('WorkflowArchived', '1'))).toBe('alerted')
  expect(await outcomeOf(event('WorkflowArchived', '2'))).toBe('parked')
  expect(await outcomeOf(event('WorkflowArchived', '1'))).toBe('duplicate')
  expect(await outcomeOf(event('WorkflowRestored', '3'))).toBe('alerted')
  expect(queue.events).toEqual([])
  expect(channel.alerts.map(({ event: told }) => told?.type)).toEqual([
    'com.tencentcloud.ci.workflow.unknown',
    'com.tencentcloud.ci.workflow.unknown',
  ])
  const kept = await Promise.all((await listAll(store)).map(async ({ id }) => store.read(id)))
  expect(kept).toHaveLength(3)
  for (const item of kept)
    expect(item).toMatchObject({
      status: 'quarantined',
      payload: { kind: 'unreadable', error: 'unknown-event', bodyBase64: expect.any(String) },
    })
})

test.each(['Success', 'Failed'])(
  'an event nobody knows settles nothing: the end, %s, comes later',
  async (state) => {
    const queue = fakeQueue()
    const channel = fakeChannel('pagerduty-1', { resolves: true })
    const relay = createRelay(testParts({ queue, channels: [channel] }))
    const body = (name: string): string =>
      JSON.stringify({
        EventName: name,
        WorkflowExecution: { RunId: '1', State: state, Object: 'a.mp4', BucketId: 'b-1', WorkflowId: 'w' },
      })
    const outcomeOf = async (name: string) => (await relay(post(body(name)), INVOCATION)).body['outcome']
    expect(await outcomeOf('WorkflowRetry')).toBe('alerted')
    expect(await outcomeOf('WorkflowRetry')).toBe('duplicate')
    expect(await outcomeOf(' WORKFLOWSTART')).toBe('ignored')
    expect(await outcomeOf('WorkflowFinish')).toBe(state === 'Success' ? 'queued' : 'alerted')
    expect(channel.alerts.map(({ incident, severity }) => [incident, severity])).toEqual([
      [null, 'warning'],
      ...(state === 'Success' ? [] : [['workflow/w/b-1/a.mp4', 'error']]),
    ])
    expect(new Set(channel.alerts.map(({ id }) => id)).size).toBe(channel.alerts.length)
  },
)

test('its body is what came, byte for byte', async () => {
  const store = memoryStore()
  const body = '{"EventType":"WorkflowTask", "WorkflowTaskEvent":{"TaskId":"t","Status":"FINISH"}}'
  await createRelay(testParts({ store }))(post(body), INVOCATION)
  const [header] = await listAll(store)
  const item = await store.read(header!.id)
  expect(
    item?.payload.kind === 'unreadable' && Buffer.from(item.payload.bodyBase64, 'base64').toString(),
  ).toBe(body)
})

test('the store does not take its body: it is to come again, and nobody is told of what is not there', async () => {
  const channel = fakeChannel('wecom-1')
  const store = brokenStore(memoryStore(), ['park'], 'refuses')
  const parts = testParts({ store, channels: [channel] })
  const answer = await createRelay(parts)(post(event('WorkflowArchived', '1')), INVOCATION)
  expect(answer).toMatchObject({ status: 503, body: { outcome: 'undelivered' } })
  expect(channel.alerts).toEqual([])
  expect(parts.lines).toContainEqual(
    expect.objectContaining({ event: 'WorkflowArchived', body: event('WorkflowArchived', '1') }),
  )
})

test('without a store it is told of at once, and its body stands in the log', async () => {
  const channel = fakeChannel('wecom-1')
  const parts = testParts({ store: null, channels: [channel] })
  const answer = await createRelay(parts)(post(event('WorkflowArchived', '1')), INVOCATION)
  expect(answer).toMatchObject({ status: 200, body: { outcome: 'alerted' } })
  expect(channel.alerts).toHaveLength(1)
})
