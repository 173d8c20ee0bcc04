import { conditionsIn, holding, NOBODY, withoutConditions } from '../../../src/alerts/conditions'
import { openAlertChannel } from '../../../src/alerts/open-alert-channel'
import { secretsInUrl } from '../../../src/net/url-secrets'
import { CONTEXT, expectNoSecret } from '../../support/driver-errors'

const KEY = 'k3y0123456789abcdef'
const FORM = { id: /^[a-z]{1,8}$/, takes: 'words or all' }

test.each([
  ['', { keyword: null, mentions: NOBODY, isFallback: false }],
  ['keyword=%E5%91%8A%E8%AD%A6', { keyword: '告警', mentions: NOBODY, isFallback: false }],
  ['keyword=+two+words+&fallback=1', { keyword: 'two words', mentions: NOBODY, isFallback: true }],
  ['mention=all', { keyword: null, mentions: { all: true, ids: [] }, isFallback: false }],
  [
    'mention=bob,%20eve,all,bob',
    { keyword: null, mentions: { all: true, ids: ['bob', 'eve'] }, isFallback: false },
  ],
])('%j is read', (query, expected) => {
  expect(conditionsIn('wecom', new URLSearchParams(query), FORM)).toEqual(expected)
})

test.each([
  [`wecom://${KEY}?keyword=`, 'wecom: the parameter keyword is empty'],
  [`wecom://${KEY}?keyword=%20`, 'wecom: the parameter keyword is empty'],
  [`wecom://${KEY}?keyword=a%0Ab`, 'wecom: keyword must be one line of at most 100 printable characters'],
  [`feishu://${KEY}?keyword=${'x'.repeat(101)}`, 'feishu: keyword must be one line'],
  [`dingtalk://${KEY}?keyword=a&keyword=b`, 'dingtalk: the parameter keyword is there twice'],
  [`slack://T${KEY}/B${KEY}/X${KEY}?fallback=yes`, 'slack: fallback must be 1, or not there at all'],
  [`pagerduty://${KEY}?fallback=0`, 'pagerduty: fallback must be 1, or not there at all'],
  [
    `pagerduty://${KEY}?mention=all`,
    'pagerduty: this channel has no mentions: leave mention= out of its URL',
  ],
  [`alertmanager://10.0.0.5:9093?mention=${KEY}`, 'alertmanager: this channel has no mentions'],
  [`alertmanager://10.0.0.5:9093?fallback=${KEY}`, 'alertmanager: fallback must be 1'],
  [`https://example.com/${KEY}#mention=all`, 'https: this channel has no mentions'],
  [`https://example.com/${KEY}#fallback=2`, 'https: fallback must be 1'],
  [`https://example.com/${KEY}#keyword=x&${KEY}`, 'after # only secret=whsec_…'],
  ['console:?mention=all', 'console: this channel has no mentions'],
  [`console:?${KEY}`, 'console: the URL must be console: and nothing more'],
  [`file:alerts.jsonl?mention=${KEY}`, 'file: this channel has no mentions'],
  [`wecom://${KEY}?mention=`, 'wecom: the parameter mention is empty'],
  [
    `wecom://${KEY}?mention=a%20b`,
    'wecom: mention takes user ids, mobile numbers or all, separated by commas',
  ],
  [`wecom://${KEY}?mention=a,,b`, 'wecom: mention takes user ids'],
  [`wecom://${KEY}?mention=%3C@all%3E`, 'wecom: mention takes user ids'],
  [`dingtalk://${KEY}?mention=%3Cb%3E`, 'dingtalk: mention takes user ids, mobile numbers or all'],
  [`feishu://${KEY}?mention=bob@example.com`, 'feishu: mention takes open ids, user ids or all'],
  [`lark://${KEY}?mention=%22%3E`, 'lark: mention takes open ids, user ids or all'],
  [`slack://T${KEY}/B${KEY}/X${KEY}?mention=@bob`, 'slack: mention takes member ids (U… or W…)'],
])('refuses %s, and says why without the URL', async (url, why) => {
  const error: unknown = await openAlertChannel(url, CONTEXT).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(Error)
  expect((error as Error).message).toContain(why)
  expectNoSecret(error, [KEY])
})

test.each([
  `wecom://${KEY}?keyword=x&mention=zhang.san,13800000000,all&fallback=1`,
  `dingtalk://${KEY}?secret=SEC${KEY}&mention=%2B86-13800000000,manager4756&keyword=x&fallback=1`,
  `lark://${KEY}?mention=ou_84aad35d084aa403a838cf73ee18467,e33ggbyz,all&fallback=1`,
  `slack://T${KEY}/B${KEY}/X${KEY}?mention=U024BE7LH,S0614TZR7,all&fallback=1&keyword=x`,
  `pagerduty://${KEY}?keyword=x&fallback=1`,
  'alertmanagers://10.0.0.5/prefix?keyword=x&fallback=1',
  `https://example.com/hook?keyword=of-the-receiver#secret=whsec_${'c2VjcmV0'.repeat(4)}&keyword=x&fallback=1`,
  'http://127.0.0.1:9/hook#fallback=1',
  'console:?keyword=x&fallback=1',
  'file:alerts.jsonl?fallback=1',
])('%s is a fallback', async (url) => {
  expect((await openAlertChannel(url, CONTEXT)).isFallback).toBe(true)
  expect((await openAlertChannel(url.replace(/[?#&]fallback=1/, ''), CONTEXT)).isFallback).toBe(false)
})

test.each([
  [`wecom://${KEY}`, `wecom://${KEY}`],
  [`wecom://${KEY}?keyword=x`, `wecom://${KEY}`],
  [`dingtalk://${KEY}?keyword=x&secret=s&mention=all`, `dingtalk://${KEY}?secret=s`],
  ['https://h/p?keyword=theirs#secret=whsec_a+b=&fallback=1', 'https://h/p?keyword=theirs#secret=whsec_a+b='],
  ['https://h/p?keyword=theirs', 'https://h/p?keyword=theirs'],
  ['file:a?b.jsonl', 'file:a?b.jsonl'],
  ['console:?fallback=1', 'console:'],
])('%s is the channel %s, whatever it asks of messages', (url, channel) => {
  expect(withoutConditions(url)).toBe(channel)
})

test('a keyword and whom it mentions are no secrets: logs and errors may say the bucket', () => {
  const secrets = secretsInUrl(
    `dingtalk://${KEY}?keyword=media-1250000000&mention=13800000000&secret=SECabcdef`,
  )
  expect(secrets).toEqual(expect.arrayContaining([KEY, 'SECabcdef']))
  expect(secrets).not.toContain('media-1250000000')
  expect(secrets).not.toContain('13800000000')
})

test('a text that holds the keyword stays as it is; markup that nobody sees holds none', () => {
  expect(holding('a', null)).toBe('a')
  expect(holding('an alert', 'alert')).toBe('an alert')
  expect(holding('an alert', 'Alert')).toBe('an alert\nAlert')
  expect(holding('<font>x</font>', 'font', '\n', 'x')).toBe('<font>x</font>\nfont')
})
