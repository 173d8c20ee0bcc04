// Sweeps killed at random moments, and what became of the messages.
import { setTimeout as sleep } from 'node:timers/promises'
import { park, SWEEP_MS } from './drained.mjs'
import { startRedis, startSweeper, until } from './processes.mjs'

const OBJECTS = 1_000
/** A sweep that does nothing for so long has nothing to do. */
const IDLE_MS = 3_000
/** Longer than a lease of a sweep that was killed: by so much the next one comes later. */
const PASSED_MS = 6 * 60_000
/** What killed sweeps are given; their leases last a little longer. */
const KILLED_SWEEP_MS = 45_000
/** Where time cannot be let pass for a lease, it is waited for. */
const LONGEST_LEASE_MS = 70_000
/** What waits for days while its sweeps are killed is not to be given up over it. */
const PATIENT = { GIVE_UP_AFTER: '720', LEDGER_KEEP: '720' }

/**
 * A sweep is killed somewhere between its beginning and a little after its first messages: at any point of leasing, taking, publishing and removing. Once
 * half of the backlog is out, as much is parked anew, so that each kill has work to interrupt.
 */
export async function benchKills(bench) {
  const { row, say, receiver, seeds, work, sizes } = bench
  const { kills, killItems: count, batch } = sizes
  const objects = Math.min(OBJECTS, count)
  const redis = await startRedis(work)
  const env = { QUEUE_URL: receiver.url(), STORE_URL: redis.url, ...PATIENT }
  let sweeper = null
  try {
    const store = await seeds.openStore(redis.url)
    const most = count * (kills + 1)
    const arrivals = receiver.expect(objects, most)
    let parked = 0
    const fill = async () => {
      const more = count - (parked - arrivals.arrived)
      await park(seeds, store, { from: parked, count: more, objects })
      parked += more
    }
    await fill()
    let begun = 0
    /** How long a sweep takes to its first message, at most so far, in ms. */
    let lead = 100
    for (let kill = 1; kill <= kills; kill += 1) {
      if (parked - arrivals.arrived < count / 2) await fill()
      receiver.nextPhase()
      sweeper = await startSweeper(bench, env, kill * PASSED_MS)
      const before = arrivals.arrived
      const start = performance.now()
      let isOver = false
      void sweeper.sweep(KILLED_SWEEP_MS).then(() => (isOver = true))
      // Every other one is let come to work: the rest is killed on the way there.
      if (kill % 2 === 0) {
        await until(() => isOver || arrivals.arrived > before, IDLE_MS)
        lead = Math.min(IDLE_MS, performance.now() - start)
        await sleep(Math.random() * 30)
      } else await sleep(Math.random() * lead * 1.3)
      const interrupted = !isOver
      await sweeper.stop()
      await receiver.caughtUp()
      if (interrupted && arrivals.arrived > before) begun += 1
      await redis.passTime(PASSED_MS)
      if (kill % 20 === 0) say(`kills: ${kill}, ${arrivals.arrived} of ${parked} are out`)
    }
    receiver.nextPhase()
    sweeper = await startSweeper(bench, env, (kills + 1) * PASSED_MS)
    let waiting = -1
    for (let idle = 0; waiting !== 0 && idle < 2;) {
      const { report, problem } = await sweeper.sweep(SWEEP_MS)
      say(`kills: the rest: ${problem ?? JSON.stringify(report)}`)
      if (report === null) break
      waiting = report.waiting
      if (report.delivered > 0) idle = 0
      else if (waiting !== 0) {
        idle += 1
        await redis.passTime(PASSED_MS)
        await sleep(LONGEST_LEASE_MS)
      }
    }
    store.close?.()
    await receiver.caughtUp()
    const { lost, again, mostAgain, overtaken, strange } = arrivals.verdict(parked)
    const figure = `${kills} kills over ${parked} messages of ${objects} objects, ${count / 2} to ${count} at a time`
    row(
      `${figure}: not arrived, overtaken`,
      `${lost}, ${overtaken}`,
      '0, 0',
      lost + overtaken + strange === 0,
    )
    const half = Math.floor(kills / 2)
    row('  kills in the middle of delivering', String(begun), `≥ ${half}`, begun >= half)
    row(
      `  repeats of what one kill interrupted, at most (a batch: ${batch})`,
      String(mostAgain),
      `≤ ${batch}`,
      mostAgain <= batch,
    )
    row('  (repeats in all)', String(again), '', null)
  } finally {
    await sweeper?.stop()
    await redis.stop()
  }
}
