import { openAlertChannel } from '../../../src/alerts/open-alert-channel'
import { CONTEXT, expectNoSecret } from '../../support/driver-errors'

const KEY = 'k3y0123456789abcdef'

test.each([
  [`wecom://${KEY}`, 'wecom'],
  [`WECOM://${KEY}`, 'wecom'],
  [`dingtalk://${KEY}?secret=SEC${KEY}`, 'dingtalk'],
  [`feishu://${KEY}`, 'feishu'],
  [`lark://${KEY}?secret=${KEY}`, 'lark'],
  [`slack://T${KEY}/B${KEY}/X${KEY}`, 'slack'],
  [`slack://T${KEY}/B${KEY}/X${KEY}/`, 'slack'],
  [`pagerduty://${KEY}`, 'pagerduty'],
  ['alertmanager://10.0.0.5:9093/prefix/', 'alertmanager'],
  [`alertmanagers://user:${KEY}@alerts.example.com`, 'alertmanagers'],
  [`https://example.com/hook#secret=whsec_${'c2VjcmV0'.repeat(4)}`, 'https'],
  ['http://127.0.0.1:9/hook', 'http'],
  ['console:', 'console'],
  ['file:alerts.jsonl', 'file'],
])('opens %s without touching the network', async (url, scheme) => {
  const channel = await openAlertChannel(url, CONTEXT)
  expect(channel.scheme).toBe(scheme)
  channel.close?.()
})

test.each([
  [`wecom://${KEY}`, { messages: 20, perMs: 60_000 }],
  [`dingtalk://${KEY}`, { messages: 20, perMs: 60_000 }],
  [`feishu://${KEY}`, { messages: 100, perMs: 60_000 }],
  [`slack://T${KEY}/B${KEY}/X${KEY}`, { messages: 1, perMs: 1000 }],
  [`pagerduty://${KEY}`, null],
  ['alertmanager://10.0.0.5:9093', null],
  ['https://example.com/hook', null],
])('%s takes so many messages in a time', async (url, limit) => {
  expect((await openAlertChannel(url, CONTEXT)).limit).toEqual(limit)
})

test.each([
  ['wecom://', 'wecom: the URL must look like wecom://KEY'],
  [`wecom://${KEY}/more`, 'wecom: the URL must look like wecom://KEY'],
  [`wecom://user@${KEY}`, 'wecom: the URL must look like wecom://KEY'],
  [`wecom://${KEY}#${KEY}`, 'wecom: the URL must look like wecom://KEY'],
  [`wecom://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=${KEY}`, 'and not the whole address of the robot'],
  [`wecom://${KEY}%`, 'wecom: the URL must look like wecom://KEY'],
  [
    `wecom://${KEY}?secret=${KEY}`,
    'wecom: unknown parameter in the URL; known are: keyword, mention, fallback, endpoint',
  ],
  [
    `dingtalk://${KEY}?SEC${KEY}`,
    'unknown parameter in the URL; known are: secret, keyword, mention, fallback, endpoint',
  ],
  [`dingtalk://${KEY}?secret=`, 'dingtalk: the parameter secret is empty'],
  ['feishu:', 'feishu: the URL must look like feishu://HOOK'],
  [`lark://${KEY}/${KEY}`, 'lark: the URL must look like lark://HOOK'],
  [`slack://${KEY}/${KEY}`, 'slack: the URL must look like slack://T…/B…/X…'],
  [`slack://${KEY}/%2e%2e/${KEY}`, 'slack: the URL must look like slack://T…/B…/X…'],
  [`pagerduty://${KEY}?endpoint=http://example.com/${KEY}`, 'pagerduty: endpoint must be a loopback address'],
  [`slack://T/B/${KEY}?endpoint=${KEY}`, 'slack: endpoint must be a loopback address'],
  ['alertmanager://', 'alertmanager: the URL must look like alertmanager://host:9093'],
  [`alertmanager://host?token=${KEY}`, 'alertmanager: the URL must look like alertmanager://host:9093'],
  [`alertmanager://user:${KEY}@alerts.example.com`, 'must not travel in the clear: use alertmanagers://'],
  [`alertmanagers://user:${KEY}%@alerts.example.com`, 'the password has a "%"'],
  [`http://example.com/${KEY}`, 'plain http is for loopback only: use https'],
  [`https://example.com/${KEY}#secret=${KEY}`, 'the secret must be whsec_'],
  [`console:${KEY}`, 'console: the URL must be console: and nothing more'],
  ['file:', 'file'],
  [`wechat://${KEY}`, 'no alert channel has this scheme; known: wecom, dingtalk, feishu, lark, slack'],
  [`${KEY}:x`, 'no alert channel has this scheme; known: wecom'],
  [KEY, 'no alert channel has this scheme'],
  [`constructor://${KEY}`, 'no alert channel has this scheme'],
])('refuses %s, and says why without the URL', async (url, why) => {
  const error: unknown = await openAlertChannel(url, CONTEXT).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(Error)
  expect((error as Error).message).toContain(why)
  expectNoSecret(error, [KEY])
})
