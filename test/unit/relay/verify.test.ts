import { listAll } from '../../support/list-all'
import type { Deadline } from '../../../src/net/deadline'
import { readCallback } from '../../../src/callback/read-callback'
import { noticeOfJob } from '../../../src/callback/kinds/job'
import { noticeOf } from '../../../src/callback/kinds/workflow'
import type { Job, WorkflowExecution } from '../../../src/callback/model'
import type { ReadBack } from '../../../src/services'
import { createRelay } from '../../../src/relay/relay'
import { execution, jobOf, taskOf } from '../../support/executions'
import {
  brokenStore,
  fakeChannel,
  fakeQueue,
  INVOCATION,
  memoryStore,
  post,
  testParts,
} from '../../support/parts'
import { executionXml, jobsXml } from '../../support/render'

const claimed = execution({ headers: { 'x-cos-meta-id': '7' } })
const body = executionXml(claimed)

/** CI, as far as it knows these executions. */
function ci(...known: readonly (WorkflowExecution | Job)[]): ReadBack & { asked: string[] } {
  const asked: string[] = []
  const find = async (bucket: string, id: string, deadline: Deadline): Promise<never> => {
    if (deadline.isOver) throw new Error('late')
    asked.push(`${bucket}/${id}`)
    const found = known.find((one) => ('runId' in one ? one.runId : one.jobId) === id)
    const told = found && ('runId' in found ? noticeOf(found) : noticeOfJob(found))
    return Promise.resolve((told ?? null) as never)
  }
  return { execution: find, job: find, asked }
}
const verifying = (readBack: ReadBack | null, changes = {}) =>
  testParts({ verify: 'read-back', readBack, ...changes })

test('what CI says counts, not the body; the upload’s headers are kept', async () => {
  const truth = execution({
    state: 'Failed',
    object: 'true.mp4',
    tasks: [taskOf({ state: 'Failed', code: 'E1', message: 'broken' })],
  })
  const readBack = ci(truth)
  const queue = fakeQueue()
  const channel = fakeChannel('a')
  const answer = await createRelay(verifying(readBack, { queue, channels: [channel] }))(
    post(body),
    INVOCATION,
  )
  expect(answer).toEqual({ status: 200, body: { outcome: 'alerted', id: claimed.runId, state: 'Failed' } })
  expect(readBack.asked).toEqual([`media-1250000000/${claimed.runId}`])
  expect(queue.events).toEqual([])
  expect(channel.alerts[0]?.event?.data).toEqual({ ...truth, headers: { 'x-cos-meta-id': '7' } })
})

test('a job is asked about as a job', async () => {
  const queue = fakeQueue()
  const channel = fakeChannel('a')
  const claimedJob = jobOf()
  const truth = jobOf({ state: 'Failed', code: 'E1', message: 'broken' })
  const relay = createRelay(verifying(ci(truth), { queue, channels: [channel] }))
  expect((await relay(post(jobsXml([claimedJob])), INVOCATION)).body).toMatchObject({
    outcome: 'alerted',
    state: 'Failed',
  })
  expect(queue.events).toEqual([])
  expect(channel.alerts[0]?.event?.data).toEqual(truth)
})

test('a job that CI knows at no place waits, unchecked: nobody can say that it is forged', async () => {
  const queue = fakeQueue()
  const store = memoryStore()
  const relay = createRelay(verifying(ci(), { queue, store }))
  expect((await relay(post(jobsXml([jobOf()])), INVOCATION)).body).toMatchObject({ outcome: 'parked' })
  expect(await listAll(store)).toMatchObject([
    { group: expect.stringMatching(/^unchecked-/), lastError: expect.stringContaining('knows no such job') },
  ])
  expect(queue.events).toEqual([])
})

test('an end that CI does not know of yet waits, to be asked about again', async () => {
  const store = memoryStore()
  const queue = fakeQueue()
  const parts = verifying(ci(execution({ state: 'Running' })), { store, queue })
  expect((await createRelay(parts)(post(body), INVOCATION)).body).toMatchObject({ outcome: 'parked' })
  expect(await listAll(store)).toMatchObject([
    { status: 'waiting', lastError: 'CI says that it is still Running' },
  ])
  expect(queue.events).toEqual([])
  const running = post(executionXml(execution({ state: 'Submitted' })))
  expect((await createRelay(parts)(running, INVOCATION)).body).toMatchObject({
    outcome: 'ignored',
    state: 'Running',
  })
})

test('403 for an execution that CI does not know: nothing is delivered, claimed or parked', async () => {
  const store = memoryStore()
  const queue = fakeQueue()
  const relay = createRelay(
    verifying(ci(), { store: brokenStore(store, ['claim', 'park'], 'refuses'), queue }),
  )
  expect(await relay(post(body), INVOCATION)).toEqual({
    status: 403,
    body: { error: 'unknown-execution', message: 'CI knows no such execution.' },
  })
  expect(queue.events).toEqual([])
})

test('of two executions the known one is settled, the other one named', async () => {
  const two = `<Response>${['r1', 'r2'].map((runId) => executionXml(execution({ runId })).replace(/<\/?Response>/g, '')).join('')}</Response>`
  const queue = fakeQueue()
  const answer = await createRelay(verifying(ci(execution({ runId: 'r2' })), { queue }))(
    post(two),
    INVOCATION,
  )
  expect(answer).toEqual({
    status: 200,
    body: {
      outcomes: [
        { outcome: 'unknown', id: 'r1', state: 'Success' },
        { outcome: 'queued', id: 'r2', state: 'Success' },
      ],
    },
  })
  expect(queue.events.map(({ id }) => id)).toEqual(['r2:Success'])
})

