import { workflowCallback } from '../support/failed-callback'
import {
  dingtalk,
  DINGTALK_TOKEN,
  type DingtalkMessage,
  type FakeRobot,
  json,
  PAGERDUTY,
  PAGERDUTY_KEY,
  type PagerdutyEvent,
  serveRobot,
  SLACK,
  SLACK_HOOK,
  type SlackMessage,
  WECOM,
  WECOM_KEY,
  type WecomMessage,
  wecomSays,
  wecomText,
} from '../support/fake-robot'
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder'
import { callbackXml, runId } from './callbacks'
import { openRelay, type Relay } from './open-relay'

const MINUTE = 60_000
const SWEEP = 5 * MINUTE

let folder: TemporaryFolder
let wecom: FakeRobot<WecomMessage>
let slack: FakeRobot<SlackMessage>
let relay: Relay
let number = 0

beforeEach(async () => {
  folder = temporaryFolder()
  wecom = await serveRobot(WECOM)
  slack = await serveRobot(SLACK)
})
afterEach(async () => {
  await relay.kill()
  await Promise.all([wecom.stop(), slack.stop()])
  folder.remove()
})

const wecomUrl = (): string => `wecom://${WECOM_KEY}?endpoint=${wecom.endpoint}`
const slackUrl = (): string => `slack://${SLACK_HOOK}?fallback=1&endpoint=${slack.endpoint}`

function open(env: Readonly<Record<string, string>> = {}): void {
  relay = openRelay({
    ALERT_URLS: `${slackUrl()} ${wecomUrl()}`,
    QUEUE_URL: 'file:/dev/null',
    STORE_URL: `file:${folder.path}/store`,
    ...env,
  })
}

/** Under WeCom's and Slack's own limits. */
async function pass(ms: number): Promise<void> {
  wecom.passTime(ms)
  slack.passTime(ms)
  await relay.passTime(ms)
}

async function fail(): Promise<string> {
  const id = runId('f', (number += 1))
  const body = workflowCallback({ runId: id, object: `${id}.mp4`, workflow: 'w', tasks: ['t'] })
  expect(['alerted', 'parked']).toContain((await relay.post(body)).outcome)
  await pass(2_000)
  return id
}

const toldByWecom = (): string => wecom.taken.map(wecomText).join('\n')
const toldBySlack = (): string => JSON.stringify(slack.taken)

test('another channel takes the alert: the fallback hears nothing, then or later', async () => {
  open()
  const id = await fail()
  await pass(SWEEP)
  await relay.sweep()
  expect(toldByWecom()).toContain(id)
  expect(slack.taken).toEqual([])
})

test.each([
  ['refuses', wecomSays(40008, 'invalid message type')],
  ['does not know the key', wecomSays(93000, 'invalid webhook url')],
  ['is out of order', { status: 502, body: 'bad gateway' }],
  ['is deaf for ten minutes', { status: 429, body: '', headers: { 'retry-after': '600' } }],
])('every other channel %s: the fallback is told at once, and once', async (_, answer) => {
  open()
  wecom.behave(answer)
  const id = await fail()
  expect(toldBySlack()).toContain(id)
  wecom.behave('take')
  await pass(24 * 60 * MINUTE)
  await relay.sweep()
  expect(toldByWecom()).toContain(id)
  expect(slack.taken).toHaveLength(1)
})

test('no other channel is there: told at once', async () => {
  open()
  await wecom.stop()
  const id = await fail()
  expect(toldBySlack()).toContain(id)
  await wecom.start()
})

test('another channel hangs, and takes the alert in the sweep: the fallback hears nothing', async () => {
  open()
  wecom.behave('hang')
  const id = await fail()
  expect(slack.taken).toEqual([])
  wecom.behave('take')
  await pass(SWEEP)
  expect(await relay.sweep()).toMatchObject({ failed: 0, waiting: 0 })
  expect(toldByWecom()).toContain(id)
  expect(slack.taken).toEqual([])
})

test('another channel hangs still: the next sweep tells the fallback', async () => {
  open()
  wecom.behave('hang')
  const id = await fail()
  expect(slack.taken).toEqual([])
  await wecom.stop()
  await pass(SWEEP)
  await relay.sweep()
  expect(toldBySlack()).toContain(id)
  await wecom.start()
  wecom.behave('take')
  await pass(24 * 60 * MINUTE)
  expect(await relay.sweep()).toMatchObject({ waiting: 0 })
  expect(toldByWecom()).toContain(id)
  expect(slack.taken).toHaveLength(1)
})

test('one that hangs through the whole sweep keeps no fallback silent', async () => {
  relay = openRelay(
    { ALERT_URLS: `${slackUrl()} ${wecomUrl()}`, STORE_URL: `file:${folder.path}/store` },
    { remainingMs: { callback: 10_000, sweep: 17_000 } },
  )
  wecom.behave('hang')
  const id = await fail()
  await pass(SWEEP)
  await relay.sweep()
  expect(toldBySlack()).toContain(id)
}, 40_000)

