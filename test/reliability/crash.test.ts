import { setTimeout as sleep } from 'node:timers/promises'
import { ledgerKey } from '../../src/relay/outcome'
import { openStore } from '../../src/stores/open-store'
import type { Store } from '../../src/stores/store'
import { type Random, random } from '../support/random'
import { describeService } from '../support/services'
import { temporaryFolder } from '../support/temporary-folder'
import { callbackEvent, callbackXml, outcomeOf, runId, TOKEN, waitOf } from '../artifact/callbacks'
import { createRabbitQueue, type RabbitQueue } from '../support/rabbit-queue'
import { removeKeys } from '../support/redis-keys'
import { startWorker, type Worker } from './worker'

const CALLBACKS = 1000
const KILLS = 200
const IN_FLIGHT = 8
/** New callbacks between a kill and the next, besides the repeats: they last for all the kills. */
const BEGUN_A_ROUND = 4
/** Set it to see the same choices again (the machine's own timing stays its own). */
const SEED = Number(process.env['RELAY_SEED'] ?? Date.now() % 1_000_000)

/** A callback that was not answered 200 yet. */
interface Owed {
  readonly id: string
  notBefore: number
  isInFlight: boolean
  /** Kills after which the ledger had a claim on it, and no more: it may or may not have been published. */
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

/** Sends every callback until it is answered 200, and kills the worker again and again while it is at it. */
async function crashing(env: Readonly<Record<string, string>>, store: Store, dice: Random): Promise<Crashes> {
  const start = performance.now()
  const all = Array.from({ length: CALLBACKS }, (_, number): Owed => {
    return { id: runId('c', number), notBefore: 0, isInFlight: false, killedBeforeSettle: 0 }
  })
  const open = new Set<Owed>()
  const oddAnswers: unknown[] = []
  const result = { kills: 0, inFlightAtKills: 0, settledAtKills: 0 }
  let begun = 0
  const begin = (upTo: number): void => {
    for (; begun < Math.min(upTo, CALLBACKS); begun += 1) open.add(all[begun]!)
  }
  const inFlight = (): Owed[] => [...open].filter((owed) => owed.isInFlight)
  const due = (): Owed[] =>
    [...open].filter(({ isInFlight, notBefore }) => !isInFlight && notBefore <= Date.now())

  /** Sends what is due, so many at once, and goes on with it; resolves once `enough` answers came, or nothing is left to wait for. */
  const serve = async (worker: Worker, enough: number): Promise<void> => {
    let answers = 0
    await new Promise<void>((done) => {
      const send = (owed: Owed): void => {
        owed.isInFlight = true
        void worker.handle(callbackEvent(callbackXml(owed.id, `input/${owed.id}.mp4`))).then((answer) => {
          owed.isInFlight = false
          if (answer.statusCode === 200) open.delete(owed)
          else owed.notBefore = Date.now() + waitOf(answer)
          if (![200, 503].includes(answer.statusCode)) oddAnswers.push(answer)
          if (answer.statusCode === 200 && !['queued', 'duplicate'].includes(String(outcomeOf(answer))))
            oddAnswers.push(answer)
          answers += 1
          pump()
        })
      }
      const pump = (): void => {
        const flying = inFlight().length
        const next = due().slice(0, IN_FLIGHT - flying)
        next.forEach(send)
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
  let worker = await nextWorker()
  while (result.kills < KILLS && (begun < CALLBACKS || open.size > 0)) {
    begin(begun + BEGUN_A_ROUND)
    const enough = dice.int(Math.min(due().length, 2 * IN_FLIGHT))
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
    for (const owed of cutOff) {
      owed.isInFlight = false
      const { kind } = await store.claim(ledgerKey('workflow', owed.id, 'Success'), 1)
      if (kind === 'held') owed.killedBeforeSettle += 1
      if (kind === 'done') result.settledAtKills += 1
    }
    worker = await nextWorker()
  }
  begin(CALLBACKS)
  while (open.size > 0) {
    await serve(worker, Infinity)
    await sleep(20)
  }
  const report = await worker.sweep()
  if (report.waiting + report.delivered > 0 || worker.faults.length > 0)
    oddAnswers.push(report, worker.faults)
  await Promise.all([worker.kill(), (await spare).kill()])
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
      `${crashes.settledAtKills} of them settled but not answered) over ${CALLBACKS} callbacks: lost ${lost.length}, ` +
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
  describeService('redis', (redis) => {
    const folder = temporaryFolder()
    const prefix = `reliability-crash-${process.pid}:`
    const stores = { file: `file:${folder.path}`, redis: `redis://${redis}/0?prefix=${prefix}` }
    const runs: Partial<Record<keyof typeof stores, { queue: RabbitQueue; crashes: Crashes }>> = {}

    const run = async (name: keyof typeof stores): Promise<void> => {
      const queue = await createRabbitQueue(rabbitmq, `reliability-crash-${name}-${process.pid}`)
      const store = await openStore(stores[name], { credentials: () => null, region: null })
      const env = {
        CALLBACK_TOKEN: TOKEN,
        QUEUE_URL: queue.url(),
        STORE_URL: stores[name],
        LOG_LEVEL: 'warn',
      }
      runs[name] = { queue, crashes: await crashing(env, store, random(SEED)) }
      await store.close()
    }

    // Both at once: much of the time is waiting for processes to start and leases to end.
    beforeAll(async () => {
      await Promise.all([run('file'), run('redis')])
    }, 240_000)
    afterAll(async () => {
      await Promise.all([runs.file?.queue.remove(), runs.redis?.queue.remove(), removeKeys(redis, prefix)])
      folder.remove()
    })

    test.each(['file', 'redis'] as const)(
      'killed at 200 points over 1,000 callbacks, %s store: nothing is lost',
      async (name) => {
        const { queue, crashes } = runs[name]!
        await judge(`${name} store`, crashes, queue)
      },
    )
  })
})
