import { localRedactor } from '../../../tools/local/handler-output'
import { localEnvironment, placesOf, tokensOf } from '../../../tools/local/local-environment'

test('fills in what is unset or blank, and leaves the rest alone', () => {
  expect(localEnvironment({ QUEUE_URL: 'file:q', ALERT_URLS: ' ', OTHER: 'x' })).toEqual({
    CALLBACK_TOKEN: 'local',
    QUEUE_URL: 'file:q',
    ALERT_URLS: 'console:',
    STORE_URL: 'file:.relay/store',
    OTHER: 'x',
    RELAY_LOCAL: '1',
  })
  expect(localEnvironment({})).toMatchObject({ QUEUE_URL: 'file:.relay/queue.jsonl' })
})

test('shows places without what may be secret', () => {
  const env = {
    QUEUE_URL: 'AMQP://u:p@h/v?queue=q',
    ALERT_URLS: 'wecom://KEY\n file:/var/alerts.jsonl console: wecom://KEY',
    STORE_URL: '',
  }
  expect(placesOf(env)).toEqual({
    queue: 'amqp:',
    alerts: ['wecom:', 'file:/var/alerts.jsonl', 'console:'],
    store: 'nowhere',
  })
})

test('reads several tokens', () => {
  expect(tokensOf({ CALLBACK_TOKEN: ' a, b,,' })).toEqual(['a', 'b'])
  expect(tokensOf({})).toEqual([])
})

test('blanks out tokens and credentials, but not the public token', () => {
  const redact = localRedactor({
    RELAY_LOCAL: '1',
    CALLBACK_TOKEN: 'local,my-own',
    QUEUE_URL: 'redis://:p%40ss@h/0?stream=s',
  })
  expect(redact('local my-own p@ss p%40ss localhost')).toBe(
    'local [redacted] [redacted] [redacted] localhost',
  )
})
