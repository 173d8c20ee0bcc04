import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  alertmanager,
  type AlertmanagerAlert,
  asking,
  type DingtalkMessage,
  DINGTALK_TOKEN,
  dingtalk,
  type FakeRobot,
  FEISHU_HOOK,
  feishu,
  type FeishuMessage,
  json,
  PAGERDUTY,
  PAGERDUTY_KEY,
  type PagerdutyEvent,
  type Received,
  type Robot,
  serveRobot,
  SLACK,
  SLACK_HOOK,
  type SlackMessage,
  WECOM,
  WECOM_KEY,
  wecomSays,
  wecomText,
} from '../support/fake-robot'
import { jobCallback, workflowCallback } from '../support/failed-callback'
import { temporaryFolder } from '../support/temporary-folder'
import { callbackXml, runId } from './callbacks'
import { type CiScene, openCiScene } from './ci-scene'
import type { Relay } from './open-relay'

const KEYWORD = '转码告警 [media]'
const ENCODED = encodeURIComponent(KEYWORD)
const HOUR = 3_600_000

/** What a channel took, as texts in each of which the keyword must be. */
interface Peer {
  readonly url: string
  readonly fake: FakeRobot<unknown> | null
  /** The texts of each message taken. */
  taken(): readonly (readonly string[])[]
  /** Its own limits are past. */
  close(): unknown
}

type Case = readonly [
  name: string,
  robot: Robot<unknown>,
  textsOf: (taken: never) => readonly string[],
  urlAt: (endpoint: string) => string,
]

const textsOfCard = ({ card }: FeishuMessage): string[] =>
  [
    card.header.title,
    ...card.elements.flatMap(({ text, elements = [] }) => (text === undefined ? elements : [text])),
  ].map(({ content }) => content)

const textsOfBlocks = ({ blocks }: SlackMessage): string[] =>
  blocks
    .flatMap(({ text, elements = [] }) => (text === undefined ? elements : [text]))
    .map(({ text }) => text)

/** As a receiver of events does. */
const RECEIVER: Robot<Received> = {
  refusals: [],
  throttles: { status: 429, body: '' },
  judge: (request) => ({ answer: { status: 204, body: '' }, taken: request }),
}

const CASES: readonly Case[] = [
  [
    'wecom',
    WECOM,
    (taken) => [wecomText(taken)],
    (endpoint) => `wecom://${WECOM_KEY}?keyword=${ENCODED}&endpoint=${endpoint}`,
  ],
  [
    'dingtalk',
    asking(
      KEYWORD,
      dingtalk(null),
      wecomSays(310000, 'keywords not in content'),
      ({ markdown }: DingtalkMessage) => markdown.text,
    ),
    ({ markdown }: DingtalkMessage) => [markdown.text],
    (endpoint) => `dingtalk://${DINGTALK_TOKEN}?keyword=${ENCODED}&endpoint=${endpoint}`,
  ],
  [
    'feishu',
    asking(KEYWORD, feishu(null), json(200, { code: 19024, msg: 'Key Words Not Found' }), (message) =>
      textsOfCard(message).join('\n'),
    ),
    (taken) => [textsOfCard(taken).join('\n')],
    (endpoint) => `feishu://${FEISHU_HOOK}?keyword=${ENCODED}&endpoint=${endpoint}`,
  ],
  [
    'slack',
    SLACK,
    (taken) => [textsOfBlocks(taken).join('\n')],
    (endpoint) => `slack://${SLACK_HOOK}?keyword=${ENCODED}&endpoint=${endpoint}`,
  ],
  [
    'pagerduty',
    PAGERDUTY,
    ({ payload }: PagerdutyEvent) => [payload?.summary ?? ''],
    (endpoint) => `pagerduty://${PAGERDUTY_KEY}?keyword=${ENCODED}&endpoint=${endpoint}`,
  ],
  [
    'alertmanager',
    alertmanager(),
    (alerts: AlertmanagerAlert[]) => alerts.map(({ annotations }) => Object.values(annotations).join('\n')),
    (endpoint) => `${endpoint.replace('http:', 'alertmanager:')}?keyword=${ENCODED}`,
  ],
  [
    'http',
    RECEIVER,
    ({ body }: Received) => [body],
    (endpoint) => `${endpoint}/hook?keyword=of-the-receiver#keyword=${ENCODED}`,
  ],
]

const UNSERVED = [['console'], ['file']] as const

async function open([, robot, textsOf, urlAt]: Case): Promise<Peer> {
  const fake = await serveRobot(robot)
  return {
    url: urlAt(fake.endpoint),
    fake,
    taken: () => fake.taken.map((message) => textsOf(message as never)),
    close: () => fake.stop(),
  }
}

