import { Deadline } from '../../src/net/deadline'
import { redisConnection } from '../../src/net/redis-connection'
import { sha256 } from '../../src/sha256'
import { startFakeCos } from '../support/fake-cos'
import { describeService } from '../support/services'
import { temporaryFolder } from '../support/temporary-folder'
import { callbackXml } from './callbacks'
import { type HttpPeer, startPeer } from './http-peer'
import { openRelay, type Relay } from './open-relay'

const MINUTE = 60_000

let alerts: HttpPeer
let relays: Relay[]
beforeEach(async () => {
  alerts = await startPeer()
  relays = []
})
afterEach(async () => {
  for (const relay of relays) await relay.kill()
  await alerts.stop()
})

/** From a store that is new to a sweep that comes back: each callback at an instance of its own, as after a long pause. */
async function theWholeStory(
  store: Readonly<Record<string, string>>,
  language: 'en' | 'zh',
  hourPasses = async (): Promise<unknown> => Promise.resolve(),
): Promise<void> {
  const env = { QUEUE_URL: 'file:/dev/null', ALERT_URLS: alerts.url, ALERT_LANG: language, ...store }
  let number = 0
  const at = async (minutes: number, what: 'callback' | 'sweep'): Promise<Relay> => {
    const relay = openRelay(env)
    relays.push(relay)
    await relay.passTime(minutes * MINUTE)
    if (what === 'sweep') expect(await relay.sweep()).toMatchObject({ waiting: 0 })
    else
      expect(await relay.post(callbackXml(`story-${number++}`))).toMatchObject({
        status: 200,
        outcome: 'queued',
      })
    return relay
  }
  const titles = (): unknown[] => alerts.taken.map(({ data }) => data['title'])
  const warned = (relay: Relay): unknown[] =>
    relay.log().flatMap(({ level, msg }) => (level > 30 ? [msg] : []))
  const said = (en: string, zh: string): string => (language === 'en' ? en : zh)
  const SAYS = ['the sweep does not run: what waits is not delivered']

  const never = said(
    'No sweep has run yet, 16 minutes after the first callback: what waits is not delivered',
    '首次回调已过 16 分钟，定时补投任务仍未运行，积压的消息无法投递',
  )
  const late = said(
    'No sweep has run for 16 minutes: what waits is not delivered',
    '定时补投任务已停止 16 分钟，积压的消息无法投递',
  )
  const over = said(
    'The sweep runs again: what waits is delivered',
    '定时补投任务已恢复运行，将继续投递积压的消息',
  )
  expect(warned(await at(0, 'callback'))).toEqual([])
  expect(warned(await at(14, 'callback'))).toEqual([])
  expect(warned(await at(16, 'callback'))).toEqual(SAYS)
  expect(warned(await at(17, 'callback'))).toEqual(SAYS)
  expect(titles()).toEqual([never])
  await at(100, 'sweep')
  expect(titles()).toEqual([never, over])
  expect(warned(await at(101, 'callback'))).toEqual([])
  await hourPasses()
  const relay = await at(116, 'callback')
  expect(warned(relay)).toEqual(SAYS)
  expect(relay.log().at(-1)).toMatchObject({ msg: 'callback', status: 200 })
  await at(117, 'callback')
  expect(titles()).toEqual([never, over, late])
  const [{ data } = { data: {} }] = alerts.taken
  expect(String((data as Record<string, unknown>)['text'])).toContain('npx serverless callback doctor')
}

test('a file store', async () => {
  const folder = temporaryFolder()
  await theWholeStory({ STORE_URL: `file:${folder.path}/store` }, 'en')
  folder.remove()
})

test('a COS bucket', async () => {
  const cos = await startFakeCos()
  cos.acceptsAnyTime = true
  const { secretId, secretKey, sessionToken } = cos.credentials
  await theWholeStory(
    {
      STORE_URL: `cos://media-1250000000/relay?region=ap-guangzhou&endpoint=${cos.endpoint}`,
      TENCENT_SECRET_ID: secretId,
      TENCENT_SECRET_KEY: secretKey,
      TENCENT_TOKEN: sessionToken ?? '',
    },
    'zh',
  )
  await cos.close()
})

describeService('redis', (address) => {
  test('Redis', async () => {
    const prefix = `late-sweep-${process.pid}-${Date.now()}:`
    const connection = redisConnection('test', new URL(`redis://${address}/13`))
    // Redis ends claims by its own clock, which no test can shift.
    const claim = `${prefix}c${sha256('late-sweep', 'base64url').slice(0, 22)}`
    const hourPasses = async (): Promise<unknown> =>
      connection.command(['DEL', claim], Deadline.in(1_000)).then((removed) => expect(removed).toBe(1))
    await theWholeStory({ STORE_URL: `redis://${address}/13?prefix=${prefix}` }, 'en', hourPasses)
    const keys = (await connection.command(['KEYS', `${prefix}*`], Deadline.in(1_000))) as string[]
    await connection.command(['DEL', ...keys], Deadline.in(1_000))
    connection.close()
  })
})
