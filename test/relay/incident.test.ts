import { createRelay } from '../../src/relay/relay'
import { execution, jobOf, taskOf } from '../support/executions'
import { brokenStore, fakeChannel, INVOCATION, memoryStore, post, testParts } from '../support/parts'
import { executionXml, jobsXml } from '../support/render'

const failed = (runId: string) => post(executionXml(execution({ runId, state: 'Failed' })))
const success = (runId: string, changes = {}) => post(executionXml(execution({ runId, ...changes })))
const INCIDENT = 'workflow/web6ac56c1ef54dbfa44d7f4103203be9/media-1250000000/视频/game.mp4'

function relayTo(channels: ReturnType<typeof fakeChannel>[], store = memoryStore()) {
  const parts = testParts({ channels, store })
  const relay = createRelay(parts)
  return {
    store,
    lines: parts.lines,
    send: async (request: ReturnType<typeof post>) => (await relay(request, INVOCATION)).body['outcome'],
  }
}

test('a success ends what a failure of the same object opened, once, where channels can', async () => {
  const able = fakeChannel('pagerduty-1', { resolves: true })
  const chat = fakeChannel('wecom-2')
  const { send } = relayTo([able, chat])
  await send(failed('1'))
  expect(able.alerts[0]?.incident).toBe(INCIDENT)
  await send(success('2', { object: 'other.mp4' }))
  await send(success('3', { workflow: { id: 'other', name: null } }))
  expect(able.resolved).toEqual([])
  expect(await send(success('4'))).toBe('queued')
  expect(able.resolved).toEqual([INCIDENT])
  await send(success('5'))
  expect(able.resolved).toEqual([INCIDENT])
  expect(chat.alerts).toHaveLength(1)
})

test('a success with a failed task opens one, and does not end one', async () => {
  const able = fakeChannel('pagerduty-1', { resolves: true })
  const { send } = relayTo([able])
  await send(failed('1'))
  await send(success('2', { tasks: [taskOf({ state: 'Failed' })] }))
  expect(able.resolved).toEqual([])
  await send(success('3'))
  expect(able.resolved).toEqual([INCIDENT])
})

test('jobs: the same tag and object', async () => {
  const able = fakeChannel('pagerduty-1', { resolves: true })
  const { send } = relayTo([able])
  await send(post(jobsXml([jobOf({ state: 'Failed' })])))
  await send(post(jobsXml([jobOf({ jobId: '2', tag: 'Snapshot' })])))
  expect(able.resolved).toEqual([])
  await send(post(jobsXml([jobOf({ jobId: '3' })])))
  expect(able.resolved).toEqual(['job/Transcode/media-1250000000/input/demo.mp4'])
})

test('a resolve that is refused is parked; one whose alert still waits is parked behind it, in the same group', async () => {
  const refusing = fakeChannel('pagerduty-1', { resolves: true, manner: 'refuses' })
  const able = fakeChannel('alertmanager-2', { resolves: true })
  const { send, store } = relayTo([refusing, able])
  expect(await send(failed('1'))).toBe('alerted')
  able.manner = 'refuses'
  expect(await send(success('2'))).toBe('queued')
  expect(refusing.tries).toBe(1)
  expect(able.tries).toBe(2)
  const items = await Promise.all((await store.list()).map(async ({ id }) => store.read(id)))
  const of = (channel: string) =>
    items.filter(
      (item) => item?.parcel.kind !== 'message' && (item?.parcel as { channel?: string }).channel === channel,
    )
  expect(of('pagerduty-1').map((item) => item?.parcel.kind)).toEqual(['alert', 'resolve'])
  expect(new Set(of('pagerduty-1').map((item) => item?.group)).size).toBe(1)
  expect(of('pagerduty-1')[1]?.lastError).toBe('waits behind the alert that it resolves')
  expect(of('alertmanager-2').map((item) => [item?.parcel.kind, item?.lastError])).toEqual([
    ['resolve', 'fake: refused'],
  ])
})

test('a store that cannot note or look up stops no delivery; the log says what stays open', async () => {
  const able = fakeChannel('pagerduty-1', { resolves: true })
  const store = memoryStore()
  const first = relayTo([able], brokenStore(store, ['setNote'], 'refuses'))
  expect(await first.send(failed('1'))).toBe('alerted')
  expect(first.lines).toContainEqual(
    expect.objectContaining({
      msg: 'an open incident could not be noted: it will not be resolved by itself',
      incident: INCIDENT,
    }),
  )
  const second = relayTo([able], brokenStore(store, ['note'], 'refuses'))
  expect(await second.send(success('2'))).toBe('queued')
  expect(second.lines).toContainEqual(
    expect.objectContaining({
      msg: 'open incidents could not be looked up: one may stay open',
      incident: INCIDENT,
    }),
  )
})
