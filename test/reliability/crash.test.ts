import { setTimeout as sleep } from 'node:timers/promises'
import { type Random, random } from '../support/random'
import { describeService } from '../support/services'
import { temporaryFolder } from '../support/temporary-folder'
import { callbackEvent, callbackXml, outcomeOf, runId, waitOf } from '../artifact/callbacks'
import { createRabbitQueue, type RabbitQueue } from '../support/rabbit-queue'
import { type RedisServer, startRedis } from '../support/redis-server'
import { startWorker, type Worker } from './worker'

/** At least: of a round in which all were answered before the kill there is another. */
const CALLBACKS = 1000
const KILLS = 200
const IN_FLIGHT = 8
/** New callbacks between a kill and the next, besides the repeats. */
const BEGUN_A_ROUND = 5
/** Set it to see the same choices again (the machine's own timing stays its own). */
const SEED = Number(process.env['RELAY_SEED'] ?? Date.now() % 1_000_000)

/** A callback that was not answered 200 yet. */
interface Owed {
  readonly id: string
  notBefore: number
  isInFlight: boolean
  /** Kills after which it was still claimed, and no more: it may or may not have been published. */
  killedBeforeSettle: number
}

interface Crashes {
  readonly kills: number
  readonly inFlightAtKills: number
  readonly settledAtKills: number
  readonly all: readonly Owed[]
  readonly seconds: number
  readonly oddAnswers: readonly unknown[]
}

/**
 * Sends every callback until it is answered 200, and kills the worker again and again while it is at it. What it was at is sent again at once to an
 * instance that lives: its answer says how far the killed one came.
 */
async function crashing(env: Readonly<Record<string, string>>, dice: Random): Promise<Crashes> {
  const start = performance.now()
  const all: Owed[] = []
  const open = new Set<Owed>()
  const oddAnswers: unknown[] = []
  const result = { kills: 0, inFlightAtKills: 0, settledAtKills: 0 }
  const begin = (count: number): void => {
    for (let number = 0; number < count; number += 1) {
      const owed = {
        id: runId('c', all.length),
        notBefore: 0,
        isInFlight: false,
        killedBeforeSettle: 0,
      }
      all.push(owed)
      open.add(owed)
    }
  }
  const inFlight = (): Owed[] => [...open].filter((owed) => owed.isInFlight)
  const due = (): Owed[] =>
    [...open].filter(({ isInFlight, notBefore }) => !isInFlight && notBefore <= Date.now())

  const send = async (worker: Worker, owed: Owed): Promise<string> => {
    const answer = await worker.handle(callbackEvent(callbackXml(owed.id, `input/${owed.id}.mp4`)))
    if (answer.statusCode === 200) open.delete(owed)
    else owed.notBefore = Date.now() + waitOf(answer)
    const what = `${answer.statusCode} ${String(outcomeOf(answer))}`
    if (!['200 queued', '200 duplicate', '503 held'].includes(what)) oddAnswers.push(answer)
    return what
  }

  /** Sends what is due, so many at once, and goes on with it; resolves once `enough` answers came, or nothing is left to wait for. */
  const serve = async (worker: Worker, enough: number): Promise<void> => {
    let answers = 0
    await new Promise<void>((done) => {
      const launch = (owed: Owed): void => {
        owed.isInFlight = true
        void send(worker, owed).then(() => {
          owed.isInFlight = false
          answers += 1
          pump()
        })
      }
      const pump = (): void => {
        const flying = inFlight().length
        const next = due().slice(0, IN_FLIGHT - flying)
        next.forEach(launch)
        if (answers >= enough || (flying === 0 && next.length === 0)) done()
      }
      pump()
    })
  }

  let spare = startLoaded(env)
  const nextWorker = async (): Promise<Worker> => {
    const worker = await spare
    spare = startLoaded(env)
    return worker
  }
  const standing = await startLoaded(env)
  let worker = await nextWorker()
  while (result.kills < KILLS) {
    begin(BEGUN_A_ROUND)
    // Half of the kills hit the round before its first answer, the others between two.
    const enough = dice.int(2) * dice.int(Math.min(due().length, IN_FLIGHT))
    const delayMs = dice.int(4000) / 1000
    await serve(worker, enough)
    // Finer than a timer: the work goes on in the other process meanwhile. Not until all is done.
    const end = performance.now() + delayMs
    while (performance.now() < end && inFlight().length > 1) await sleep(0)
    const cutOff = inFlight()
    if (cutOff.length === 0) {
      await sleep(5)
      continue
    }
    await worker.kill()
    result.kills += 1
    result.inFlightAtKills += cutOff.length
    // What the killed process had written to its sockets is still read by the server.
    await sleep(2)
    await Promise.all(
      cutOff.map(async (owed) => {
        owed.isInFlight = false
        const answer = await send(standing, owed)
        if (answer === '503 held') owed.killedBeforeSettle += 1
        if (answer === '200 duplicate') result.settledAtKills += 1
      }),
    )
    worker = await nextWorker()
  }
  begin(Math.max(0, CALLBACKS - all.length))
  while (open.size > 0) {
    await serve(worker, Infinity)
    await sleep(20)
  }
  const report = await worker.sweep()
  const faults = [...worker.faults, ...standing.faults]
  if (report.waiting + report.delivered > 0 || faults.length > 0) oddAnswers.push(report, faults)
  await Promise.all([worker.kill(), standing.kill(), (await spare).kill()])
  return { ...result, all, oddAnswers, seconds: (performance.now() - start) / 1000 }
}