describe.each([...CASES.map((one) => [one[0], one] as const), ...UNSERVED])(
  'a keyword at %s',
  (name, one?: Case) => {
    let scene: CiScene
    let relay: Relay
    /** Asks CI first. */
    let strict: Relay
    let peer: Peer

    beforeAll(async () => {
      scene = await openCiScene()
      const folder = temporaryFolder()
      const path = join(folder.path, 'alerts.jsonl')
      peer =
        one !== undefined
          ? await open(one)
          : {
              url: `${name === 'file' ? `file:${path}` : 'console:'}?keyword=${ENCODED}`,
              fake: null,
              taken: () => (name === 'file' ? linesOf(path) : printed()).map((text) => [text]),
              close: () => folder.remove(),
            }
      relay = scene.open({
        ALERT_URLS: peer.url,
        QUEUE_URL: 'http://127.0.0.1:1/',
        GIVE_UP_AFTER: '1',
      })
      strict = scene.open({ ALERT_URLS: peer.url, VERIFY: 'read-back' })
      await Promise.all([relay.ready, strict.ready])
    })
    afterAll(async () => {
      await scene.close()
      await peer.close()
    })

    const printed = (): string[] =>
      [relay, strict]
        .map((one) => one.printed())
        .join('')
        .replaceAll(/^\{"level".*\n/gm, '')
        .split(/^(?=🔴|🟠|🔵)/mu)
        .slice(1)
    const pass = async (ms: number): Promise<void> => {
      peer.fake?.passTime(ms)
      await scene.passTime(ms)
    }
    const textsSince = (before: number): string =>
      peer
        .taken()
        .slice(before)
        .map((texts) => texts.join('\n'))
        .join('\n\n')

    test('stands in each kind of message, and once', async () => {
      const told = async (words: string | null, send: () => Promise<unknown>): Promise<void> => {
        await pass(2 * 60_000)
        const before = peer.taken().length
        await send()
        await new Promise((resolve) => setTimeout(resolve, 30))
        expect(peer.taken().length).toBeGreaterThan(before)
        if (words !== null) expect(textsSince(before)).toContain(words)
        for (const text of peer.taken().slice(before).flat()) expect(text.split(KEYWORD)).toHaveLength(2)
      }
      const failure = (id: string): string =>
        workflowCallback({ runId: id, object: 'a.mp4', workflow: 'w', tasks: ['t1', 't2'] })

      await told('a.mp4', () => relay.post(failure(runId('k', 1))))
      await told('b.mp4', () =>
        relay.post(jobCallback({ jobId: 'j1', object: 'b.mp4', code: 'Bad', message: 'no video' })),
      )
      await told('could not be read', () => relay.post('<Response>'))
      // What ends an incident; of a success the queue is not there, so that it is given up later.
      const success = callbackXml(runId('k', 2), 'c.mp4')
      if (name === 'pagerduty' || name === 'alertmanager') {
        await told('c.mp4', () => relay.post(callbackXml(runId('k', 3), 'c.mp4', 'Failed')))
        await told(null, () => relay.post(success))
      } else await relay.post(success)
      if (peer.fake !== null && one !== undefined && name !== 'http') {
        const { fake } = peer
        fake.behave(fake.robot.throttles)
        await pass(60_000)
        for (const number of [4, 5, 6]) {
          await relay.post(failure(runId('k', number)))
          await pass(60_000)
        }
        fake.behave('take')
        await told('a.mp4', async () => {
          await pass(20 * 60_000)
          await relay.sweep()
        })
      }
      await told('given up', async () => {
        await pass(3 * HOUR)
        await relay.sweep()
      })
      await told('cannot be checked', async () => {
        const forged = callbackXml('forged').replace(/<BucketId>.*<\/BucketId>/, '')
        expect((await strict.post(forged.replace(/<WorkflowId>.*<\/WorkflowId>/, ''))).outcome).toBe('parked')
        // A channel that takes one message a second is told of the outage first.
        for (let sweeps = 0; sweeps < 3; sweeps++) {
          await strict.sweep()
          await pass(60_000)
        }
      })
      expect((await relay.sweep()).waiting).toBe(1)
    }, 60_000)

    test('is never cut off, however long the alert is, and counts in the limit', async () => {
      await pass(HOUR)
      const before = peer.taken().length
      const tasks = Array.from({ length: 1_900 }, (_, index) => `Transcode_${index}_${'长'.repeat(90)}`)
      const body = workflowCallback({
        runId: runId('k', 9),
        object: '对象'.repeat(500),
        workflow: '工作流'.repeat(300),
        tasks,
      })
      expect((await relay.post(body)).outcome).toBe('alerted')
      await new Promise((resolve) => setTimeout(resolve, 30))
      expect(textsSince(before)).toContain(KEYWORD)
    })

    test('is not said twice where the text holds it', async () => {
      await pass(HOUR)
      const before = peer.taken().length
      const markup = name === 'wecom' || name === 'dingtalk'
      const body = workflowCallback({
        runId: runId('k', 10),
        object: `${KEYWORD}.mp4`,
        workflow: 'w',
        tasks: ['t'],
      })
      expect((await relay.post(body)).outcome).toBe('alerted')
      await new Promise((resolve) => setTimeout(resolve, 30))
      // Of "[" their Markdown knows no escape: it stands there as its look-alike, and is no part of the keyword.
      const lines = textsSince(before).split('\n')
      expect(lines.includes(KEYWORD)).toBe(markup)
      expect(textsSince(before)).toContain(KEYWORD)
    })
  },
)

function linesOf(path: string): string[] {
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8').split('\n').slice(0, -1).map(titleAndText)
}

function titleAndText(line: string): string {
  const { title, text } = JSON.parse(line) as { title: string; text: string }
  return `${title}\n${text}`
}
