import { randomUUID } from 'node:crypto'
import { Deadline } from '../delivery/deadline'
import { driverUrl } from '../delivery/driver-url'
import { redisConnection } from '../delivery/redis-connection'
import { script, type Words } from '../delivery/redis-script'
import { headerIn, isRecord, parcelIn, parsed } from './item-form'
import {
  byArrival,
  headerOf,
  type ItemHeader,
  LONGEST_LEASE_MS,
  type ParkedItem,
  type StoreDriver,
} from './store'
import { parcelOf, strayList, Unreadable } from './unreadable'

const EXAMPLE = 'redis://user:password@host:6379/0?prefix=relay:'

/** How long the server may take over one command. */
const DEADLINE_MS = 2000
/**
 * And over the ledger's: less than the relay waits for them, so that a connection that died unseen (an instance was frozen meanwhile) is
 * given up by the claim that found it, and the settling of the same callback goes over a new one.
 */
const CLAIM_DEADLINE_MS = 900
const SETTLE_DEADLINE_MS = 450

const DONE = 'done'

/**
 * Answers with nothing when the claim was got, else with what is there and how long it stays. ARGV[3]: the longest that a lease may last;
 * one that lasts longer, or for good, is none that the relay gave.
 */
const CLAIM = script(`
local there = redis.call('GET', KEYS[1])
if there then
  local left = redis.call('PTTL', KEYS[1])
  if there == 'done' or (left >= 0 and left <= tonumber(ARGV[3])) then return {there, left} end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {}`)

const RELEASE = script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`)

/** KEYS of all item scripts: headers, parcels, arrivals, the item's lease. ARGV[1]: its id. */
const PARK = script(`
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('ZADD', KEYS[3], 'NX', ARGV[4], ARGV[1])
redis.call('DEL', KEYS[4])`)

const READ = script(`
return {redis.call('HGET', KEYS[1], ARGV[1]), redis.call('HGET', KEYS[2], ARGV[1]), redis.call('ZSCORE', KEYS[3], ARGV[1])}`)

const TAKE = script(`
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return {} end
local left = redis.call('PTTL', KEYS[4])
if left >= 0 and left <= tonumber(ARGV[3]) then return {} end
redis.call('SET', KEYS[4], '1', 'PX', ARGV[2])
return {redis.call('HGET', KEYS[1], ARGV[1]), redis.call('HGET', KEYS[2], ARGV[1]), redis.call('ZSCORE', KEYS[3], ARGV[1])}`)

const REMOVE = script(`
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('DEL', KEYS[4])`)

const LIST = script(`
return {redis.call('HGETALL', KEYS[1]), redis.call('ZRANGE', KEYS[3], 0, -1, 'WITHSCORES')}`)

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

  const claimKey = (key: string): string => `${prefix}claim:${key}`
  const noteKey = (name: string): string => `${prefix}note:${name}`
  const windowKey = (name: string): string => `${prefix}window:${name}`
  const itemKeys = (id: string): string[] =>
    ['headers', 'parcels', 'arrivals', `lease:${id}`].map((part) => `${prefix}items:${part}`)

  const placeOf = (id: string): string => `${prefix}items:headers/${id}`

  return {
    scheme,
    secrets: connection.peer.secrets,
    endpoints: [connection.endpoint],
    needs: [],

    async claim(key, leaseMs) {
      const holder = randomUUID()
      const [there, remaining] = (await CLAIM(
        runWithin(CLAIM_DEADLINE_MS),
        [claimKey(key)],
        [holder, leaseOf(leaseMs), LONGEST_LEASE_MS],
      )) as [string?, number?]
      if (there === undefined) return { kind: 'claimed', holder }
      return there === DONE ? { kind: 'done' } : { kind: 'held', retryAfterMs: Math.max(1, remaining ?? 1) }
    },
    async settle(key, keepMs) {
      await runWithin(SETTLE_DEADLINE_MS)('SET', claimKey(key), DONE, 'PX', whole(keepMs))
    },
    async release(key, holder) {
      // A made-up holder must not undo a settling.
      if (holder !== DONE) await RELEASE(run, [claimKey(key)], [holder])
    },

    async park(item) {
      const { parkedAt, ...header } = headerOf(item)
      const words = [item.id, JSON.stringify(header), JSON.stringify(item.parcel), parkedAt]
      await PARK(run, itemKeys(item.id), words)
      strays.forget(placeOf(item.id))
    },
    async list() {
      const [headers, arrivals] = (await LIST(run, itemKeys(''), [])) as [string[], string[]]
      const parkedAt = new Map(pairs(arrivals))
      const isThere = new Set(pairs(headers).map(([id]) => placeOf(id)))
      strays.keep(placeOf(''), (place) => isThere.has(place))
      const listed: ItemHeader[] = []
      for (const [id, header] of pairs(headers)) {
        const read = await strays.passOver(placeOf(id), async () =>
          Promise.resolve(headerOfId(id, header, parkedAt.get(id))),
        )
        if (read !== null) listed.push(read)
      }
      return listed.sort(byArrival)
    },
    async read(id) {
      const answer = await READ(run, itemKeys(id), [id])
      return strays.passOver(parcelOf(placeOf(id)), async () => Promise.resolve(itemOf(id, answer)))
    },
    async take(id, leaseMs) {
      const answer = await TAKE(run, itemKeys(id), [id, leaseOf(leaseMs), LONGEST_LEASE_MS])
      const item = await strays.passOver(parcelOf(placeOf(id)), async () =>
        Promise.resolve(itemOf(id, answer) ?? ('gone' as const)),
      )
      if (item === null) return 'unreadable'
      return item === 'gone' ? null : item
    },
    async remove(id) {
      await REMOVE(run, itemKeys(id), [id])
      strays.forget(placeOf(id))
    },

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

    async admit(name, messages, perMs) {
      return Number(await ADMIT(run, [windowKey(name)], [messages, whole(perMs), randomUUID()]))
    },

    async tidy() {
      // Redis removes what has expired by itself.
      return Promise.resolve()
    },
    async strays() {
      return Promise.resolve(strays.found())
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

/** An item whose arrival was lost arrived when it was due. Throws Unreadable. */
function headerOfId(id: string, text: string, parkedAt: string | undefined | null): ItemHeader {
  const header = parsed(text)
  if (!isRecord(header) || header['id'] !== id) throw new Unreadable('it is no item of this name')
  return headerIn({ ...header, parkedAt: parkedAt == null ? header['dueAt'] : Number(parkedAt) })
}

/** Null when there is none. Throws Unreadable. */
function itemOf(id: string, answer: unknown): ParkedItem | null {
  const [header, parcel, parkedAt] = answer as (string | null | undefined)[]
  if (header == null) return null
  if (parcel == null) throw new Unreadable('its parcel is missing')
  return { ...headerOfId(id, header, parkedAt), parcel: parcelIn(parsed(parcel)) }
}

function pairs(flat: readonly string[]): [string, string][] {
  return flat.flatMap((word, i): [string, string][] => (i % 2 === 0 ? [[word, flat[i + 1] ?? '']] : []))
}

export const driver: StoreDriver = { schemes: ['redis', 'rediss'], form: EXAMPLE, open }
