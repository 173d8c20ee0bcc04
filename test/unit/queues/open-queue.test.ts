import { openQueue } from '../../../src/queues/open-queue'

const CONTEXT = { credentials: () => null, region: 'ap-guangzhou' }

const URLS: Readonly<Record<string, string>> = {
  amqp: 'amqp://user:secret@127.0.0.1/vhost?queue=q',
  amqps: 'amqps://user:secret@127.0.0.1/vhost?queue=q',
  kafka: 'kafka://user:secret@127.0.0.1:9092/topic',
  kafkas: 'kafkas://user:secret@127.0.0.1:9092/topic',
  cmq: 'cmq://queue',
  redis: 'redis://user:secret@127.0.0.1/0?stream=s',
  rediss: 'rediss://user:secret@127.0.0.1/0?stream=s',
  https: 'https://example.com/hook',
  http: 'http://127.0.0.1/hook',
  file: 'file:queue.jsonl',
}

test.each(Object.keys(URLS))('%s: opens, without touching the network, and closes', async (scheme) => {
  const queue = await openQueue(URLS[scheme]!, CONTEXT)
  expect(queue.scheme).toBe(scheme)
  queue.close?.()
})

test.each(['sqs://secret@host', 'constructor:x', 'no scheme', ''])(
  '"%s" is refused with the schemes known',
  async (url) => {
    const error: unknown = await openQueue(url, CONTEXT).catch((reason: unknown) => reason)
    expect(String(error)).toContain(
      'known: amqp, amqps, kafka, kafkas, cmq, redis, rediss, https, http, file',
    )
    expect(String(error)).not.toContain('secret')
  },
)

test('a wrong URL is refused with what is wrong, never itself', async () => {
  for (const url of Object.values(URLS).filter((text) => text.includes('secret'))) {
    const error: unknown = await openQueue(`${url.split('?')[0] ?? ''}?sercet=1`, CONTEXT).catch(
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(Error)
    expect(String(error)).toContain('unknown parameter')
    expect(String(error)).not.toMatch(/user:secret|sercet/)
  }
})
