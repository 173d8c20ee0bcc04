import { hmacSha256 } from '../sha256'
import { headingLine } from './alert'
import type { AlertDriver } from './alert-channel'
import { holding, type MentionForm } from './conditions'
import { bytesOf, cut, type FittedAlert } from './fit'
import { factLines, MARK } from './lines'
import { jsonAnswer, LACKS_KEYWORD, meaningIn, type Meanings, said } from './refusal'
import { type Demands, openRobot, type Robot } from './robot'
import { literal } from './robot-markdown'

const LONGEST_BODY = 20_000
const LONGEST_TITLE = 100
const SECOND = 1000
const MINUTE = 60 * SECOND

const GONE = 'the token in the URL is wrong, or the robot was removed from its group'

/** https://open.dingtalk.com/document/robots/custom-robot-access and, for what only gateways say, what others met. */
const MEANINGS: Meanings = {
  '-1': { kind: 'throttled', waitMs: MINUTE },
  '1111': { kind: 'throttled', waitMs: MINUTE },
  '88': { kind: 'throttled', waitMs: MINUTE },
  '90005': { kind: 'throttled', waitMs: MINUTE },
  '90006': { kind: 'throttled', waitMs: MINUTE },
  '90018': { kind: 'throttled', waitMs: MINUTE },
  '90030': { kind: 'throttled', waitMs: 10 * MINUTE },
  '130101': { kind: 'throttled', waitMs: 10 * MINUTE },
  '410100': { kind: 'throttled', waitMs: 10 * MINUTE },
  '450101': { kind: 'throttled', waitMs: 10 * MINUTE },
  '40035': { kind: 'down', advice: GONE },
  '300001': { kind: 'down', advice: GONE },
  '300005': { kind: 'down', advice: GONE },
  '400013': { kind: 'down', advice: 'its group is gone' },
  '400101': { kind: 'down', advice: GONE },
  '400102': { kind: 'down', advice: 'the robot is disabled: enable it in its group' },
  '400106': { kind: 'down', advice: GONE },
  '310000': {
    kind: 'down',
    advice:
      "the robot's security settings refused it: check the secret and the addresses allowed, and that the clock is right; where they ask for a keyword, add keyword=… to the channel's URL",
  },
  '460101': { kind: 'refused', advice: 'the message is larger than the robot takes' },
}

const MENTION: MentionForm = {
  id: /^(?:\+\d{1,4}-\d{5,15}|[\w.$:=+-]{1,64})$/,
  takes: 'user ids, mobile numbers or all',
}
const MOBILE = /^(?:1\d{10}|\+\d{1,4}-\d{5,15})$/

interface Message {
  readonly msgtype: 'markdown'
  readonly markdown: { readonly title: string; readonly text: string }
  readonly at: {
    readonly atMobiles: readonly string[]
    readonly atUserIds?: readonly string[]
    readonly isAtAll: boolean
  }
}

/**
 * DingTalk (钉钉) group robot: `dingtalk://ACCESS_TOKEN[?secret=SEC…]`, signed when a secret is given. Sends `markdown`; `at` names whom an
 * error mentions and is empty else, so that nobody is mentioned whatever the text says; names from outside are made literal by look-alikes, for
 * DingTalk documents no escape. Told only by `errcode` 0. https://open.dingtalk.com/document/robots/custom-robot-access
 */
const ROBOT: Robot<Message> = {
  form: 'dingtalk://ACCESS_TOKEN',
  parameters: ['secret'],
  mention: MENTION,
  limit: { messages: 20, perMs: MINUTE },
  host: 'https://oapi.dingtalk.com',
  path: ([token = '']) => `/robot/send?access_token=${encodeURIComponent(token)}`,
  message,
  fits: (candidate) => bytesOf(JSON.stringify(candidate)) <= LONGEST_BODY,
  request(sent, address, secret) {
    const url = secret === null ? address : signed(address, secret, Date.now())
    return { address: url, body: JSON.stringify(sent), sign: url.searchParams.get('sign') }
  },
  refusal(answer) {
    const told = jsonAnswer(answer)
    if (answer.status === 200 && told?.['errcode'] === 0) return null
    const code = said(told?.['errcode'] ?? told?.['status'])
    const words = said(told?.['errmsg']) || answer.body
    const isKeyword = code === '310000' && /keyword|关键词/i.test(words)
    return {
      code,
      words,
      meaning: isKeyword ? LACKS_KEYWORD : meaningIn(MEANINGS, code),
      // Its gateway says in seconds how long to wait.
      waitMs: Number(said(told?.['wait'])) * SECOND || null,
      usualWaitMs: 10 * MINUTE,
    }
  },
}

/** base64(HMAC-SHA256(key = secret, `<ms>\n<secret>`)). */
function signed(address: URL, secret: string, now: number): URL {
  const url = new URL(address)
  url.searchParams.set('timestamp', String(now))
  url.searchParams.set('sign', hmacSha256(secret, `${String(now)}\n${secret}`))
  return url
}

function message(alert: FittedAlert, { keyword, mentions: { all, ids } }: Demands): Message {
  const text = holding(markdown(alert), keyword, '\n\n')
  // Only who is in the text as well is mentioned.
  const called = [...ids, ...(all ? ['all'] : [])].map((id) => `@${id}`).join(' ')
  const userIds = ids.filter((id) => !MOBILE.test(id))
  return {
    msgtype: 'markdown',
    markdown: {
      title: cut(`${MARK[alert.severity]} ${literal(alert.title)}`, LONGEST_TITLE),
      text: called === '' ? text : `${text}\n\n${called}`,
    },
    at: {
      atMobiles: ids.filter((id) => MOBILE.test(id)),
      ...(userIds.length > 0 && { atUserIds: userIds }),
      isAtAll: all,
    },
  }
}

function markdown(alert: FittedAlert): string {
  const items = alert.items.flatMap((item, index) => [
    `**${String(index + 1)}. ${literal(item.title)}**`,
    ...(item.facts.length > 0 ? [lines(item.facts, '> ')] : []),
  ])
  return [
    `### ${MARK[alert.severity]} ${literal(alert.title)}`,
    ...(alert.facts.length > 0 ? [lines(alert.facts, '')] : []),
    ...(items.length > 0 ? [literal(headingLine(alert.itemsHeading)), ...items] : []),
    ...(alert.more === null ? [] : [literal(alert.more)]),
    ...(alert.footer.length > 0 ? [lines(alert.footer, '')] : []),
  ].join('\n\n')
}

/** Two blanks end a line inside a paragraph. */
function lines(facts: FittedAlert['facts'], prefix: string): string {
  return factLines(facts)
    .map((line) => `${prefix}${literal(line)}`)
    .join('  \n')
}

export const driver: AlertDriver = {
  schemes: ['dingtalk'],
  form: 'dingtalk://ACCESS_TOKEN?secret=SEC…',
  open: (url) => openRobot(url, ROBOT),
}
