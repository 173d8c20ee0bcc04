import { peerAt } from '../delivery/peer'
import { post } from '../delivery/http'
import type { Alert } from './alert'
import { endpointAt } from '../delivery/driver'
import type { AlertDriver } from './alert-channel'
import { addressOf, readChannelUrl } from './channel-url'
import { bytesOf, fitAlert, type FittedAlert } from './fit'
import { factLines, MARK } from './lines'
import { jsonAnswer, refused, said } from './refusal'
import { literal } from './robot-markdown'

const LONGEST_CONTENT = 4096
const THROTTLED = 45009
const MINUTE = 60_000
const ADVICE: Readonly<Record<string, string>> = {
  '93000': 'the key in the URL is wrong, or the robot was removed from its group',
}

/**
 * WeCom (企业微信) group robot: `wecom://KEY`. Sends `markdown`: twice as much text as the message type `text` takes (4096 bytes of UTF-8
 * to 2048), and with headings; names from outside are made literal by look-alikes, for WeCom knows no escape. Told only by `errcode` 0.
 * https://developer.work.weixin.qq.com/document/path/91770
 */
const open: AlertDriver['open'] = (url) => {
  const { keys, parameters } = readChannelUrl(url, 'wecom://KEY')
  const key = String(keys[0])
  const peer = peerAt('wecom', url)
  const address = addressOf('wecom', parameters, 'https://qyapi.weixin.qq.com', '/cgi-bin/webhook/send')
  address.searchParams.set('key', key)
  return {
    scheme: 'wecom',
    secrets: peer.secrets,
    endpoints: [endpointAt(address)],
    needs: [],
    limit: { messages: 20, perMs: MINUTE },
    shown: (alert) => fitted(alert).items.length,
    async send(alert, deadline) {
      const body = JSON.stringify({ msgtype: 'markdown', markdown: { content: markdown(fitted(alert)) } })
      const answer = await post(peer, address, body, { 'content-type': 'application/json' }, deadline)
      const told = jsonAnswer(answer)
      if (answer.status === 200 && told?.['errcode'] === 0) return
      const code = said(told?.['errcode'])
      throw refused(answer, {
        code: code || `HTTP ${answer.status}`,
        words: said(told?.['errmsg']) || answer.body,
        advice: ADVICE[code],
        throttled: told?.['errcode'] === THROTTLED,
        usualWaitMs: MINUTE,
      })
    },
  }
}

function fitted(alert: Alert): FittedAlert {
  return fitAlert(alert, (candidate) => bytesOf(markdown(candidate)) <= LONGEST_CONTENT)
}

function markdown(alert: FittedAlert): string {
  const colour = alert.severity === 'info' ? 'info' : 'warning'
  const items = alert.items.flatMap((item, index) => [
    `**${String(index + 1)}. ${literal(item.title)}**`,
    ...factLines(item.facts).map((line) => `> ${literal(line)}`),
  ])
  return [
    `### ${MARK[alert.severity]} <font color="${colour}">${literal(alert.title)}</font>`,
    ...factLines(alert.facts).map(literal),
    ...(items.length > 0 ? ['', `${literal(alert.itemsHeading)}:`, ...items] : []),
    ...(alert.more === null ? [] : [literal(alert.more)]),
    '',
    ...factLines(alert.footer).map((line) => `<font color="comment">${literal(line)}</font>`),
  ].join('\n')
}

export const driver: AlertDriver = { schemes: ['wecom'], form: 'wecom://KEY', open }
