import { listAll } from '../../support/list-all'
import type { Deadline } from '../../../src/net/deadline'
import type { Alert } from '../../../src/alerts/alert'
import type { Job } from '../../../src/callback/model'
import { createRelay } from '../../../src/relay/relay'
import type { Store } from '../../../src/stores/store'
import { sweep } from '../../../src/sweep/sweep'
import { execution, jobOf, taskOf } from '../../support/executions'
import { brokenStore, fakeChannel, INVOCATION, memoryStore, post, testParts } from '../../support/parts'
import { executionXml, jobsXml } from '../../support/render'

const failed = (runId: string, changes = {}) =>
  post(executionXml(execution({ runId, state: 'Failed', ...changes })))
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

const job = (jobId: string, template: string | null, changes: Partial<Job> = {}) =>
  post(jobsXml([jobOf({ jobId, operation: template && { TemplateId: template }, ...changes })]))

test('jobs: the same tag, template and object', async () => {
  const able = fakeChannel('pagerduty-1', { resolves: true })
  const { send } = relayTo([able])
  await send(job('1', 't1080', { state: 'Failed' }))
  await send(job('2', 't1080', { tag: 'Snapshot' }))
  await send(job('3', 't480'))
  await send(job('4', 't1080', { object: 'other.mp4' }))
  await send(job('5', null))
  expect(able.resolved).toEqual([])
  await send(job('6', 't1080'))
  expect(able.resolved).toEqual(['job/Transcode/t1080/media-1250000000/input/demo.mp4'])
})

test('what cannot be told from other work has an alert of its own, which nothing ends', async () => {
  const able = fakeChannel('pagerduty-1', { resolves: true })
  const { send } = relayTo([able])
  await send(job('1', null, { state: 'Failed' }))
  await send(job('2', 't', { state: 'Failed', object: null, bucket: null }))
  await send(failed('3', { workflow: { id: null, name: null } }))
  await send(job('4', null))
  await send(job('5', 't', { object: null, bucket: null }))
  await send(success('6', { workflow: { id: null, name: null } }))
  expect(able.alerts.map(({ incident }) => incident)).toEqual([null, null, null])
  expect(able.resolved).toEqual([])
})

test('a failure that comes after the later success of the same work is told, opened and closed at once', async () => {
  const able = fakeChannel('pagerduty-1', { resolves: true })
  const { send } = relayTo([able])
  const at = (endedAt: string) => ({ tasks: [taskOf({ endedAt })] })
  await send(success('2', at('2022-08-09T15:00:00+08:00')))
  await send(failed('1', { tasks: [taskOf({ state: 'Failed', endedAt: '2022-08-09T14:00:00+08:00' })] }))
  expect(able.alerts).toHaveLength(1)
  expect(able.resolved).toEqual([INCIDENT])
  await send(failed('3', { tasks: [taskOf({ state: 'Failed', endedAt: '2022-08-09T16:00:00+08:00' })] }))
  // It had ended before the last failure did.
  await send(success('4', at('2022-08-09T15:30:00+08:00')))
  expect(able.resolved).toEqual([INCIDENT])
  await send(success('5', at('2022-08-09T17:00:00+08:00')))
  expect(able.resolved).toEqual([INCIDENT, INCIDENT])
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
  const items = await Promise.all((await listAll(store)).map(async ({ id }) => store.read(id)))
  const of = (channel: string) =>
    items.filter(
      (item) =>
        item?.payload.kind !== 'message' && (item?.payload as { channel?: string }).channel === channel,
    )
  expect(of('pagerduty-1').map((item) => item?.payload.kind)).toEqual(['alert', 'resolve'])
  expect(new Set(of('pagerduty-1').map((item) => item?.group)).size).toBe(1)
  expect(of('pagerduty-1')[1]?.lastError).toBe('waits behind the alert that it resolves')
  expect(of('alertmanager-2').map((item) => [item?.payload.kind, item?.lastError])).toEqual([
    ['resolve', 'fake: refused'],
  ])
})

