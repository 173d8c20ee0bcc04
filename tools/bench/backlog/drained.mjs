// How a backlog is made and how it is drained.
import { startSweeper } from './processes.mjs'

/** What a sweep is given, as deployed. */
export const SWEEP_MS = 290_000
/** Whoever needs more than so many for a backlog does not drain it. */
const MOST_SWEEPS = 12
/** Items on their way into a store at once. */
const PARKED_AT_ONCE = 250
const DAY_MS = 86_400_000

/** Parks the messages number `from` to `from + count - 1`; each object's in their order, each after the one before is in the store. */
export async function park({ itemOf }, store, { from = 0, count, objects }) {
  const start = Date.now() - DAY_MS
  // As many in a row belong to as many objects.
  const step = Math.min(objects, PARKED_AT_ONCE)
  for (let at = 0; at < count; at += step)
    await Promise.all(
      Array.from({ length: Math.min(step, count - at) }, (_, index) => {
        const number = from + at + index
        return store.park(itemOf(number, objects, start + number))
      }),
    )
}

/** Sweeps of one warm instance, a fresh one after one that died, until nothing waits any more or two sweeps in a row brought nothing out. */
export async function sweepUntilDrained(bench, env, sweeper) {
  const sweeps = []
  for (let idle = 0; idle < 2 && sweeps.length < MOST_SWEEPS;) {
    const sweep = await sweeper.sweep(SWEEP_MS)
    sweeps.push(sweep)
    bench.say(
      `  sweep ${sweeps.length}: ${JSON.stringify(sweep.report) ?? ''}${sweep.problem ?? ''}, ${(sweep.ms / 1000).toFixed(1)} s, ${sweep.peakMb.toFixed(0)} MB`,
    )
    if (sweep.report?.waiting === 0) break
    idle = sweep.report?.delivered > 0 ? 0 : idle + 1
    if (sweep.report === null) {
      await sweeper.stop()
      sweeper = await startSweeper(bench, env)
    }
  }
  await sweeper.stop()
  return {
    count: sweeps.length,
    died: sweeps.filter(({ report }) => report === null).length,
    ms: sweeps.reduce((sum, { ms }) => sum + ms, 0),
    longestMs: Math.max(...sweeps.map(({ ms }) => ms)),
    peakMb: Math.max(...sweeps.map(({ peakMb }) => peakMb)),
  }
}

/**
 * Parks a backlog, and sweeps until it is drained: what the sweeps took, and what the queue got of it. A small one goes before, in the same process:
 * a warm instance is measured. `parked` is called before and after. `parkedAt`: another way to the
 * same store.
 */
export async function drainBacklog(
  bench,
  { storeUrl, parkedAt = storeUrl, env = {}, count, objects, parked = async (_when) => {} },
) {
  const { seeds, receiver } = bench
  const settings = { QUEUE_URL: receiver.url(), STORE_URL: storeUrl, ...env }
  const store = await seeds.openStore(parkedAt)
  const warm = Math.min(WARM_ITEMS, count)
  const arrivals = receiver.expect(objects, warm + count)
  const sweeper = await startSweeper(bench, settings)
  await park(seeds, store, { count: warm, objects })
  await sweeper.sweep(SWEEP_MS)
  await parked('before')
  const start = performance.now()
  await park(seeds, store, { from: warm, count, objects })
  bench.say(`  parked ${count} in ${((performance.now() - start) / 1000).toFixed(1)} s`)
  await parked('after')
  store.close?.()
  const sweeps = await sweepUntilDrained(bench, settings, sweeper)
  await receiver.caughtUp()
  return { sweeps, verdict: arrivals.verdict(warm + count) }
}
const WARM_ITEMS = 500

/** Rows that every drained backlog owes. */
export function rowsOfDrained({ row }, figure, { sweeps, verdict }) {
  const { arrived, lost, again, overtaken, strange } = verdict
  row(
    `${figure}: sweeps until drained`,
    `${sweeps.count} (${(sweeps.ms / 1000).toFixed(1)} s)${sweeps.died > 0 ? `, ${sweeps.died} died` : ''}`,
    'drained',
    lost === 0 && sweeps.died === 0,
  )
  row('  peak RSS of the worst, MB', sweeps.peakMb, '≤ 128', sweeps.peakMb <= 128)
  row('  the longest, s', sweeps.longestMs / 1000, '≤ 290', sweeps.longestMs <= SWEEP_MS)
  row(
    '  of so many messages: not arrived, twice, overtaken',
    `${arrived + lost}: ${lost}, ${again}, ${overtaken}${strange > 0 ? `; and ${strange} that nobody sent` : ''}`,
    '0, 0, 0',
    lost + again + overtaken + strange === 0,
  )
}