describe('when CI cannot be asked, the callback waits in the outbox', () => {
  const fails = async (): Promise<never> => Promise.reject(new Error('CI answered 503'))
  const failing: ReadBack = { execution: fails, job: fails }

  test.each([
    ['CI fails', failing, body, 'CI answered 503'],
    ['there are no credentials', null, body, 'no credentials to ask CI with: give the function a role'],
    [
      'the body names no bucket',
      ci(),
      executionXml(execution({ bucket: null })),
      'the callback names no bucket to ask CI about',
    ],
    ['CI fails, asked for a job', failing, jobsXml([jobOf()]), 'CI answered 503'],
  ])('%s', async (_, readBack, text, lastError) => {
    for (const [sent, base64] of [
      [text, false],
      [Buffer.from(text).toString('base64'), true],
      [Buffer.from(text).toString('base64'), null],
    ] as const) {
      const store = memoryStore()
      const queue = fakeQueue()
      const relay = createRelay(verifying(readBack, { store, queue }))
      expect(await relay(post(sent, { base64 }), INVOCATION)).toMatchObject({
        status: 200,
        body: { outcome: 'parked', state: 'Success' },
      })
      expect((await relay(post(sent, { base64 }), INVOCATION)).body).toMatchObject({ outcome: 'parked' })
      expect(queue.events).toEqual([])
      const [header, ...more] = await listAll(store)
      expect(more).toEqual([])
      const item = await store.read(header!.id)
      expect(item).toMatchObject({ status: 'waiting', tries: 1, lastError, payload: { kind: 'unverified' } })
      const parked =
        item?.payload.kind === 'unverified' ? Buffer.from(item.payload.bodyBase64, 'base64').toString() : ''
      expect(readCallback(parked)).toEqual(readCallback(text))
    }
  })

  test('or, without a store, comes again', async () => {
    const parts = verifying(failing, { store: null })
    expect(await createRelay(parts)(post(body), INVOCATION)).toMatchObject({
      status: 503,
      headers: { 'Retry-After': '5' },
      body: { error: 'undelivered', outcome: 'undelivered' },
    })
    expect(parts.lines).toContainEqual(
      expect.objectContaining({ level: 50, msg: 'CI could not be asked', error: 'CI answered 503' }),
    )
  })
})

describe('without verification CI is asked why tasks failed', () => {
  const failed = execution({
    state: 'Failed',
    tasks: [
      taskOf({ state: 'Failed', jobId: 'j1' }),
      taskOf({ state: 'Failed', jobId: null, name: 'n2' }),
      taskOf({ state: 'Failed', jobId: 'j3' }),
    ],
  })
  const reasonsIn = async (readBack: ReadBack | null, subject = failed) => {
    const channel = fakeChannel('a')
    const parts = testParts({ readBack, channels: [channel] })
    expect((await createRelay(parts)(post(executionXml(subject)), INVOCATION)).body).toMatchObject({
      outcome: 'alerted',
    })
    return {
      reasons: channel.alerts[0]?.items.map(
        ({ facts }) => facts.find(({ label }) => label === 'Reason')?.value,
      ),
      data: channel.alerts[0]?.event?.data as WorkflowExecution,
      lines: parts.lines,
    }
  }
  const NONE = 'unknown: callbacks do not say why, and CI did not tell'

  test('matched by job, else by node; the rest of what CI says is not taken', async () => {
    const told = execution({
      state: 'Success',
      tasks: [
        taskOf({ jobId: 'j3', code: 'E3', message: null }),
        taskOf({ jobId: 'other', name: 'n2', code: null, message: 'm2' }),
        taskOf({ jobId: 'j1', state: 'Success', code: 'E1', message: 'no input' }),
      ],
    })
    const { reasons, data } = await reasonsIn(ci({ ...told, runId: failed.runId }))
    expect(reasons).toEqual(['E1: no input', 'm2', 'E3'])
    expect(data.tasks.map(({ code, message, state }) => [code, message, state])).toEqual([
      ['E1', 'no input', 'Failed'],
      [null, 'm2', 'Failed'],
      ['E3', null, 'Failed'],
    ])
  })

  test('not when it cannot tell: the alert goes without', async () => {
    expect((await reasonsIn(ci())).reasons).toEqual([NONE, NONE, NONE])
    expect((await reasonsIn(ci(execution({ tasks: [] })))).reasons).toEqual([NONE, NONE, NONE])
    const { reasons, lines } = await reasonsIn({
      ...ci(),
      execution: async () => Promise.reject(new Error('403')),
    })
    expect(reasons).toEqual([NONE, NONE, NONE])
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 40, msg: 'CI could not be asked for the reason', error: '403' }),
    )
  })

  test('not when the callback says why, or names no bucket', async () => {
    const asked = ci()
    const told = { ...failed, tasks: [taskOf({ state: 'Failed', code: 'E9', message: 'given' })] }
    expect((await reasonsIn(asked, told)).reasons).toEqual(['E9: given'])
    await reasonsIn(asked, { ...failed, bucket: null })
    expect(asked.asked).toEqual([])
  })
})
