// A backlog and what drains it: the built sweep with the memory of a function of 128 MB, real servers, a million messages. Takes the better part of an
// hour in all, and about 4 GB of memory for Redis.
import { openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { bundle } from './backlog/bundle.mjs'
import { benchRate, benchTwo } from './backlog/drain-rate.mjs'
import { benchKills } from './backlog/kills.mjs'
import { benchCos, benchFile } from './backlog/other-stores.mjs'
import { startReceiver } from './backlog/receiver.mjs'
import { benchClaims, benchDrain, benchOutage } from './backlog/redis-backlog.mjs'

/** By the names that `--only` takes. */
const PARTS = {
  drain: benchDrain,
  outage: benchOutage,
  claims: benchClaims,
  rate: benchRate,
  two: benchTwo,
  file: benchFile,
  cos: benchCos,
  kills: benchKills,
}
export const PART_NAMES = Object.keys(PARTS).join(', ')

/** How many of what; all follow from how many messages wait. */
function sizesFor(items, isQuick) {
  return {
    items,
    /** What the time an item is compared with. */
    few: Math.max(1_000, Math.round(items / 100)),
    rate: Math.min(20_000, items),
    files: Math.round(items / 10),
    bucket: Math.max(500, Math.round(items / 200)),
    kills: isQuick ? 20 : 200,
    killItems: isQuick ? 2_000 : 10_000,
  }
}

/**
 * `only`: names of parts, comma-separated; absent: all. `batch`: how many messages one kill may repeat. A part that cannot be run is a row that misses its
 * target; the others run all the same.
 */
export async function benchBacklog({ row, handler, work, items, isQuick, only, batch }) {
  const names = only?.split(',') ?? Object.keys(PARTS)
  const unknown = names.filter((name) => !(name in PARTS))
  if (!(Number.isInteger(items) && items >= 1_000)) throw new Error('--items must be 1000 or more')
  if (!(batch > 0)) throw new Error('--batch must be a number')
  if (unknown.length > 0) throw new Error(`--only ${unknown.join()}: there are ${PART_NAMES}`)
  row('machine', machine(), '', null)
  const seedsFile = await bundle(join(import.meta.dirname, 'backlog', 'seeds.ts'), work)
  const receiver = await startReceiver(`relay-backlog-${process.pid}`)
  const bench = {
    ...{ row, handler, work, receiver },
    seeds: createRequire(import.meta.url)(seedsFile),
    sizes: { ...sizesFor(items, isQuick), batch },
    log: openSync(join(work, 'sweeps.log'), 'a'),
    say: (text) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`),
  }
  try {
    for (const name of names) {
      try {
        await PARTS[name](bench)
      } catch (error) {
        row(name, error.message, 'can be measured', false)
      }
    }
  } finally {
    await receiver.stop()
  }
}

function machine() {
  const gb = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${gb} GB, Node.js ${process.versions.node}`
}
