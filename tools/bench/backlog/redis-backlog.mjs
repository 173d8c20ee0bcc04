// A long backlog in Redis: whether it comes out, in what memory, how the time an item grows, what a parked item and a settled claim take.
import { createHash } from 'node:crypto'
import { median } from '../measure.mjs'
import { drainBacklog, rowsOfDrained } from './drained.mjs'
import { SLOW_MS, startRedis } from './processes.mjs'

/** A backlog is of few objects, or of many with so many messages each. */
export const FEW_OBJECTS = 40
export const MESSAGES_EACH = 5
const SMALL_RUNS = 3
const SETTLED_AT_ONCE = 500
const WEEK_MS = 168 * 3_600_000

const thousands = (number) => number.toLocaleString('en-US')

/** Runs it with a Redis of its own. */
async function withRedis({ work }, run) {
  const redis = await startRedis(work)
  try {
    return await run(redis)
  } finally {
    await redis.stop()
  }
}

function drainRedis(bench, count, objects) {
  return withRedis(bench, async (redis) => {
    const seen = {}
    const drained = await drainBacklog(bench, {
      storeUrl: redis.url,
      count,
      objects,
      parked: async (when) => {
        seen[when] = { bytes: await redis.usedMemory(), slow: await redis.slowCommands() }
      },
    })
    return {
      ...drained,
      itemBytes: (seen.after.bytes - seen.before.bytes) / count,
      slowToPark: seen.after.slow,
      slowToDrain: await redis.slowCommands(),
    }
  })
}

/** An item's time, in µs; none where they are not out. */
const microsOf = ({ sweeps, verdict }, count) => (verdict.lost > 0 ? NaN : (sweeps.ms * 1_000) / count)

export async function benchDrain(bench) {
  const { row, say, seeds, sizes } = bench
  for (const isLimited of [true, false]) {
    const objectsOf = (count) => (isLimited ? FEW_OBJECTS : Math.round(count / MESSAGES_EACH))
    const objects = objectsOf(sizes.items)
    const small = []
    for (let run = 0; run < SMALL_RUNS; run += 1) {
      say(`drain: ${sizes.few} of ${objectsOf(sizes.few)} objects`)
      small.push(microsOf(await drainRedis(bench, sizes.few, objectsOf(sizes.few)), sizes.few))
    }
    say(`drain: ${sizes.items} of ${objects} objects`)
    const drained = await drainRedis(bench, sizes.items, objects)
    const figure = `${thousands(sizes.items)} messages of ${thousands(objects)} objects in Redis`
    rowsOfDrained(bench, figure, drained)
    const each = microsOf(drained, sizes.items)
    const growth = each / median(small)
    row(`  time an item, at so many / at ${thousands(sizes.few)}`, growth, '≤ 1.30', growth <= 1.3)
    row('  (µs: of many, of few)', `${each.toFixed(0)}, ${median(small).toFixed(0)}`, '', null)
    rowsOfSlow(row, drained)
    const beside = drained.itemBytes - messageBytes(seeds, sizes.items, objects)
    row(
      '  bytes of Redis a parked item beside its message',
      beside,
      isLimited ? '≤ 300' : '',
      isLimited ? beside <= 300 : null,
    )
  }
}

/** A virtual machine stands still at times, and a command with it: where that was seen, as many slow commands say nothing that are not much slower. */
function rowsOfSlow(row, { slowToPark, slowToDrain }) {
  for (const [who, { slow, stalls }] of Object.entries({ sweeps: slowToDrain, callbacks: slowToPark })) {
    const [worst] = slow
    row(
      `  commands of ${who} over ${SLOW_MS} ms`,
      worst === undefined
        ? '0'
        : `${slow.length}, ${worst.ms.toFixed(0)} ms: ${worst.words.replaceAll('\n', ' ')}; the machine: ${stalls.count}, ${stalls.longestMs.toFixed(0)} ms`,
      "0, or the machine's",
      worst === undefined || (slow.length <= stalls.count && worst.ms <= 2 * stalls.longestMs),
    )
  }
}

/** The mean of a message's own JSON, as it is parked. */
function messageBytes({ itemOf }, count, objects) {
  const step = Math.max(1, Math.floor(count / 1_000))
  const sizes = []
  for (let number = 0; number < count; number += step)
    sizes.push(Buffer.byteLength(JSON.stringify(itemOf(number, objects, 0).payload)))
  return sizes.reduce((sum, size) => sum + size, 0) / sizes.length
}

/** What a minute's outage at 5,000 callbacks a second leaves. */
export async function benchOutage(bench) {
  const { row, say, sizes } = bench
  const count = Math.round(sizes.items * 0.3)
  const objects = Math.round(count / MESSAGES_EACH)
  say(`outage: ${count} of ${objects} objects`)
  const drained = await drainRedis(bench, count, objects)
  rowsOfDrained(bench, `${thousands(count)} messages of ${thousands(objects)} objects in Redis`, drained)
  const { sweeps, verdict } = drained
  row('  sweeps of 290 s', sweeps.count, '≤ 2', sweeps.count <= 2 && verdict.lost === 0)
  rowsOfSlow(row, drained)
}

/** Keys of executions, settled for a week. */
export async function benchClaims(bench) {
  const { row, say, seeds, sizes } = bench
  say(`claims: ${sizes.items}`)
  await withRedis(bench, async (redis) => {
    const store = await seeds.openStore(redis.url)
    const settle = (number) => {
      const runId = `i${createHash('md5').update(String(number)).digest('hex')}`
      return store.settle(seeds.keyOf(runId), WEEK_MS)
    }
    await settle(-1)
    const before = await redis.usedMemory()
    for (let from = 0; from < sizes.items; from += SETTLED_AT_ONCE)
      await Promise.all(
        Array.from({ length: Math.min(SETTLED_AT_ONCE, sizes.items - from) }, (_, at) => settle(from + at)),
      )
    const bytes = ((await redis.usedMemory()) - before) / sizes.items
    store.close?.()
    row(`bytes of Redis a settled claim, of ${thousands(sizes.items)}`, bytes, '≤ 120', bytes <= 120)
  })
}
