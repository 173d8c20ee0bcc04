import { createHmac } from 'node:crypto'
import { peerAt } from '../delivery/peer'
import { post } from '../delivery/http'
import type { Alert } from './alert'
import { endpointAt } from '../delivery/driver'
import type { AlertDriver } from './alert-channel'
import { addressOf, readChannelUrl } from './channel-url'
import { bytesOf, cut, fitAlert, type FittedAlert } from './fit'
import { factLines, MARK } from './lines'
import { jsonAnswer, refused, said } from './refusal'
import { literal } from './robot-markdown'

const LONGEST_BODY = 20_000
const LONGEST_TITLE = 100
const THROTTLED = 130101
const MINUTE = 60_000
const ADVICE: Readonly<Record<string, string>> = {
  '310000':
    "the robot's security settings refused it: check the secret, the keyword and the addresses allowed, and that the clock is right",
}

/**
 * DingTalk (钉钉) group robot: `dingtalk://ACCESS_TOKEN[?secret=SEC…]`, signed when a secret is given. Sends `markdown` with `at` empty, so
 * that nobody is mentioned whatever the text says; names from outside are made literal by look-alikes, for DingTalk documents no escape.
 * Told only by `errcode` 0. https://open.dingtalk.com/document/robots/custom-robot-access
 */
const open: AlertDriver['open'] = (url) => {
  const { keys, parameters } = readChannelUrl(url, 'dingtalk://ACCESS_TOKEN', ['secret'])
  const token = String(keys[0])
  const peer = peerAt('dingtalk', url)
  const secret = parameters.get('secret')
  const address = addressOf('dingtalk', parameters, 'https://oapi.dingtalk.com', '/robot/send')
  address.searchParams.set('access_token', token)
  return {
    scheme: 'dingtalk',
    secrets: peer.secrets,
    endpoints: [endpointAt(address)],
    needs: [],
    limit: { messages: 20, perMs: MINUTE },
    shown: (alert) => fitted(alert).items.length,
    async send(alert, deadline) {
      const answer = await post(
        peer,
        secret === null ? address : signed(address, secret, Date.now()),
        bodyOf(fitted(alert)),
        { 'content-type': 'application/json; charset=utf-8' },
        deadline,
      )
      const told = jsonAnswer(answer)
      if (answer.status === 200 && told?.['errcode'] === 0) return
      const code = said(told?.['errcode'])
      throw refused(answer, {
        code: code || `HTTP ${answer.status}`,
        words: said(told?.['errmsg']) || answer.body,
        advice: ADVICE[code],
        throttled: told?.['errcode'] === THROTTLED,
        usualWaitMs: 10 * MINUTE,
      })
    },
  }
}

/** base64(HMAC-SHA256(key = secret, `<ms>\n<secret>`)). */
function signed(address: URL, secret: string, now: number): URL {
  const url = new URL(address)
  url.searchParams.set('timestamp', String(now))
  url.searchParams.set(
    'sign',
    createHmac('sha256', secret)
      .update(`${String(now)}\n${secret}`)
      .digest('base64'),
  )
  return url
}

function fitted(alert: Alert): FittedAlert {
  return fitAlert(alert, (candidate) => bytesOf(bodyOf(candidate)) <= LONGEST_BODY)
}

function bodyOf(alert: FittedAlert): string {
  return JSON.stringify({
    msgtype: 'markdown',
    markdown: {
      title: cut(`${MARK[alert.severity]} ${literal(alert.title)}`, LONGEST_TITLE),
      text: markdown(alert),
    },
    at: { atMobiles: [], isAtAll: false },
  })
}

function markdown(alert: FittedAlert): string {
  const items = alert.items.flatMap((item, index) => [
    `**${String(index + 1)}. ${literal(item.title)}**`,
    ...(item.facts.length > 0 ? [lines(item.facts, '> ')] : []),
  ])
  return [
    `### ${MARK[alert.severity]} ${literal(alert.title)}`,
    ...(alert.facts.length > 0 ? [lines(alert.facts, '')] : []),
    ...(items.length > 0 ? [`${literal(alert.itemsHeading)}:`, ...items] : []),
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
  open,
}
