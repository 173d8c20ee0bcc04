import { startRedis } from '../support/redis-server'
import { describeService } from '../support/services'
import { callbackXml } from './callbacks'
import { openRelay } from './open-relay'

describeService('redis', () => {
  test('a Redis that has never seen the relay: a repeat is a duplicate', async () => {
    const redis = await startRedis()
    const relay = openRelay({ QUEUE_URL: 'file:/dev/null', STORE_URL: `redis://${redis.address}/0` })
    try {
      expect((await relay.post(callbackXml('i1'))).outcome).toBe('queued')
      expect((await relay.post(callbackXml('i1'))).outcome).toBe('duplicate')
    } finally {
      await relay.kill()
      await redis.stop()
    }
  })
})
