import { peerAt } from '../delivery/peer'
import { post } from '../delivery/http'
import type { Alert } from './alert'
import { endpointAt } from '../delivery/driver'
import type { AlertDriver } from './alert-channel'
import { addressOf, readChannelUrl } from './channel-url'
import { cut, fitAlert, type FittedAlert } from './fit'
import { factLines, itemLines, MARK } from './lines'
import { refused } from './refusal'

const LONGEST_HEADER = 150
const LONGEST_TEXT = 3000
const MOST_BLOCKS = 50
/** Slack documents limits for each block only; messages much longer than this are refused as a whole. */
const LONGEST_MESSAGE = 12_000
const SECOND = 1000
const ADVICE: Readonly<Record<string, string>> = {
  no_service: 'the address in the URL is wrong, or the webhook was removed',
  invalid_token: 'the last part of the URL is wrong',
  no_active_hooks: 'the webhook was disabled',
  channel_not_found: 'the webhook’s channel is gone: make a new webhook',
  channel_is_archived: 'the webhook’s channel is archived: make a new webhook',
}

interface PlainText {
  readonly type: 'plain_text'
  readonly text: string
  readonly emoji: false
}

type Block =
  | { readonly type: 'header' | 'section'; readonly text: PlainText }
  | { readonly type: 'context'; readonly elements: readonly PlainText[] }
  | { readonly type: 'divider' }

/**
 * Slack incoming webhook: `slack://T…/B…/X…`, the three parts of its address. Sends Block Kit blocks of `plain_text`, because Slack's
 * mrkdwn has no escape for `*`, `_` and `` ` ``: so names from outside show as they are, without mentions, links or emoji. The text for
 * notifications is mrkdwn with `&`, `<`, `>` escaped. Told only by 200 and `ok`.
 * https://api.slack.com/messaging/webhooks https://api.slack.com/reference/block-kit/blocks
 */
const open: AlertDriver['open'] = (url) => {
  const { keys, parameters } = readChannelUrl(url, 'slack://T…/B…/X…')
  const peer = peerAt('slack', url)
  const address = addressOf('slack', parameters, 'https://hooks.slack.com', `/services/${keys.join('/')}`)
  return {
    scheme: 'slack',
    secrets: peer.secrets,
    endpoints: [endpointAt(address)],
    needs: [],
    limit: { messages: 1, perMs: SECOND },
    shown: (alert) => fitted(alert).items.length,
    async send(alert, deadline) {
      const shown = fitted(alert)
      const text = mrkdwn(`${MARK[shown.severity]} ${shown.title}`)
      const body = JSON.stringify({ text, blocks: blocksOf(shown) })
      const answer = await post(peer, address, body, { 'content-type': 'application/json' }, deadline)
      const words = answer.body.trim()
      if (answer.status === 200 && words === 'ok') return
      throw refused(answer, {
        code: `HTTP ${answer.status}`,
        words,
        advice: ADVICE[words],
        throttled: words === 'rate_limited',
        usualWaitMs: SECOND,
      })
    },
  }
}

function fitted(alert: Alert): FittedAlert {
  return fitAlert(alert, (candidate) => {
    const blocks = blocksOf(candidate)
    return blocks.length <= MOST_BLOCKS && lengthOf(blocks) <= LONGEST_MESSAGE
  })
}

function lengthOf(blocks: readonly Block[]): number {
  const texts = blocks.flatMap((block) =>
    block.type === 'divider' ? [] : block.type === 'context' ? block.elements : [block.text],
  )
  return texts.reduce((sum, { text }) => sum + text.length, 0)
}

function blocksOf(alert: FittedAlert): Block[] {
  const items = alert.items.flatMap(itemLines)
  const rest = [
    ...(items.length > 0 ? [`${alert.itemsHeading}:`, ...items] : []),
    ...(alert.more === null ? [] : [alert.more]),
  ]
  return [
    { type: 'header', text: plain(cut(`${MARK[alert.severity]} ${alert.title}`, LONGEST_HEADER)) },
    ...sections(factLines(alert.facts)),
    ...(rest.length > 0 ? [{ type: 'divider' } as const, ...sections(rest)] : []),
    ...texts(factLines(alert.footer)).map((text): Block => ({ type: 'context', elements: [plain(text)] })),
  ]
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

export const driver: AlertDriver = { schemes: ['slack'], form: 'slack://T…/B…/X…', open }
