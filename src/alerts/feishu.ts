import type { HttpAnswer } from '../net/http'
import { hmacSha256 } from '../sha256'
import { headingLine, type Severity } from './alert'
import type { AlertDriver } from './alert-channel'
import type { MentionForm } from './conditions'
import { bytesOf, type FittedAlert } from './fit'
import { factLines, itemLines, MARK } from './lines'
import { jsonAnswer, LACKS_KEYWORD, meaningIn, type Meanings, said } from './refusal'
import { type Demands, openRobot, type Robot } from './robot'

const LONGEST_BODY = 20_000
/** Of time and signature together. */
const SIGNATURE_BYTES = 80
const MINUTE = 60_000
const HOSTS = { feishu: 'https://open.feishu.cn', lark: 'https://open.larksuite.com' }
const COLOUR: Readonly<Record<Severity, string>> = { error: 'red', warning: 'orange', info: 'blue' }
const THROTTLED = { kind: 'throttled', waitMs: MINUTE } as const

/** `9499` is not among them: it is a bad body or, by its words, too many messages. */
const MEANINGS: Meanings = {
  '11220': THROTTLED,
  '11232': THROTTLED,
  '11233': THROTTLED,
  '230020': THROTTLED,
  '99991400': THROTTLED,
  '19001': { kind: 'down', advice: 'the hook in the URL is wrong, or the robot was removed from its group' },
  '19021': { kind: 'down', advice: 'check the secret in the URL, and that the clock is right' },
  '19022': {
    kind: 'down',
    advice: "this address is not among those that the robot's security settings allow",
  },
  '19024': LACKS_KEYWORD,
}

const MENTION: MentionForm = { id: /^[\w-]{1,64}$/, takes: 'open ids, user ids or all' }

interface PlainText {
  readonly tag: 'plain_text'
  readonly content: string
}

type Element =
  | { readonly tag: 'div'; readonly text: PlainText }
  | { readonly tag: 'note'; readonly elements: readonly PlainText[] }
  | { readonly tag: 'markdown'; readonly content: string }

interface Card {
  readonly config: { readonly wide_screen_mode: true }
  readonly header: { readonly template: string; readonly title: PlainText }
  readonly elements: readonly Element[]
}

/**
 * Feishu (飞书) or Lark group robot: `feishu://HOOK[?secret=…]`, `lark://HOOK[?secret=…]`, signed when a secret is given. Sends a card whose
 * texts are all `plain_text`: it shows the severity by colour, and shows names from outside as they are (`<at user_id="all">`, which the
 * message type `text` would obey, stays text). Only whom an error mentions is named in Markdown. Told only by `code` 0, or `StatusCode` 0 of the
 * older answer. https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
 */
function robotOf(scheme: keyof typeof HOSTS): Robot<Card> {
  return {
    form: `${scheme}://HOOK`,
    parameters: ['secret'],
    mention: MENTION,
    limit: { messages: 100, perMs: MINUTE },
    host: HOSTS[scheme],
    path: ([hook = '']) => `/open-apis/bot/v2/hook/${hook}`,
    message: card,
    fits: (candidate) => bytesOf(bodyOf(candidate, null)) + SIGNATURE_BYTES <= LONGEST_BODY,
    request(sent, address, secret) {
      const signed = secret === null ? null : signature(secret, Date.now())
      return { address, body: bodyOf(sent, signed), sign: signed?.sign ?? null }
    },
    refusal(answer) {
      const told = jsonAnswer(answer)
      const code = told?.['code'] ?? told?.['StatusCode']
      if (answer.status === 200 && code === 0) return null
      return { code: said(code), words: wordsOf(told, answer), meaning: meaningIn(MEANINGS, said(code)) }
    },
  }
}

function wordsOf(told: Readonly<Record<string, unknown>> | null, answer: HttpAnswer): string {
  return said(told?.['msg']) || said(told?.['StatusMessage']) || answer.body
}

function bodyOf(sent: Card, signed: Signature | null): string {
  return JSON.stringify({
    ...signed,
    msg_type: 'interactive',
    card: sent,
  })
}

interface Signature {
  readonly timestamp: string
  readonly sign: string
}

/** base64(HMAC-SHA256(key = `<seconds>\n<secret>`, message empty)). */
function signature(secret: string, now: number): Signature {
  const timestamp = String(Math.floor(now / 1000))
  return { timestamp, sign: hmacSha256(`${timestamp}\n${secret}`, '') }
}

function card(alert: FittedAlert, { keyword, mentions: { all, ids } }: Demands): Card {
  const items = alert.items.map((item, index) => itemLines(item, index).join('\n'))
  const title = `${MARK[alert.severity]} ${alert.title}`
  const footer = factLines(alert.footer).join('\n')
  const sections = [
    factLines(alert.facts).join('\n'),
    items.length > 0 ? [headingLine(alert.itemsHeading), ...items].join('\n') : '',
    alert.more ?? '',
  ].filter((section) => section !== '')
  const isHeld = keyword === null || [title, ...sections, footer].some((text) => text.includes(keyword))
  const called = [...ids, ...(all ? ['all'] : [])].map((id) => `<at id=${id}></at>`).join('')
  return {
    config: { wide_screen_mode: true },
    header: { template: COLOUR[alert.severity], title: plain(title) },
    elements: [
      ...[...sections, ...(isHeld ? [] : [keyword])].map((section) => ({
        tag: 'div' as const,
        text: plain(section),
      })),
      ...(called === '' ? [] : [{ tag: 'markdown' as const, content: called }]),
      ...(footer === '' ? [] : [{ tag: 'note' as const, elements: [plain(footer)] }]),
    ],
  }
}

function plain(content: string): PlainText {
  return { tag: 'plain_text', content }
}

export const driver: AlertDriver = {
  schemes: ['feishu', 'lark'],
  form: 'feishu://HOOK?secret=…',
  open: (url) => openRobot(url, robotOf(/^lark:/i.test(url) ? 'lark' : 'feishu')),
}
