import { Redis } from 'iovalkey'
import type { RedisServer } from '../support/redis-server'

const ALL_AT_ONCE = `
local shortened = 0
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left > 0 then
    redis.call('PEXPIRE', key, math.max(1, left - ARGV[1]))
    shortened = shortened + 1
  end
end
return shortened`

/** Lets time pass for all that a Redis holds for a time only, leases among it: what would end within so many ms is gone. */
export async function passRedisTime({ port }: RedisServer, ms: number): Promise<void> {
  const redis = new Redis({ host: '127.0.0.1', port, lazyConnect: true })
  try {
    await redis.call('EVAL', ALL_AT_ONCE, '0', String(ms))
  } finally {
    redis.disconnect()
  }
}
