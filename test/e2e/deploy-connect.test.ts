import type { ChildProcess } from 'node:child_process'
import type { Fault, WorkflowStep } from '../support/fake-cloud-ci'
import { type DeployScene, startDeployScene, TOKEN } from '../support/deploy-scene'

// `serverless callback connect`: a workflow of somebody's production has to be off while it is changed, and must not stay so.

jest.setTimeout(300_000)

const TOPOLOGY =
  '<Topology><Dependencies><Start>Transcode_1</Start><Transcode_1>End</Transcode_1></Dependencies><Nodes><Start><Type>Start</Type>' +
  '<Input><QueueId>p1</QueueId><ObjectPrefix>in/&amp;</ObjectPrefix></Input></Start><Transcode_1><Type>Transcode</Type></Transcode_1></Nodes></Topology>'
const CONNECT = 'callback connect --bucket media-1250000000 --workflow w1'
const ENABLE = 'npx serverless callback enable --bucket media-1250000000 --workflow w1'

let scene: DeployScene
beforeAll(async () => {
  scene = await startDeployScene()
  scene.place()
  scene.cloud.ci.queues.set('p1', {
    name: 'queue-1',
    state: 'Active',
    notify: '<State>Off</State><MqName>kept</MqName>',
  })
})
beforeEach(() => {
  scene.cloud.ci.workflows.set('w1', { name: 'Transcode &amp; more', state: 'Active', topology: TOPOLOGY })
})
afterEach(() => {
  scene.cloud.ci.faults.before = () => null
})
afterAll(() => scene.stop())

const workflow = (): { name: string; state: string; topology: string } => scene.cloud.ci.workflows.get('w1')!
const isConnected = (): boolean => workflow().topology.includes(`${scene.origin()}/${TOKEN}`)

/** The first `times` tries of a step meet the fault. */
function fault(step: WorkflowStep, kind: Fault, times = 1): void {
  const before = scene.cloud.ci.faults.before
  let left = times
  scene.cloud.ci.faults.before = (now) => (now === step && left-- > 0 ? kind : before(now))
}

/** Runs the command and sends it a signal at a step, which is done once the signal has been heard. */
async function interrupted(
  step: WorkflowStep,
  signal: NodeJS.Signals,
): ReturnType<DeployScene['serverless']> {
  let child: ChildProcess | null = null
  let heard: Promise<void> | null = null
  scene.cloud.ci.faults.before = async (now) => {
    if (now === step) {
      child?.kill(signal)
      await heard
    }
    return null
  }
  return scene.serverless(`${CONNECT} --debug=process`, {}, (started) => {
    child = started
    heard = new Promise((done) =>
      started.stderr?.on(
        'data',
        (chunk: Buffer) => chunk.toString().includes(`exit signal ${signal}`) && done(),
      ),
    )
  })
}

test('shows the change, makes it, and leaves the rest of the workflow alone', async () => {
  const dry = await scene.callsOf(`${CONNECT} --dry-run`)
  expect(dry.ran.code).toBe(0)
  expect(dry.ran.last(3)).toBe(
    '  Event: (none) -> WorkflowFinish\n  ResultFormat: (none) -> XML\nNothing was changed (--dry-run).',
  )
  expect(dry.calls.filter((call) => call.includes('PUT'))).toEqual([])

  const real = await scene.serverless(CONNECT)
  expect(real.code).toBe(0)
  expect(real.last(1)).toBe('Connected; CI says that it takes up to 5 minutes to work.')
  const notify = `<NotifyConfig><State>On</State><Type>Url</Type><Url>${scene.origin()}/${TOKEN}</Url><Event>WorkflowFinish</Event><ResultFormat>XML</ResultFormat></NotifyConfig>`
  expect(workflow()).toEqual({
    name: 'Transcode &amp; more',
    state: 'Active',
    topology: TOPOLOGY.replace('</Input>', `${notify}</Input>`),
  })

  const again = await scene.callsOf(CONNECT)
  expect(again.ran.last(1)).toBe('  is connected already: nothing to change.')
  expect(again.calls.filter((call) => call.includes('PUT'))).toEqual([])
})

