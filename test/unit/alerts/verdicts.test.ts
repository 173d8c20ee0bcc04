import { Deadline } from '../../../src/net/deadline'
import { failureOf } from '../../../src/net/failure'
import { openAlertChannel } from '../../../src/alerts/open-alert-channel'
import { CONTEXT } from '../../support/driver-errors'
import { type Answer, type FakeRobot, json, type Robot, serveRobot } from '../../support/fake-robot'
import { ENGLISH } from '../../support/sample-alerts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const KEY = 'k3y0123456789abcdef'

const ADDRESSES: Readonly<Record<string, string>> = {
  wecom: `wecom://${KEY}?`,
  dingtalk: `dingtalk://${KEY}?`,
  feishu: `feishu://${KEY}?`,
  lark: `lark://${KEY}?`,
  slack: `slack://T${KEY}/B${KEY}/X${KEY}?`,
  pagerduty: `pagerduty://${KEY}?`,
}

const NEVER: Robot<never> = {
  refusals: [],
  throttles: { status: 429, body: '' },
  judge: () => ({ answer: { status: 500, body: '' } }),
}

let fake: FakeRobot<never>
beforeAll(async () => (fake = await serveRobot(NEVER)))
afterAll(() => fake.stop())

async function failureAfter(scheme: string, answer: Answer) {
  fake.behave(answer)
  const url =
    scheme === 'alertmanager'
      ? fake.endpoint.replace('http', scheme)
      : `${ADDRESSES[scheme] ?? ''}endpoint=${fake.endpoint}`
  const channel = await openAlertChannel(url, CONTEXT)
  const error: unknown = await channel.send(ENGLISH, Deadline.in(5_000)).catch((reason: unknown) => reason)
  return failureOf(error)
}

const dingtalk = (errcode: number, errmsg: string): Answer => json(200, { errcode, errmsg })
const wecom = dingtalk
const feishu = (status: number, code: number, msg: string): Answer => json(status, { code, msg, data: {} })

test.each<[string, Answer, number]>([
  ['wecom', wecom(45009, 'api freq out of limit'), MINUTE],
  ['wecom', wecom(45033, 'api concurrent out of limit'), 5 * SECOND],
  ['wecom', wecom(-1, 'system busy'), MINUTE],
  ['wecom', wecom(846607, 'send message frequency limit'), MINUTE],
  ['dingtalk', dingtalk(130101, 'send too fast, exceed 20 times per minute'), 10 * MINUTE],
  ['dingtalk', dingtalk(410100, '发送速度太快而限流'), 10 * MINUTE],
  ['dingtalk', dingtalk(450101, 'x'), 10 * MINUTE],
  ['dingtalk', dingtalk(90030, 'webhook over limit'), 10 * MINUTE],
  ['dingtalk', dingtalk(-1, '系统繁忙'), MINUTE],
  ['dingtalk', dingtalk(90018, '接口调用超过限制'), MINUTE],
  ['dingtalk', dingtalk(999999, '您的发送频率过高，请稍后再试'), 10 * MINUTE],
  ['dingtalk', json(200, { status: 1111, wait: 5, source: 'x5', punish: 'deny' }), 5 * SECOND],
  ['dingtalk', json(200, { status: 1111, wait: '7' }), 7 * SECOND],
  ['dingtalk', json(200, { status: 1111 }), MINUTE],
  ['feishu', feishu(200, 11232, 'frequency limited psm'), MINUTE],
  ['feishu', feishu(400, 9499, 'too many request'), MINUTE],
  ['feishu', feishu(200, 9499, 'Frequency Limited'), MINUTE],
  ['lark', feishu(400, 99991400, 'request trigger frequency limit'), MINUTE],
  ['feishu', feishu(200, 11220, 'too many requests'), MINUTE],
  ['feishu', feishu(400, 230020, 'x'), MINUTE],
  ['feishu', { ...feishu(429, 9499, 'x'), headers: { 'retry-after': '90' } }, 90 * SECOND],
  ['slack', { status: 429, body: 'rate_limited', headers: { 'retry-after': '30' } }, 30 * SECOND],
  ['slack', { status: 200, body: 'rate_limited' }, SECOND],
  ['slack', { status: 503, body: 'rate_limited' }, SECOND],
  ['slack', { status: 429, body: '' }, SECOND],
  ['pagerduty', json(429, { message: 'Requests for this service are arriving too quickly' }), MINUTE],
  ['pagerduty', { ...json(429, {}), headers: { 'retry-after': '31536000' } }, DAY],
  ['alertmanager', { status: 429, body: 'slow down', headers: { 'retry-after': '5' } }, 5 * SECOND],
])('%s is busy: %j', async (scheme, answer, waitMs) => {
  expect(await failureAfter(scheme, answer)).toMatchObject({
    kind: 'throttled',
    retryAfterMs: waitMs,
    message: expect.stringContaining('too many messages: try again later') as unknown,
  })
})

