import { headingLine } from './alert'
import type { AlertDriver } from './alert-channel'
import { holding, type MentionForm, type Mentions } from './conditions'
import { bytesOf, type FittedAlert } from './fit'
import { factLines, MARK, textOf } from './lines'
import { jsonAnswer, meaningIn, type Meanings, said } from './refusal'
import { type Demands, openRobot, type Robot } from './robot'
import { literal } from './robot-markdown'

const LONGEST_MARKDOWN = 4096
const LONGEST_TEXT = 2048
const SECOND = 1000
const MINUTE = 60 * SECOND

/** https://developer.work.weixin.qq.com/document/path/90313 */
const MEANINGS: Meanings = {
  '-1': { kind: 'throttled', waitMs: MINUTE },
  '45009': { kind: 'throttled', waitMs: MINUTE },
  '45033': { kind: 'throttled', waitMs: 5 * SECOND },
  '93000': {
    kind: 'down',
    advice: 'the key in the URL is wrong, or the robot was removed from its group',
  },
  '93004': { kind: 'down', advice: 'the robot is disabled: enable it in its group' },
  '93008': { kind: 'down', advice: 'the robot is no longer in its group' },
  '93017': { kind: 'down', advice: 'its group is gone' },
  '40058': { kind: 'refused' },
  '45002': { kind: 'refused', advice: 'the message is larger than the robot takes' },
}

const MENTION: MentionForm = {
  id: /^[\w.@-]{1,64}$/,
  takes: 'user ids, mobile numbers or all',
}
const MOBILE = /^1\d{10}$/

type Message =
  | { readonly msgtype: 'markdown'; readonly markdown: { readonly content: string } }
  | {
      readonly msgtype: 'text'
      readonly text: {
        readonly content: string
        readonly mentioned_list: readonly string[]
        readonly mentioned_mobile_list: readonly string[]
      }
    }

/**
 * WeCom (企业微信) group robot: `wecom://KEY`. Sends `markdown`: twice as much text as the message type `text` takes (4096 bytes of UTF-8
 * to 2048), and with headings; names from outside are made literal by look-alikes, for WeCom knows no escape. Only `text` can mention all, or
 * somebody by mobile number: an error that is to do so is sent as one. Told only by `errcode` 0.
 * https://developer.work.weixin.qq.com/document/path/91770
 */
const ROBOT: Robot<Message> = {
  form: 'wecom://KEY',
  mention: MENTION,
  limit: { messages: 20, perMs: MINUTE },
  host: 'https://qyapi.weixin.qq.com',
  path: ([key = '']) => `/cgi-bin/webhook/send?key=${encodeURIComponent(key)}`,
  message: (alert, demands) => (asText(demands.mentions) ? text(alert, demands) : markdown(alert, demands)),
  fits: (message) =>
    message.msgtype === 'text'
      ? bytesOf(message.text.content) <= LONGEST_TEXT
      : bytesOf(message.markdown.content) <= LONGEST_MARKDOWN,
  request: (message, address) => ({ address, body: JSON.stringify(message) }),
  refusal(answer) {
    const told = jsonAnswer(answer)
    if (answer.status === 200 && told?.['errcode'] === 0) return null
    const code = said(told?.['errcode'])
    return { code, words: said(told?.['errmsg']) || answer.body, meaning: meaningIn(MEANINGS, code) }
  },
}

function asText({ all, ids }: Mentions): boolean {
  return all || ids.some((id) => MOBILE.test(id))
}

function markdown(alert: FittedAlert, { keyword, mentions }: Demands): Message {
  const colour = alert.severity === 'info' ? 'info' : 'warning'
  const items = alert.items.flatMap((item, index) => [
    `**${String(index + 1)}. ${literal(item.title)}**`,
    ...factLines(item.facts).map((line) => `> ${literal(line)}`),
  ])
  const content = [
    `### ${MARK[alert.severity]} <font color="${colour}">${literal(alert.title)}</font>`,
    ...factLines(alert.facts).map(literal),
    ...(items.length > 0 ? ['', literal(headingLine(alert.itemsHeading)), ...items] : []),
    ...(alert.more === null ? [] : [literal(alert.more)]),
    '',
    ...factLines(alert.footer).map((line) => `<font color="comment">${literal(line)}</font>`),
  ].join('\n')
  // No text from outside has a "<": what is between them is markup of ours, which nobody sees.
  const held = holding(content, keyword, '\n', content.replaceAll(/<[^>]*>/g, ''))
  const called = mentions.ids.map((id) => `<@${id}>`).join('')
  return { msgtype: 'markdown', markdown: { content: called === '' ? held : `${held}\n${called}` } }
}

function text(alert: FittedAlert, { keyword, mentions: { all, ids } }: Demands): Message {
  const content = literal(`${MARK[alert.severity]} ${alert.title}\n${textOf(alert)}`)
  return {
    msgtype: 'text',
    text: {
      content: holding(content, keyword),
      mentioned_list: [...ids.filter((id) => !MOBILE.test(id)), ...(all ? ['@all'] : [])],
      mentioned_mobile_list: ids.filter((id) => MOBILE.test(id)),
    },
  }
}

export const driver: AlertDriver = {
  schemes: ['wecom'],
  form: ROBOT.form,
  open: (url) => openRobot(url, ROBOT),
}