test('to a queue; to nothing there is', async () => {
  const queue = await scene.serverless('callback connect --bucket media-1250000000 --queue p1 --format JSON')
  expect(queue.code).toBe(0)
  expect(scene.cloud.ci.queues.get('p1')!.notify).toContain('<MqName>kept</MqName>')
  expect(scene.cloud.ci.queues.get('p1')!.notify).toContain('<ResultFormat>JSON</ResultFormat>')
  const none = await scene.serverless('callback connect --bucket media-1250000000 --workflow w2')
  expect(none.code).toBe(1)
  expect(none.last(1)).toBe(
    'CI knows no workflow w2 in bucket media-1250000000 (ap-guangzhou): check the id, the bucket and COS_REGION.',
  )
})

test('a change that CI refuses: the workflow is as it was', async () => {
  const before = { ...workflow() }
  const refused = await scene.serverless(`${CONNECT} --event Nonsense`)
  expect(refused.code).toBe(1)
  expect(refused.last(1)).toContain('ci: media-1250000000: workflow w1: answered 400 InvalidArgument Event')
  expect(workflow()).toEqual(before)
})

test('it cannot be disabled, or nobody knows whether it was: it is on', async () => {
  // The client tries a connection once more that it had kept.
  fault('disable', 'lose', 2)
  const ran = await scene.serverless(CONNECT)
  expect(ran.code).toBe(1)
  expect(ran.last(1)).toMatch(/^Tencent Cloud cannot be reached/)
  expect([workflow().state, isConnected()]).toEqual(['Active', false])
})

test('the change and the first tries to enable it fail: it is enabled in the end', async () => {
  fault('change', 'forbid')
  fault('enable', 'forbid', 2)
  const ran = await scene.serverless(CONNECT)
  expect(ran.code).toBe(1)
  expect(ran.last(2)).toContain(
    'The credentials may not do this (AccessDenied): ci: media-1250000000: workflow w1: answered 403',
  )
  expect([workflow().state, isConnected()]).toEqual(['Active', false])
})

test.each<WorkflowStep>(['disable', 'change', 'enable'])(
  'CI is busy at %s: tried again until it is not',
  async (step) => {
    fault(step, 'busy', 2)
    const ran = await scene.serverless(CONNECT)
    expect(ran.code).toBe(0)
    expect([workflow().state, isConnected()]).toEqual(['Active', true])
  },
)

test('the answer to the enabling is lost: that it is on is seen', async () => {
  fault('enable', 'lose', 2)
  const ran = await scene.serverless(CONNECT)
  expect(ran.code).toBe(0)
  expect([workflow().state, isConnected()]).toEqual(['Active', true])
})

test('it cannot be enabled: said loudly, with the command, which works', async () => {
  fault('enable', 'forbid', 4)
  const ran = await scene.serverless(CONNECT)
  expect(ran.code).toBe(1)
  expect(ran.stdout).toContain(
    'THE WORKFLOW IS STILL DISABLED and processes nothing (The credentials may not',
  )
  expect(ran.stdout).toContain(`Enable it now: \`${ENABLE}\``)
  expect([workflow().state, isConnected()]).toEqual(['Paused', true])
  const enabled = await scene.serverless(ENABLE.replace('npx serverless ', ''))
  expect(enabled.code).toBe(0)
  expect(enabled.last(1)).toBe('workflow w1 (Transcode & more) in media-1250000000 is enabled.')
  expect(workflow().state).toBe('Active')
})

test.each<[NodeJS.Signals, number, WorkflowStep, boolean]>([
  ['SIGINT', 130, 'disable', false],
  ['SIGTERM', 143, 'change', true],
  ['SIGINT', 130, 'enable', true],
])('%s (%i) at %s: it is enabled before the command ends', async (signal, code, step, connected) => {
  const ran = await interrupted(step, signal)
  const words = `Interrupted (${signal}). The workflow is enabled again.`
  expect([ran.code, ran.all]).toEqual([code, expect.stringContaining(words)])
  expect([workflow().state, isConnected()]).toEqual(['Active', connected])
})

test('nothing but Tencent Cloud was asked, and no secret was shown', () => scene.mustBeClean())