test('a store that cannot note or look up stops no delivery; the log says what stays open', async () => {
  const able = fakeChannel('pagerduty-1', { resolves: true })
  const store = memoryStore()
  const first = relayTo([able], brokenStore(store, ['swapNote'], 'refuses'))
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

describe('with the sweep in between', () => {
  const LIMITS = { ms: 5_000 }
  const PAGER = 'pagerduty-1'
  const alerted = (run: string) => ['alert', `${run}:Failed`] as const
  const resolved = ['resolve', INCIDENT] as const

  /** What the channel took, in order. */
  function pager() {
    const channel = fakeChannel(PAGER, { resolves: true })
    const taken: (readonly [string, string])[] = []
    const driver = { ...channel.channel }
    Object.assign(channel.channel, {
      send: async (alert: Alert, deadline: Deadline) => {
        await driver.send(alert, deadline)
        taken.push(['alert', alert.id])
      },
      resolve: async (incident: string, deadline: Deadline) => {
        await driver.resolve?.(incident, deadline)
        taken.push(['resolve', incident])
      },
    })
    const store = memoryStore()
    const parts = testParts({ channels: [channel], store })
    const relay = createRelay(parts)
    return {
      channel,
      taken,
      store,
      send: async (request: ReturnType<typeof post>, changed: Store = store) =>
        changed === store
          ? relay(request, INVOCATION)
          : createRelay({ ...parts, store: changed })(request, INVOCATION),
      /** An hour later. */
      sweep: async () => {
        const now = Date.now()
        jest.spyOn(Date, 'now').mockReturnValue(now + 3_600_000)
        await sweep(parts, null, LIMITS)
      },
    }
  }

  afterEach(() => jest.restoreAllMocks())

  test('an alert that waits is not reopened behind the resolve of a later one', async () => {
    const { channel, taken, send, sweep } = pager()
    channel.manner = 'refuses'
    await send(failed('1'))
    channel.manner = 'takes'
    await send(failed('2'))
    await send(success('3'))
    await sweep()
    expect(taken).toEqual([alerted('2'), alerted('1'), resolved])
  })

  test('a resolve that waits does not end trouble that is newer', async () => {
    const { channel, taken, send, sweep, store } = pager()
    await send(failed('1'))
    channel.manner = 'refuses'
    await send(success('2'))
    channel.manner = 'takes'
    await send(failed('3'))
    await sweep()
    expect(taken).toEqual([alerted('1'), alerted('3')])
    await send(success('4'))
    await sweep()
    expect(taken).toEqual([alerted('1'), alerted('3'), resolved])
    expect(await listAll(store)).toEqual([])
  })

  test('an older failure of which the newer one was lost is still ended', async () => {
    const { channel, taken, send, store } = pager()
    await send(failed('1'))
    channel.manner = 'refuses'
    await send(failed('2'), brokenStore(store, ['park'], 'refuses'))
    channel.manner = 'takes'
    await send(success('3'))
    expect(taken).toEqual([alerted('1'), resolved])
  })

  test('a resolve that was lost comes with the next success', async () => {
    const { channel, taken, send, store } = pager()
    await send(failed('1'))
    channel.manner = 'refuses'
    await send(success('2'), brokenStore(store, ['park'], 'refuses'))
    channel.manner = 'takes'
    await send(success('3'))
    expect(taken).toEqual([alerted('1'), resolved])
    await send(success('4'))
    expect(taken).toHaveLength(2)
  })

  test('one that could not be parked behind its alert comes with the next success, too', async () => {
    const { channel, taken, send, store, sweep } = pager()
    channel.manner = 'refuses'
    await send(failed('1'))
    await send(success('2'), brokenStore(store, ['park'], 'refuses'))
    channel.manner = 'takes'
    await send(success('3'))
    await sweep()
    expect(taken).toEqual([alerted('1'), resolved])
  })

  test('a resolve that waits is not sent by every later success as well', async () => {
    const { channel, taken, send, sweep } = pager()
    await send(failed('1'))
    channel.manner = 'refuses'
    await send(success('2'))
    channel.manner = 'takes'
    await send(success('3'))
    await sweep()
    expect(taken).toEqual([alerted('1'), resolved])
  })

  test('a process that dies after the resolve ends it once more; a failure meanwhile stays known', async () => {
    const { taken, send, store } = pager()
    await send(failed('1'))
    await send(success('2'), brokenStore(store, ['swapNote'], 'refuses'))
    await send(success('3'))
    expect(taken).toEqual([alerted('1'), resolved, resolved])

    await send(failed('4'))
    const busy: Store = {
      ...store,
      swapNote: async (name, before, value, keepMs) => {
        if (name.startsWith('incident/')) await send(failed('5'))
        return store.swapNote(name, before, value, keepMs)
      },
    }
    await send(success('6'), busy)
    await send(success('7'))
    expect(taken.slice(3)).toEqual([alerted('4'), resolved, alerted('5'), resolved])
  })
})

test('in one body, in its order: the success of a piece of work ends what its failure opened', async () => {
  for (const states of [
    ['Failed', 'Success'],
    ['Success', 'Failed'],
    ['Failed', 'Success', 'Failed', 'Success'],
  ] as const) {
    const able = fakeChannel('pagerduty-1', { resolves: true })
    const { send } = relayTo([able])
    const jobs = states.map((state, index) =>
      jobOf({ jobId: `j${index}`, state, operation: { TemplateId: 't' }, endedAt: null }),
    )
    await send(post(jobsXml(jobs)))
    const failures = states.filter((state) => state === 'Failed').length
    expect(able.alerts).toHaveLength(failures)
    expect(able.resolved).toHaveLength(states.at(-1) === 'Success' ? failures : 0)
  }
})

test('an older success that comes late takes nothing from a newer one', async () => {
  const able = fakeChannel('pagerduty-1', { resolves: true })
  const { send } = relayTo([able])
  const ended = (day: number) => ({ tasks: [taskOf({ endedAt: `2026-01-0${day}T00:00:00+08:00` })] })
  await send(success('1', ended(4)))
  await send(success('2', ended(2)))
  await send(failed('3', { tasks: [taskOf({ state: 'Failed', endedAt: '2026-01-03T00:00:00+08:00' })] }))
  expect(able.alerts).toHaveLength(1)
  expect(able.resolved).toEqual([INCIDENT])
})

test('of failures at the same moment none is forgotten: what each opened is ended', async () => {
  const channels = ['pagerduty-1', 'pagerduty-2', 'pagerduty-3'].map((id) =>
    fakeChannel(id, { resolves: true }),
  )
  const store = memoryStore()
  // Each instance has one of the channels only, as while a setting is rolled out.
  const instances = channels.map((channel) => relayTo([channel], store))
  await Promise.all(instances.map(async ({ send }, index) => send(failed(String(index)))))
  await relayTo(channels, store).send(success('9'))
  expect(channels.map(({ resolved }) => resolved)).toEqual([[INCIDENT], [INCIDENT], [INCIDENT]])
})

test('a note that others change all the time: the log says that it was not noted', async () => {
  const able = fakeChannel('pagerduty-1', { resolves: true })
  const busy: Store = { ...memoryStore(), swapNote: async () => Promise.resolve(false) }
  const { send, lines } = relayTo([able], busy)
  expect(await send(failed('1'))).toBe('alerted')
  expect(lines).toContainEqual(
    expect.objectContaining({
      msg: 'an open incident could not be noted: it will not be resolved by itself',
    }),
  )
})
