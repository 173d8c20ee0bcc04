import { createHmac } from 'node:crypto'
import { peerAt } from '../delivery/peer'
import { post, type HttpAnswer } from '../delivery/http'
import type { Alert, Severity } from './alert'
import { endpointAt } from '../delivery/driver'
import type { AlertDriver } from './alert-channel'
import { addressOf, readChannelUrl } from './channel-url'
import { bytesOf, fitAlert, type FittedAlert } from './fit'
import { factLines, itemLines, MARK } from './lines'
import { jsonAnswer, refused, said } from './refusal'

const LONGEST_BODY = 20_000
const THROTTLED = 11232
const MINUTE = 60_000
const HOSTS = { feishu: 'https://open.feishu.cn', lark: 'https://open.larksuite.com' }
const COLOUR: Readonly<Record<Severity, string>> = { error: 'red', warning: 'orange', info: 'blue' }
const ADVICE: Readonly<Record<string, string>> = {
  '19001': 'the hook in the URL is wrong, or the robot was removed from its group',
  '19021': 'check the secret in the URL, and that the clock is right',
  '19022': "this address is not among those that the robot's security settings allow",
  '19024': "the text lacks the keyword that the robot's security settings ask for",
}

/**
 * Feishu (飞书) or Lark group robot: `feishu://HOOK[?secret=…]`, `lark://HOOK[?secret=…]`, signed when a secret is given. Sends a card whose
 * texts are all `plain_text`: it shows the severity by colour, and shows names from outside as they are (`<at user_id="all">`, which the
 * message type `text` would obey, stays text). Told only by `code` 0, or `StatusCode` 0 of the older answer.
 * https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
 */
const open: AlertDriver['open'] = (url) => {
  const scheme = /^lark:/i.test(url) ? 'lark' : 'feishu'
  const { keys, parameters } = readChannelUrl(url, `${scheme}://HOOK`, ['secret'])
  const hook = String(keys[0])
  const peer = peerAt(scheme, url)
  const secret = parameters.get('secret')
  const address = addressOf(scheme, parameters, HOSTS[scheme], `/open-apis/bot/v2/hook/${hook}`)
  return {
    scheme,
    secrets: peer.secrets,
    endpoints: [endpointAt(address)],
    needs: [],
    limit: { messages: 100, perMs: MINUTE },
    shown: (alert) => fitted(alert, secret).items.length,
    async send(alert, deadline) {
      const body = bodyOf(fitted(alert, secret), secret, Date.now())
      const answer = await post(
        peer,
        address,
        body,
        { 'content-type': 'application/json; charset=utf-8' },
        deadline,
      )
      const told = jsonAnswer(answer)
      if (answer.status === 200 && codeOf(told) === 0) return
      const code = said(codeOf(told))
      throw refused(answer, {
        code: code || `HTTP ${answer.status}`,
        words: wordsOf(told, answer),
        advice: ADVICE[code],
        throttled: codeOf(told) === THROTTLED,
        usualWaitMs: MINUTE,
      })
    },
  }
}

function codeOf(told: Readonly<Record<string, unknown>> | null): unknown {
  return told?.['code'] ?? told?.['StatusCode']
}

function wordsOf(told: Readonly<Record<string, unknown>> | null, answer: HttpAnswer): string {
  return said(told?.['msg']) || said(told?.['StatusMessage']) || answer.body
}

function fitted(alert: Alert, secret: string | null): FittedAlert {
  return fitAlert(alert, (candidate) => bytesOf(bodyOf(candidate, secret, Date.now())) <= LONGEST_BODY)
}

function bodyOf(alert: FittedAlert, secret: string | null, now: number): string {
  return JSON.stringify({
    ...(secret === null ? {} : signature(secret, now)),
    msg_type: 'interactive',
    card: card(alert),
  })
}

/** base64(HMAC-SHA256(key = `<seconds>\n<secret>`, message empty)). */
function signature(secret: string, now: number): { timestamp: string; sign: string } {
  const timestamp = String(Math.floor(now / 1000))
  return { timestamp, sign: createHmac('sha256', `${timestamp}\n${secret}`).digest('base64') }
}

function card(alert: FittedAlert): unknown {
  const items = alert.items.map((item, index) => itemLines(item, index).join('\n'))
  const sections = [
    factLines(alert.facts).join('\n'),
    items.length > 0 ? [`${alert.itemsHeading}:`, ...items].join('\n') : '',
    alert.more ?? '',
  ].filter((section) => section !== '')
  return {
    config: { wide_screen_mode: true },
    header: { template: COLOUR[alert.severity], title: plain(`${MARK[alert.severity]} ${alert.title}`) },
    elements: [
      ...sections.map((section) => ({ tag: 'div', text: plain(section) })),
      ...(alert.footer.length > 0
        ? [{ tag: 'note', elements: [plain(factLines(alert.footer).join('\n'))] }]
        : []),
    ],
  }
}

function plain(content: string): { tag: 'plain_text'; content: string } {
  return { tag: 'plain_text', content }
}

export const driver: AlertDriver = { schemes: ['feishu', 'lark'], form: 'feishu://HOOK?secret=…', open }
