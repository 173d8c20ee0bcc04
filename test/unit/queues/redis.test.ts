import { Deadline } from '../../../src/net/deadline'
import { openRedisQueue } from '../../support/open-drivers'
import Redis from 'iovalkey'
import { sampleEvent } from '../../support/events'
import { describeService } from '../../support/services'

const CONTEXT = { credentials: () => null, region: null }
const USER = 'relay@1'
const PASSWORD = 'p@ss/word:%1'
const LOGIN = `${encodeURIComponent(USER)}:${encodeURIComponent(PASSWORD)}`

describe('opening', () => {
  test.each([
    ['redis://localhost:6379/0', 'the parameter stream is missing'],
    ['redis://localhost:6379/zero?stream=s', 'the path must be the number of the database'],
    ['redis://localhost:6379/0?stream=s&maxlen=many', 'maxlen must be a whole number'],
    ['redis://localhost:6379/0?strem=s', 'unknown parameter "strem"'],
    ['redis://u:100%@localhost:6379/0?stream=s', 'the password has a "%"'],
    ['redis://:hidden', 'not a URL'],
    ['redis:?stream=s', 'the host is missing'],
  ])('%s: %s', (url, words) => {
    expect(() => openRedisQueue(url, CONTEXT)).toThrow(words)
  })
})

describeService('redis', (address) => {
  const [host = '', port = ''] = address.split(':')
  const stream = `relay-test-${String(process.pid)}`
  let admin: Redis

  beforeAll(async () => {
    admin = new Redis({ host, port: Number(port), db: 5 })
    await admin.call('ACL', 'SETUSER', USER, 'reset', 'on', `>${PASSWORD}`, '~*', '+xadd', '+select')
  })

  afterAll(async () => {
    await admin.call('ACL', 'DELUSER', USER)
    await admin.del(stream)
    await admin.quit()
  })

  async function entries(): Promise<Record<string, string>[]> {
    const raw = await admin.xrange(stream, '-', '+')
    return raw.map(([, fields]) => {
      const pairs = fields.flatMap((name, index) => (index % 2 === 0 ? [[name, fields[index + 1]]] : []))
      return Object.fromEntries(pairs) as Record<string, string>
    })
  }

  test('logs in as a user whose name and password must be encoded', async () => {
    const queue = openRedisQueue(`redis://${LOGIN}@${address}/5?stream=${stream}`, CONTEXT)
    await queue.publish(sampleEvent('login'), Deadline.in(5000))
    queue.close?.()
    expect(await entries()).toMatchObject([{ id: 'login' }])
    await admin.del(stream)
  })

  test('writes the id and the type beside the event', async () => {
    const queue = openRedisQueue(`redis://${address}/5?stream=${stream}`, CONTEXT)
    await queue.publish(sampleEvent('fields'), Deadline.in(5000))
    queue.close?.()
    expect(await entries()).toEqual([
      {
        id: 'fields',
        type: 'com.tencentcloud.ci.workflow.succeeded',
        event: JSON.stringify(sampleEvent('fields')),
      },
    ])
    await admin.del(stream)
  })

  test('keeps the stream near maxlen', async () => {
    const queue = openRedisQueue(`redis://${address}/5?stream=${stream}&maxlen=100`, CONTEXT)
    for (let id = 0; id < 500; id += 1) await queue.publish(sampleEvent(String(id)), Deadline.in(5000))
    queue.close?.()
    const kept = await entries()
    expect(kept.length).toBeGreaterThanOrEqual(100)
    expect(kept.length).toBeLessThan(300)
    expect(kept.at(-1)?.['id']).toBe('499')
    await admin.del(stream)
  })

  test('never writes to another database than the one asked for', async () => {
    const queue = openRedisQueue(`redis://${address}/99?stream=${stream}`, CONTEXT)
    await expect(queue.publish(sampleEvent('db'), Deadline.in(5000))).rejects.toThrow(
      'DB index is out of range',
    )
    queue.close?.()
    const other = new Redis({ host, port: Number(port), db: 0 })
    expect(await other.exists(stream)).toBe(0)
    await other.quit()
  })
})
