import { headingLine } from './alert'
import type { AlertDriver } from './alert-channel'
import type { MentionForm } from './conditions'
import { cut, type FittedAlert } from './fit'
import { factLines, itemLines, MARK } from './lines'
import { meaningIn, type Meanings } from './refusal'
import { type Demands, openRobot, type Robot } from './robot'

const LONGEST_HEADER = 150
const LONGEST_TEXT = 3000
const MOST_BLOCKS = 50
/** Slack documents limits for each block only; messages much longer than this are refused as a whole. */
const LONGEST_MESSAGE = 12_000
const SECOND = 1000

/** https://api.slack.com/messaging/webhooks#handling_errors */
const MEANINGS: Meanings = {
  rate_limited: { kind: 'throttled', waitMs: SECOND },
  message_limit_exceeded: { kind: 'throttled', waitMs: 60 * SECOND },
  no_service: { kind: 'down', advice: 'the address in the URL is wrong, or the webhook was removed' },
  no_service_id: { kind: 'down', advice: 'the address in the URL is wrong' },
  no_team: { kind: 'down', advice: 'the first part of the URL is wrong' },
  team_disabled: { kind: 'down', advice: 'the workspace is disabled' },
  invalid_token: { kind: 'down', advice: 'the last part of the URL is wrong' },
  no_active_hooks: { kind: 'down', advice: 'the webhook was disabled' },
  action_prohibited: { kind: 'down', advice: 'an administrator of the workspace forbids it' },
  posting_to_general_channel_denied: {
    kind: 'down',
    advice: 'the webhook may not post to its channel: make a new webhook for another',
  },
  channel_not_found: { kind: 'down', advice: 'the webhook’s channel is gone: make a new webhook' },
  channel_is_archived: { kind: 'down', advice: 'the webhook’s channel is archived: make a new webhook' },
  invalid_payload: { kind: 'refused' },
  invalid_blocks: { kind: 'refused' },
  no_text: { kind: 'refused' },
}

const MENTION: MentionForm = {
  id: /^[UWS][A-Z0-9]{2,30}$/,
  takes: 'member ids (U… or W…), user group ids (S…) or all',
}

interface PlainText {
  readonly type: 'plain_text'
  readonly text: string
  readonly emoji: false
}

interface Mrkdwn {
  readonly type: 'mrkdwn'
  readonly text: string
}

type Block =
  | { readonly type: 'header' | 'section'; readonly text: PlainText | Mrkdwn }
  | { readonly type: 'context'; readonly elements: readonly PlainText[] }
  | { readonly type: 'divider' }

interface Message {
  readonly text: string
  readonly blocks: readonly Block[]
}

/**
 * Slack incoming webhook: `slack://T…/B…/X…`, the three parts of its address. Sends Block Kit blocks of `plain_text`, because Slack's
 * mrkdwn has no escape for `*`, `_` and `` ` ``: so names from outside show as they are, without mentions, links or emoji. Only whom an error
 * mentions is named in mrkdwn. The text for notifications is mrkdwn with `&`, `<`, `>` escaped. Told only by 200 and `ok`.
 * https://api.slack.com/messaging/webhooks https://api.slack.com/reference/block-kit/blocks
 */
const ROBOT: Robot<Message> = {
  form: 'slack://T…/B…/X…',
  mention: MENTION,
  limit: { messages: 1, perMs: SECOND },
  host: 'https://hooks.slack.com',
  path: (keys) => `/services/${keys.join('/')}`,
  message: (alert, demands) => ({
    text: mrkdwn(`${MARK[alert.severity]} ${alert.title}`),
    blocks: blocksOf(alert, demands),
  }),
  fits: ({ blocks }) => blocks.length <= MOST_BLOCKS && lengthOf(blocks) <= LONGEST_MESSAGE,
  request: (message, address) => ({ address, body: JSON.stringify(message) }),
  refusal({ status, body }) {
    const words = body.trim()
    if (status === 200 && words === 'ok') return null
    return {
      code: status === 200 ? '' : `HTTP ${status}`,
      words,
      meaning: meaningIn(MEANINGS, words),
      usualWaitMs: SECOND,
    }
  },
}

function lengthOf(blocks: readonly Block[]): number {
  return textsIn(blocks).reduce((sum, text) => sum + text.length, 0)
}

function textsIn(blocks: readonly Block[]): string[] {
  return blocks.flatMap((block) => {
    if (block.type === 'divider') return []
    const nodes = block.type === 'context' ? block.elements : [block.text]
    return nodes.map(({ text }) => text)
  })
}

function blocksOf(alert: FittedAlert, { keyword, mentions }: Demands): Block[] {
  const items = alert.items.flatMap(itemLines)
  const rest = [
    ...(items.length > 0 ? [headingLine(alert.itemsHeading), ...items] : []),
    ...(alert.more === null ? [] : [alert.more]),
  ]
  const blocks: Block[] = [
    { type: 'header', text: plain(cut(`${MARK[alert.severity]} ${alert.title}`, LONGEST_HEADER)) },
    ...sections(factLines(alert.facts)),
    ...(rest.length > 0 ? [{ type: 'divider' } as const, ...sections(rest)] : []),
    ...texts(factLines(alert.footer)).map((text): Block => ({ type: 'context', elements: [plain(text)] })),
  ]
  const isHeld = keyword === null || textsIn(blocks).some((text) => text.includes(keyword))
  const called = [...mentions.ids.map(mentionOf), ...(mentions.all ? ['<!channel>'] : [])].join(' ')
  return [
    ...blocks,
    ...(isHeld ? [] : [{ type: 'context', elements: [plain(keyword)] } as const]),
    ...(called === '' ? [] : [{ type: 'section', text: { type: 'mrkdwn', text: called } } as const]),
  ]
}

function mentionOf(id: string): string {
  return id.startsWith('S') ? `<!subteam^${id}>` : `<@${id}>`
}

function sections(lines: readonly string[]): Block[] {
  return texts(lines).map((text) => ({ type: 'section', text: plain(text) }))
}

/** Lines put together to texts no longer than one block takes. */
function texts(lines: readonly string[]): string[] {
  const all: string[] = []
  for (const line of lines) {
    const last = all.at(-1)
    if (last !== undefined && last.length + 1 + line.length <= LONGEST_TEXT)
      all[all.length - 1] = `${last}\n${line}`
    else all.push(line)
  }
  return all
}

function plain(text: string): PlainText {
  return { type: 'plain_text', text, emoji: false }
}

function mrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

export const driver: AlertDriver = {
  schemes: ['slack'],
  form: ROBOT.form,
  open: (url) => openRobot(url, ROBOT),
}
