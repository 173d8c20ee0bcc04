import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { eventKind, type HttpEvent } from '../../../tools/local/event-kind'
import { whereItWent } from '../../../tools/local/where-it-went'

const places = { queue: 'amqp:', alerts: ['wecom:', 'console:'], store: 'redis:' }
const sample = (name: string): HttpEvent => {
  const file = resolve(__dirname, '..', '..', '..', 'events', `${name}.json`)
  const whole = eventKind(JSON.parse(readFileSync(file, 'utf8')))
  if (whole?.kind !== 'http') throw new Error(`${name} is no HTTP event`)
  return whole.event
}
const failed = (kind: string, to: string) => ({
  level: 40,
  time: 0,
  msg: 'a delivery failed: parked',
  kind,
  to,
})

test.each([
  ['apigw-base64', 200, 'queued', [], 'amqp:'],
  ['url-failed', 200, 'alerted', [], 'wecom: console: (error)'],
  ['apigw-success-with-failed-task', 200, 'queued', [], 'amqp: + wecom: console: (warning)'],
  ['url-success', 200, 'parked', [failed('message', 'amqp')], 'amqp waits in redis:'],
  [
    'url-failed',
    200,
    'alerted',
    [failed('alert', 'wecom-0123456789ab')],
    'console: (error) + wecom waits in redis:',
  ],
  [
    'apigw-success-with-failed-task',
    200,
    'parked',
    [failed('message', 'amqp'), failed('alert', 'console-0123456789ab')],
    'wecom: (warning) + amqp, console waits in redis:',
  ],
  [
    'job-success',
    200,
    'parked',
    [{ level: 40, time: 0, msg: 'a body was not finished in time: the rest of it is parked', rest: 7 }],
    'the body waits in redis:, for what is left of it',
  ],
  ['url-success', 200, 'duplicate', [], 'nowhere: done before'],
  ['running', 200, 'ignored', [], 'nowhere: not over yet'],
  ['malformed', 400, 'malformed-xml', [], 'kept in redis:, told to wecom: console: once'],
  ['wrong-token', 401, 'unauthorized', [], 'nowhere: refused'],
])('%s, answered %i %s', (name, status, outcome, records, text) => {
  expect(whereItWent(sample(name), status, outcome, records, places)).toBe(text)
})
