import { channelContract, robotPeer } from '../contracts/channel-contract'
import {
  DINGTALK_SECRET,
  DINGTALK_TOKEN,
  dingtalk,
  FEISHU_HOOK,
  FEISHU_SECRET,
  feishu,
  type FeishuMessage,
  type Robot,
  serveRobot,
  SLACK,
  SLACK_HOOK,
  WECOM,
  WECOM_KEY,
  wecomText,
} from '../support/fake-robot'
import { callbackXml, runId } from './callbacks'
import { openRelay } from './open-relay'

const ROBOT = {
  inWords: true,
  tasks: null,
  ways: ['refusals', 'throttle', 'failures', 'redirect'],
} as const

const GARBAGE = ['', 'null', '[]', '0', '"ok"', '<html>captive portal</html>', '\u0000\ufffd'.repeat(50_000)]

/** Nothing but these lines, each with a text in which the robot's Markdown finds nothing to obey. */
function markup(text: string, lines: (text: string) => readonly string[]): RegExp {
  return new RegExp(`^(?:${lines(text).join('|')}|)$`, 'u')
}

const WECOM_MARKUP = markup('(?:(?!://)[^<>[\\]*`\\n])+', (text) => [
  `### (?:🔴|🟠|🔵) <font color="(?:warning|info)">${text}</font>`,
  `\\*\\*\\d+\\. ${text}\\*\\*`,
  `> ${text}`,
  `<font color="comment">${text}</font>`,
  `(?![#>]|\\d+\\.|-{3})${text}`,
])

channelContract('wecom', ROBOT, async () => {
  const fake = await serveRobot(WECOM)
  return robotPeer(fake, {
    url: `wecom://${WECOM_KEY}?endpoint=${encodeURIComponent(fake.endpoint)}`,
    secrets: [WECOM_KEY],
    garbage: GARBAGE,
    read: wecomText,
    inspect: (message) => {
      for (const line of wecomText(message).split('\n')) expect(line).toMatch(WECOM_MARKUP)
    },
  })
})

// DingTalk obeys `_` but inside words.
const DINGTALK_TEXT = '(?:(?!://|&#?\\w+;)[^<>[\\]*`~|\\\\\\n_]|(?<=[\\p{L}\\p{N}_])_+(?=[\\p{L}\\p{N}]))+'
const DINGTALK_MARKUP = markup(DINGTALK_TEXT, (text) => [
  `### (?:🔴|🟠|🔵) ${text}`,
  `\\*\\*\\d+\\. ${text}\\*\\*`,
  `> ${text}`,
  `(?![#>]|\\d+\\.|[-+] |-{3})${text}`,
])

channelContract('dingtalk', ROBOT, async () => {
  const fake = await serveRobot(dingtalk(DINGTALK_SECRET))
  return robotPeer(fake, {
    url: `dingtalk://${DINGTALK_TOKEN}?secret=${DINGTALK_SECRET}&endpoint=${fake.endpoint}`,
    secrets: [DINGTALK_TOKEN, DINGTALK_SECRET],
    garbage: GARBAGE,
    read: (message) => message.markdown.text,
    inspect: ({ markdown }) => {
      for (const line of markdown.text.split('\n')) expect(line).toMatch(DINGTALK_MARKUP)
      expect(markdown.title).not.toMatch(/[<>[\]*`]/)
    },
  })
})

describe.each(['feishu', 'lark'])('%s', (scheme) => {
  channelContract(scheme, ROBOT, async () => {
    const fake = await serveRobot(feishu(FEISHU_SECRET))
    const parameters = new URLSearchParams({ endpoint: fake.endpoint, secret: FEISHU_SECRET })
    return robotPeer(fake, {
      url: `${scheme}://${FEISHU_HOOK}?${parameters.toString()}`,
      secrets: [FEISHU_HOOK, FEISHU_SECRET],
      garbage: GARBAGE,
      // The fake takes plain_text only, which has no markup.
      read: textOfCard,
    })
  })
})

test.each<[string, Robot<unknown>, string]>([
  ['dingtalk', dingtalk(null), `dingtalk://${DINGTALK_TOKEN}`],
  ['feishu, which answers in its older form', feishu(null, { StatusCode: 0 }), `feishu://${FEISHU_HOOK}`],
])('%s without a secret: taken unsigned', async (_, robot, url) => {
  const fake = await serveRobot(robot)
  const relay = openRelay({ STORE_URL: 'memory:', ALERT_URLS: `${url}?endpoint=${fake.endpoint}` })
  expect((await relay.post(callbackXml(runId('a', 1), 'a.mp4', 'Failed'))).outcome).toBe('alerted')
  expect(fake.taken).toHaveLength(1)
  await Promise.all([relay.kill(), fake.stop()])
})

function textOfCard({ card }: FeishuMessage): string {
  const nodes = card.elements.flatMap(
    (element) => element.elements ?? (element.text === undefined ? [] : [element.text]),
  )
  return [card.header.title, ...nodes].map((node) => node.content).join('\n')
}

channelContract('slack', ROBOT, async () => {
  const fake = await serveRobot(SLACK)
  return robotPeer(fake, {
    url: `slack://${SLACK_HOOK}?endpoint=${fake.endpoint}`,
    secrets: [SLACK_HOOK, ...SLACK_HOOK.split('/')],
    garbage: GARBAGE,
    // The fake takes plain_text blocks only, and a notification without < and >.
    read: ({ blocks }) =>
      blocks
        .flatMap((block) => block.elements ?? (block.text === undefined ? [] : [block.text]))
        .map((node) => node.text)
        .join('\n'),
  })
})