test.each<[string, Answer]>([
  ['dingtalk', dingtalk(90030, 'webhook over limit: the monthly quota is used up')],
  ['dingtalk', dingtalk(400109, '本月调用次数已达上限，请下月再试')],
  ['dingtalk', dingtalk(130101, 'send too fast, quota exceeded')],
  ['feishu', feishu(400, 99991403, "This month's API call quota has been exceeded")],
  ['wecom', wecom(45009, 'api quota of this month reached')],
])('a quota of %s is used up: %j', async (scheme, answer) => {
  const { kind, retryAfterMs, message } = await failureAfter(scheme, answer)
  expect(kind).toBe('throttled')
  expect(retryAfterMs).toBeGreaterThanOrEqual(HOUR)
  expect(retryAfterMs).toBeLessThanOrEqual(DAY)
  expect(message).toContain('its quota is used up')
})

test.each<[string, Answer, string]>([
  ['wecom', wecom(93000, 'invalid webhook url'), 'the key in the URL is wrong, or the robot was removed'],
  ['wecom', json(200, { errcode: '0', errmsg: 'ok', x: 1 }), 'wecom: 0: ok'],
  ['wecom', { status: 200, body: '<html>frequently asked questions</html>' }, 'wecom: HTTP 200'],
  ['wecom', { status: 502, body: '<html>Bad Gateway: too many requests</html>' }, 'wecom: HTTP 502'],
  ['dingtalk', dingtalk(300005, 'token is not exist'), 'the token in the URL is wrong'],
  ['dingtalk', dingtalk(40035, '缺少参数 access_token'), 'the token in the URL is wrong'],
  ['dingtalk', dingtalk(400101, 'access_token不存在'), 'the token in the URL is wrong'],
  ['dingtalk', dingtalk(400102, '机器人已停用'), 'the robot is disabled'],
  ['dingtalk', dingtalk(310000, 'sign not match'), 'check the secret and the addresses allowed'],
  ['dingtalk', json(200, {}), 'dingtalk: HTTP 200'],
  [
    'feishu',
    json(200, { StatusCode: 19001, StatusMessage: 'token invalid' }),
    'the hook in the URL is wrong',
  ],
  ['feishu', feishu(200, 19021, 'sign match fail'), 'check the secret in the URL'],
  ['feishu', feishu(200, 19022, 'Ip Not Allowed'), 'this address is not among those'],
  ['slack', { status: 404, body: 'no_service' }, 'the webhook was removed'],
  ['slack', { status: 410, body: 'channel_is_archived' }, 'make a new webhook'],
  ['slack', { status: 403, body: 'action_prohibited' }, 'an administrator'],
  ['slack', { status: 500, body: 'constructor' }, 'slack: HTTP 500: constructor'],
  ['pagerduty', json(400, { errors: ["Length of 'routing_key' is incorrect"] }), 'check the routing key'],
  ['pagerduty', json(500, { status: 'error' }), 'pagerduty: HTTP 500'],
  ['alertmanager', { status: 404, body: 'not found' }, 'check the prefix in the URL'],
  ['alertmanager', { status: 401, body: 'Unauthorized' }, 'alertmanager: HTTP 401'],
])('the destination %s is down or misconfigured: %j', async (scheme, answer, words) => {
  const failure = await failureAfter(scheme, answer)
  expect(failure).toMatchObject({ kind: 'down', isFinal: false })
  expect(failure.message).toContain(words)
})

test.each<[string, Answer, string]>([
  ['wecom', wecom(45002, 'content size out of limit'), 'larger than the robot takes'],
  ['wecom', wecom(40058, 'markdown.content exceed max length 4096'), 'exceed max length'],
  ['wecom', wecom(40008, 'invalid message type'), 'invalid message type'],
  ['dingtalk', dingtalk(310000, 'keywords not in content'), 'add keyword=… with that text'],
  ['dingtalk', dingtalk(310000, '消息校验未通过，错误描述：关键词不匹配'), 'add keyword=… with that text'],
  ['dingtalk', dingtalk(460101, 'message too long, exceed 20000 bytes'), 'larger than the robot takes'],
  ['dingtalk', dingtalk(430104, '含有不合适的内容'), '430104'],
  ['feishu', feishu(200, 19024, 'Key Words Not Found'), 'add keyword=… with that text'],
  ['feishu', feishu(400, 9499, 'Bad Request'), 'feishu: 9499: Bad Request'],
  ['slack', { status: 400, body: 'invalid_blocks' }, 'invalid_blocks'],
  ['slack', { status: 200, body: 'invalid_payload' }, 'invalid_payload'],
  ['pagerduty', json(400, { message: 'Event object is invalid', errors: ['bad summary'] }), 'bad summary'],
  ['alertmanager', json(400, 'start time must be before end time'), 'start time'],
])('%s refuses this message: %j', async (scheme, answer, words) => {
  const failure = await failureAfter(scheme, answer)
  expect(failure).toMatchObject({ kind: 'refused', isFinal: false })
  expect(failure.message).toContain(words)
})
