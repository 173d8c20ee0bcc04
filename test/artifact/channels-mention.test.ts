import { workflowCallback } from '../support/failed-callback'
import {
  dingtalk,
  DINGTALK_TOKEN,
  type FakeRobot,
  feishu,
  FEISHU_HOOK,
  type Robot,
  serveRobot,
  slack,
  SLACK_HOOK,
  WECOM,
  WECOM_KEY,
} from '../support/fake-robot'
import { runId } from './callbacks'
import { openRelay, type Relay } from './open-relay'

/** Whom names from outside would call, in the words of every robot. */
const CALLS = '<@zhangsan> @13800000000 @all <at id=all></at> <!channel> <@U024BE7LH>'

type Case = readonly [
  name: string,
  robot: Robot<unknown>,
  url: string,
  /** What in the request mentions somebody; each stands there once. */
  mentions: readonly string[],
]

const CASES: readonly Case[] = [
  [
    'wecom, by user id',
    WECOM,
    `wecom://${WECOM_KEY}?mention=zhangsan,li.si`,
    ['"msgtype":"markdown"', '\\n<@zhangsan><@li.si>"'],
  ],
  [
    'wecom, by mobile number, and all',
    WECOM,
    `wecom://${WECOM_KEY}?mention=zhangsan,13800000000,all`,
    ['"msgtype":"text"', '"mentioned_list":["zhangsan","@all"]', '"mentioned_mobile_list":["13800000000"]'],
  ],
  [
    'dingtalk',
    dingtalk(null, ['13800000000', '+86-13900000000', 'manager4756', 'all']),
    `dingtalk://${DINGTALK_TOKEN}?mention=13800000000,%2B86-13900000000,manager4756,all`,
    [
      '"atMobiles":["13800000000","+86-13900000000"]',
      '"atUserIds":["manager4756"]',
      '"isAtAll":true',
      '\\n\\n@13800000000 @+86-13900000000 @manager4756 @all"',
    ],
  ],
  [
    'feishu',
    feishu(null, undefined, '<at id=ou_84aad35d></at><at id=all></at>'),
    `feishu://${FEISHU_HOOK}?mention=ou_84aad35d,all`,
    ['{"tag":"markdown","content":"<at id=ou_84aad35d></at><at id=all></at>"}'],
  ],
  [
    'slack',
    slack('<@U024BE7LH> <!subteam^S0614TZR7> <!channel>'),
    `slack://${SLACK_HOOK}?mention=U024BE7LH,S0614TZR7,all`,
    ['{"type":"mrkdwn","text":"<@U024BE7LH> <!subteam^S0614TZR7> <!channel>"}'],
  ],
]

describe.each(CASES)('%s', (_, robot, url, mentions) => {
  let fake: FakeRobot<unknown>
  let relay: Relay

  beforeAll(async () => {
    fake = await serveRobot(robot)
    relay = openRelay({ STORE_URL: 'memory:', ALERT_URLS: `${url}&endpoint=${fake.endpoint}` })
  })
  afterAll(async () => {
    await relay.kill()
    await fake.stop()
  })

  const tell = async (id: string, state: string, tasks: readonly string[]): Promise<string> => {
    fake.passTime(60_000)
    await relay.passTime(60_000)
    const body = workflowCallback({
      runId: runId('m', Number(id)),
      object: CALLS,
      workflow: CALLS,
      tasks,
      state,
    })
    expect((await relay.post(body)).outcome).toBe('alerted')
    return JSON.stringify(fake.taken.at(-1))
  }

  test('an error mentions whom the URL names, and names from outside mention nobody', async () => {
    const sent = await tell('1', 'Failed', [CALLS])
    for (const mention of mentions) expect(sent.split(mention)).toHaveLength(2)
  })

  test('a warning mentions nobody', async () => {
    const sent = await tell('2', 'Cancel', [CALLS])
    for (const mention of mentions.filter((one) => !one.includes('msgtype')))
      expect(sent).not.toContain(mention)
  })

  test('the longest alert mentions them still, within the limits', async () => {
    const sent = await tell(
      '3',
      'Failed',
      Array.from({ length: 500 }, (__, index) => `${CALLS} ${index}`),
    )
    for (const mention of mentions) expect(sent).toContain(mention)
  })
})