/** With its drivers loaded, so that most kills hit a callback, not the loading. */
async function startLoaded(env: Readonly<Record<string, string>>): Promise<Worker> {
  const worker = startWorker(env)
  await worker.ready
  await worker.handle({ ...callbackEvent(''), httpMethod: 'GET' })
  return worker
}

async function judge(name: string, crashes: Crashes, queue: RabbitQueue): Promise<void> {
  const counts = new Map<string, number>()
  for (const { id } of await queue.drain()) counts.set(id, (counts.get(id) ?? 0) + 1)
  const lost = crashes.all.filter(({ id }) => !counts.has(id))
  const twice = crashes.all.filter(({ id }) => counts.get(id)! > 1)
  const unexplained = twice.filter(({ id, killedBeforeSettle }) => counts.get(id)! > 1 + killedBeforeSettle)
  process.stdout.write(
    `crash, ${name}: ${crashes.kills} kills at work (${crashes.inFlightAtKills} callbacks in flight, ` +
      `${crashes.settledAtKills} of them settled but not answered) over ${crashes.all.length} callbacks: lost ${lost.length}, ` +
      `delivered twice ${twice.length}, of these not explained by a kill between publish and settle ${unexplained.length}; ` +
      `${crashes.seconds.toFixed(0)} s, seed ${SEED}\n`,
  )
  expect(crashes.kills).toBe(KILLS)
  expect(lost).toEqual([])
  expect(unexplained).toEqual([])
  expect([...counts.keys()].filter((id) => !crashes.all.some((owed) => owed.id === id))).toEqual([])
  expect(crashes.oddAnswers).toEqual([])
}

describeService('rabbitmq', (rabbitmq) => {
  describeService('redis', () => {
    const folder = temporaryFolder()
    const runs: Partial<Record<'file' | 'redis', { queue: RabbitQueue; crashes: Crashes }>> = {}
    let redis: RedisServer

    const run = async (name: 'file' | 'redis', storeUrl: string): Promise<void> => {
      const queue = await createRabbitQueue(rabbitmq, `reliability-crash-${name}-${process.pid}`)
      const env = { QUEUE_URL: queue.url(), STORE_URL: storeUrl, LOG_LEVEL: 'warn' }
      runs[name] = { queue, crashes: await crashing(env, random(SEED)) }
    }

    // Both at once: much of the time is waiting for processes to start and leases to end.
    beforeAll(async () => {
      redis = await startRedis()
      await Promise.all([run('file', `file:${folder.path}`), run('redis', `redis://${redis.address}/0`)])
    }, 240_000)
    afterAll(async () => {
      await Promise.all([runs.file?.queue.remove(), runs.redis?.queue.remove(), redis.stop()])
      folder.remove()
    })

    test.each(['file', 'redis'] as const)(
      'killed at 200 points over 1,000 callbacks and more, %s store: nothing is lost',
      async (name) => {
        const { queue, crashes } = runs[name]!
        await judge(`${name} store`, crashes, queue)
      },
    )
  })
})
