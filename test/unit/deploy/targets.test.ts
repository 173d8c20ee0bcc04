import { isShortLived, targetsOf } from '../../../tools/deploy/commands/targets'

const factsOf = async (name: 'QUEUE_URL' | 'ALERT_URLS' | 'STORE_URL', url: string) =>
  (await targetsOf({ [name]: url }, 'ap-guangzhou'))[0]

test.each([
  ['QUEUE_URL', 'amqp://u:p%40ss@mq.example.com/vhost?queue=q', ['mq.example.com:5672']],
  ['QUEUE_URL', 'amqps://u:p@mq.example.com/vhost?queue=q', ['mq.example.com:5671']],
  [
    'QUEUE_URL',
    'kafka://u:p@a.example.com:9092,b.example.com/topic',
    ['a.example.com:9092', 'b.example.com:9092'],
  ],
  ['QUEUE_URL', 'redis://[fd00::1]:6380/0?stream=s', ['fd00::1:6380']],
  ['QUEUE_URL', 'https://example.com', ['example.com:443']],
  ['QUEUE_URL', 'file:queue.jsonl', []],
  ['QUEUE_URL', 'cmq://q?region=gz', ['cmq-gz.public.tencenttdmq.com:443']],
  ['ALERT_URLS', 'wecom://KEY', ['qyapi.weixin.qq.com:443']],
  ['ALERT_URLS', 'slack://T/B/X?endpoint=http%3A%2F%2F127.0.0.1%3A8080', ['127.0.0.1:8080']],
  ['ALERT_URLS', 'alertmanagers://alerts.example.com', ['alerts.example.com:443']],
  ['ALERT_URLS', 'console:', []],
  ['STORE_URL', 'redis://10.0.0.5/0', ['10.0.0.5:6379']],
  [
    'STORE_URL',
    'cos://media-1250000000/relay?region=ap-beijing',
    ['media-1250000000.cos.ap-beijing.myqcloud.com:443'],
  ],
  ['STORE_URL', 'memory:', []],
] as const)('%s=%s leads where its driver says', async (name, url, endpoints) => {
  const target = await factsOf(name, url)
  expect(target?.endpoints.map(({ host, port }) => `${host}:${port}`)).toEqual(endpoints)
  expect(isShortLived(target!)).toBe(endpoints.length === 0)
})

test('each target is named by its variable; one that cannot be opened is left out', async () => {
  const targets = await targetsOf(
    { QUEUE_URL: 'nonsense', ALERT_URLS: 'wecom://K\nslack://wrong console:', STORE_URL: 'memory:' },
    'ap-guangzhou',
  )
  expect(targets.map(({ variable, scheme }) => `${variable}: ${scheme}`)).toEqual([
    'ALERT_URLS, item 1: wecom',
    'ALERT_URLS, item 3: console',
    'STORE_URL: memory',
  ])
})

test('what goes by the role’s keys says what the role must be allowed', async () => {
  expect((await factsOf('QUEUE_URL', 'cmq://q'))?.needs).toEqual(['cmq:SendMessage'])
  expect((await factsOf('STORE_URL', 'cos://media-1250000000/r'))?.needs).toContain('cos:PutObject')
  expect((await factsOf('QUEUE_URL', 'https://example.com'))?.needs).toEqual([])
})
