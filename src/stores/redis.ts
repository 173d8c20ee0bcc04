import { randomUUID } from 'node:crypto'
import { Deadline } from '../net/deadline'
import { driverUrl } from '../net/driver-url'
import { redisConnection } from '../net/redis-connection'
import { script, type Words } from '../net/redis-script'
import { sha256 } from '../sha256'
import { redisOutbox } from './redis/outbox'
import { LONGEST_LEASE_MS, type StoreDriver } from './store'
import { strayList, Unreadable } from './unreadable'

const EXAMPLE = 'redis://user:password@host:6379/0?prefix=relay:'

/** How long the server may take over one command. */
const DEADLINE_MS = 2000
/**
 * And over the ledger's: less than the relay waits for them, so that a connection that died unseen (an instance was frozen meanwhile) is
 * given up by the claim that found it, and the settling of the same callback goes over a new one.
 */
const CLAIM_DEADLINE_MS = 900
const SETTLE_DEADLINE_MS = 450

/** A settled claim: a small number, which Redis holds without memory of its own. */
const DONE = '1'

/**
 * KEYS: the claim, where v0.1 kept it and, when one is asked for, a note. Answers with what is there, nil when the claim was got, with how long it stays,
 * and with the note; what stands in the note's place and is none fails no claim. ARGV[3]: the longest that a lease may last; one that lasts longer, or
 * for good, is none that the relay gave.
 */
const CLAIM = script(`
local note = KEYS[3] and redis.pcall('GET', KEYS[3])
if type(note) == 'table' then note = false end
local old = redis.call('GET', KEYS[2])
if old == 'done' then return {'1', 0, note} end
if old then return {old, redis.call('PTTL', KEYS[2]), note} end
local there = redis.call('GET', KEYS[1])
if there then
  local left = redis.call('PTTL', KEYS[1])
  if there == '1' or (left >= 0 and left <= tonumber(ARGV[3])) then return {there, left, note} end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {false, 0, note}`)

const RELEASE = script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`)

/** Which of the claims are settled. KEYS: as for a claim, pair by pair. */
const SETTLED = script(`
local done = {}
for i = 1, #KEYS, 2 do
  local isDone = redis.call('GET', KEYS[i]) == '1' or redis.call('GET', KEYS[i + 1]) == 'done'
  done[#done + 1] = isDone and 1 or 0
end
return done`)

const SWAP = script(`
local there = redis.call('GET', KEYS[1])
if (ARGV[1] == '0' and there) or (ARGV[1] == '1' and there ~= ARGV[2]) then return 0 end
if ARGV[3] == '0' then redis.call('DEL', KEYS[1])
elseif ARGV[5] == '' then redis.call('SET', KEYS[1], ARGV[4])
else redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5]) end
return 1`)

/** A sliding window by the server's own clock, so that instances need not agree on the time. */
const ADMIT = script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, per = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - per)
local count = redis.call('ZCARD', KEYS[1])
if count < limit then
  redis.call('ZADD', KEYS[1], now, ARGV[3])
  redis.call('PEXPIRE', KEYS[1], per)
  return 0
end
local leaver = redis.call('ZRANGE', KEYS[1], count - limit, count - limit, 'WITHSCORES')
if leaver[2] then return leaver[2] + per - now end
return per`)

/**
 * `redis[s]://[user:pass@]host[:port]/db[?prefix=P]`: claims and leases are single commands or scripts, and end by themselves. A
 * claim and its settling cost one round trip each. Every key begins with the prefix, `relay:` unless given.
 *
 * Redis 5 or later. Not for a cluster without a proxy, unless the prefix holds a hash tag: `{relay}:`.
 */
const open: StoreDriver['open'] = (url) => {
  const address = driverUrl(url, EXAMPLE, ['prefix'])
  const prefix = address.searchParams.get('prefix') ?? 'relay:'
  const scheme = address.protocol.slice(0, -1)
  const connection = redisConnection(scheme, address)
  const runWithin =
    (ms: number) =>
    async (...words: Words): Promise<unknown> =>
      connection.command(words, Deadline.in(ms))
  const run = runWithin(DEADLINE_MS)
  const strays = strayList()

  /** A digest: a key as long as a callback's would be most of what a claim takes. */
  const claimKey = (key: string): string => `${prefix}c${sha256(key, 'base64url').slice(0, 22)}`
  const claimKeys = (key: string): readonly string[] => [claimKey(key), `${prefix}claim:${key}`]
  const noteKey = (name: string): string => `${prefix}note:${name}`
  const windowKey = (name: string): string => `${prefix}window:${name}`
  const { shelved, ...outbox } = redisOutbox(run, prefix, strays)

  return {
    scheme,
    secrets: connection.peer.secrets,
    endpoints: [connection.endpoint],
    needs: [],

    async claim(key, leaseMs, noteName) {
      const holder = randomUUID()
      const claimed = claimKeys(key)
      const keys = noteName === undefined ? claimed : [...claimed, noteKey(noteName)]
      const [there, remaining, note] = (await CLAIM(runWithin(CLAIM_DEADLINE_MS), keys, [
        holder,
        leaseOf(leaseMs),
        LONGEST_LEASE_MS,
      ])) as [string | null, number, (string | null)?]
      const noted = note === undefined ? {} : { note }
      if (there === null) return { kind: 'claimed', holder, ...noted }
      return there === DONE
        ? { kind: 'done', ...noted }
        : { kind: 'held', retryAfterMs: Math.max(1, remaining), ...noted }
    },
    async settle(key, keepMs) {
      await runWithin(SETTLE_DEADLINE_MS)('SET', claimKey(key), DONE, 'PX', whole(keepMs))
    },
    async release(key, holder) {
      // A made-up holder must not undo a settling.
      if (holder !== DONE) await RELEASE(run, [claimKey(key)], [holder])
    },
    async areSettled(keys) {
      if (keys.length === 0) return []
      const done = (await SETTLED(run, keys.flatMap(claimKeys), [])) as number[]
      return done.map((one) => one === 1)
    },

    ...outbox,

    async note(name) {
      const place = noteKey(name)
      return strays.passOver(place, async () => {
        try {
          return (await run('GET', place)) as string | null
        } catch (error) {
          if ((error as Error).message.includes('WRONGTYPE')) throw new Unreadable('it is no note')
          throw error
        }
      })
    },
    async setNote(name, value, keepMs) {
      if (value === null) await run('DEL', noteKey(name))
      else if (keepMs === null) await run('SET', noteKey(name), value)
      else await run('SET', noteKey(name), value, 'PX', whole(keepMs))
    },
    async swapNote(name, before, value, keepMs) {
      const words = [
        before === null ? 0 : 1,
        before ?? '',
        value === null ? 0 : 1,
        value ?? '',
        keepMs === null ? '' : whole(keepMs),
      ]
      return (await SWAP(run, [noteKey(name)], words)) === 1
    },

    async admit(name, messages, perMs) {
      return Number(await ADMIT(run, [windowKey(name)], [messages, whole(perMs), randomUUID()]))
    },

    async tidy() {
      // Redis removes what has expired by itself.
      return Promise.resolve()
    },
    async strays() {
      await shelved()
      return strays.found()
    },
    close: connection.close,
  }
}

/** Redis takes whole milliseconds, one at least. */
function whole(ms: number): number {
  return Math.max(1, Math.ceil(ms))
}

function leaseOf(ms: number): number {
  return Math.min(LONGEST_LEASE_MS, whole(ms))
}

export const driver: StoreDriver = { schemes: ['redis', 'rediss'], form: EXAMPLE, open }