test('a channel that is busy for a minute tells it itself, as a digest', async () => {
  open()
  wecom.behave(WECOM.throttles)
  const ids = [await fail(), await fail(), await fail()]
  expect(slack.taken).toEqual([])
  wecom.behave('take')
  await pass(SWEEP)
  await relay.sweep()
  expect(wecom.taken).toHaveLength(1)
  for (const id of ids) expect(toldByWecom()).toContain(id)
  expect(slack.taken).toEqual([])
})

test('a monthly quota that is used up makes the fallback speak', async () => {
  const robot = await serveRobot<DingtalkMessage>(dingtalk(null))
  robot.behave(
    json(200, { errcode: 90030, errmsg: 'webhook over limit, the quota of this month is used up' }),
  )
  open({ ALERT_URLS: `dingtalk://${DINGTALK_TOKEN}?endpoint=${robot.endpoint} ${slackUrl()}` })
  const id = await fail()
  expect(toldBySlack()).toContain(id)
  // It is left alone for as long.
  robot.behave('take')
  await pass(50 * MINUTE)
  expect(await relay.sweep()).toMatchObject({ delivered: 0, waiting: 1 })
  await pass(24 * 60 * MINUTE)
  expect(await relay.sweep()).toMatchObject({ delivered: 1, waiting: 0 })
  expect(robot.taken).toHaveLength(1)
  await robot.stop()
})

test('what cannot be read, and what was given up: the fallback is told of that, too', async () => {
  open({ QUEUE_URL: 'http://127.0.0.1:1/', GIVE_UP_AFTER: '1' })
  wecom.behave(wecomSays(93000, 'invalid webhook url'))
  await relay.post('<Response>')
  expect(toldBySlack()).toContain('A callback could not be read')
  await relay.post(callbackXml(runId('g', 1)))
  await pass(120 * MINUTE)
  await relay.sweep()
  expect(toldBySlack()).toContain('given up')
  expect(relay.log().map(({ msg }) => msg)).toContain('a delivery failed: parked')
})

test('an alert about the outbox that a channel refuses: the other is told of it, and the log says why', async () => {
  open({ ALERT_URLS: `${wecomUrl()} file:${folder.path}/alerts.jsonl?fallback=1 ${slackUrl()}` })
  wecom.behave(wecomSays(40008, 'invalid message type'))
  const id = await fail()
  for (let tries = 0; tries < 5; tries += 1) {
    await pass(12 * 60 * MINUTE)
    await relay.sweep()
  }
  expect(toldBySlack()).toContain(id)
  expect(toldBySlack()).toContain('1 delivery is refused again and again')
  const errors = relay.log().map(({ error }) => error)
  expect(errors).toContain('wecom: 40008: invalid message type')
})

test('without a store, there is no sweep: the fallback is told at once, also of what may have been taken', async () => {
  relay = openRelay({ ALERT_URLS: `${wecomUrl()} ${slackUrl()}` })
  wecom.behave('cut')
  const id = await fail()
  expect(toldBySlack()).toContain(id)
})

test('an incident that only the fallback knows of is ended there', async () => {
  const pagerduty = await serveRobot<PagerdutyEvent>(PAGERDUTY)
  open({ ALERT_URLS: `${wecomUrl()} pagerduty://${PAGERDUTY_KEY}?fallback=1&endpoint=${pagerduty.endpoint}` })
  await relay.post(callbackXml(runId('p', 1), 'quiet.mp4', 'Failed'))
  expect(pagerduty.taken).toEqual([])
  wecom.behave({ status: 500, body: '' })
  await relay.post(callbackXml(runId('p', 2), 'loud.mp4', 'Failed'))
  await relay.post(callbackXml(runId('p', 3), 'loud.mp4'))
  await relay.post(callbackXml(runId('p', 4), 'quiet.mp4'))
  expect(pagerduty.taken.map(({ event_action }) => event_action)).toEqual(['trigger', 'resolve'])
  await pagerduty.stop()
})

test('a channel keeps what waits for it when its URL is given the keyword that was missing', async () => {
  open({ ALERT_URLS: wecomUrl() })
  wecom.behave({ status: 500, body: '' })
  const id = await fail()
  wecom.behave('take')
  await relay.kill()
  open({ ALERT_URLS: `${wecomUrl()}&keyword=MEDIA` })
  await pass(60 * MINUTE)
  expect(await relay.sweep()).toMatchObject({ delivered: 1, dead: 0, waiting: 0 })
  expect(toldByWecom()).toContain(id)
  expect(toldByWecom()).toContain('MEDIA')
})
