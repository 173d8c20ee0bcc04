import { existsSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { openRelay, type Relay } from '../artifact/open-relay'
import { callbackEvent, runOf } from '../artifact/callbacks'
import { removeKeys } from '../support/redis-keys'
import { describeService } from '../support/services'
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder'

/** What is left of 128 MB for the heap. */
const HEAP_MB = 96
const MOST_MB = 128
/** What docs/guarantees.md promises. */
const LONGEST_MS = 4_000
const PREFIX = `long-bodies-${process.pid}:`

const long = (state: string) => (i: number) =>
  `<JobsDetail><Code>${state}</Code><JobId>j${String(i).padStart(32, '0')}</JobId><State>${state}</State><Tag>Transcode</Tag><EndTime>2026-11-01T11:00:45+0800</EndTime><Input><BucketId>media-1250000000</BucketId><Object>in/${i}.mp4</Object></Input><Operation><TemplateId>t1</TemplateId></Operation></JobsDetail>`
const short = (state: string) => (i: number) =>
  `<JobsDetail><JobId>j${i}</JobId><State>${state}</State><Input><Object>o${i}</Object></Input></JobsDetail>`
const json = (state: string) => (i: number) =>
  `${i === 0 ? '' : ','}{"JobId":"j${i}","State":"${state}","Input":{"Object":"o${i}"}}`
const xmlOf = (count: number, job: (i: number) => string): string =>
  `<Response>${Array.from({ length: count }, (_, i) => job(i)).join('')}</Response>`
const jsonOf = (count: number, job: (i: number) => string): string =>
  `{"JobsDetail":[${Array.from({ length: count }, (_, i) => job(i)).join('')}]}`

const BODIES: readonly (readonly [string, number, () => string])[] = [
  ['10,000 successes', 10_000, () => xmlOf(10_000, long('Success'))],
  ['10,000 failures', 10_000, () => xmlOf(10_000, long('Failed'))],
  ['50,000 successes', 50_000, () => xmlOf(50_000, short('Success'))],
  ['50,000 failures', 50_000, () => xmlOf(50_000, short('Failed'))],
  ['50,000 successes as JSON', 50_000, () => jsonOf(50_000, json('Success'))],
]
/** To the disk of a busy machine some hundred are relayed a second. */
const SWEPT: Readonly<Record<string, typeof BODIES>> = {
  redis: BODIES.filter(([name]) => ['10,000 failures', '50,000 successes'].includes(name)),
  file: BODIES.filter(([name]) => name === '10,000 successes'),
}
const MANNERS = ['takes 20 ms', 'is down', 'hangs'] as const

describeService('redis', (redis) => {
  let folder: TemporaryFolder
  let server: Server
  let relay: Relay
  let isHung: boolean
  let alerts: string[]
  beforeEach(async () => {
    folder = temporaryFolder()
    isHung = true
    alerts = []
    server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += String(chunk)))
      request.on('end', () => {
        if (request.url === '/hangs' && isHung) return
        alerts.push(body)
        setTimeout(
          () => {
            response.setHeader('content-type', 'application/json')
            response.end('{"errcode":0,"errmsg":"ok"}')
          },
          isHung ? 20 : 0,
        )
      })
    })
    await new Promise((listening) => server.listen(0, '127.0.0.1', () => listening(null)))
  })
  afterEach(async () => {
    await relay.kill()
    server.closeAllConnections()
    server.close()
    folder.remove()
    await removeKeys(redis, PREFIX)
  })

  const storeOf = (name: string): string =>
    name === 'redis' ? `redis://${redis}/0?prefix=${PREFIX}` : `file:${join(folder.path, 'store')}`
  const destinations = (manner: (typeof MANNERS)[number]): Record<string, string> => {
    const { port } = server.address() as AddressInfo
    const url =
      manner === 'is down'
        ? 'http://127.0.0.1:9'
        : `http://127.0.0.1:${port}/${manner === 'hangs' ? 'hangs' : ''}`
    return { QUEUE_URL: url, ALERT_URLS: url }
  }

  describe.each(['redis', 'file'])('%s', (store) => {
    describe.each(MANNERS)('a destination that %s', (manner) => {
      test.each(BODIES)('%s are an answer in time, in 128 MB', async (_, count, make) => {
        relay = openRelay(
          { ...destinations(manner), STORE_URL: storeOf(store), LOG_LEVEL: 'error' },
          { heapMb: HEAP_MB },
        )
        await relay.handle({ ...callbackEvent(''), httpMethod: 'GET' })
        const answer = await relay.post(make())
        const { peakRssMb } = await relay.usage()
        if (process.env['RELAY_FIGURES'])
          process.stderr.write(
            `${store}, ${manner}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 100)} ${answer.ms.toFixed(0)} ms, ${peakRssMb.toFixed(0)} MB\n`,
          )
        expect(relay.faults).toEqual([])
        expect(answer).toMatchObject({
          status: 200,
          body: { outcome: 'parked', rest: expect.any(Number) as number },
        })
        expect(answer.body['rest']).toBeLessThanOrEqual(count)
        expect(peakRssMb).toBeLessThanOrEqual(MOST_MB)
        expect(answer.ms).toBeLessThan(LONGEST_MS)
      })
    })

    test.each(SWEPT[store] ?? [])(
      'the sweep relays the rest of %s, each once, in 128 MB',
      async (name, count, make) => {
        relay = openRelay({ ...destinations('hangs'), STORE_URL: storeOf(store), LOG_LEVEL: 'silent' })
        expect(await relay.post(make())).toMatchObject({ status: 200, body: { outcome: 'parked' } })
        await relay.kill()
        isHung = false
        const taken = join(folder.path, 'taken.jsonl')
        const all = (): readonly string[] => [...linesOf(taken), ...alerts]
        // Less than all of it can be relayed in: what one sweep leaves the next goes on with.
        relay = openRelay(
          {
            ...destinations('hangs'),
            QUEUE_URL: `file:${taken}`,
            STORE_URL: storeOf(store),
            LOG_LEVEL: 'error',
          },
          { heapMb: HEAP_MB, remainingMs: { callback: 10_000, sweep: 30_000 } },
        )
        // What was tried, and waits by itself, is due.
        await relay.passTime(3_600_000)
        let sweeps = 0
        const start = performance.now()
        for (let waiting = 1; waiting > 0; sweeps += 1) {
          const before = all().length
          ;({ waiting } = await relay.sweep())
          expect(relay.faults).toEqual([])
          expect(all().length).toBeGreaterThan(before)
        }
        const { peakRssMb } = await relay.usage()
        if (process.env['RELAY_FIGURES'])
          process.stderr.write(
            `${store}, ${name}: ${sweeps} sweeps, ${((performance.now() - start) / 1000).toFixed(1)} s, ${peakRssMb.toFixed(0)} MB\n`,
          )
        const runs = all().map((line) => {
          const { id, event } = JSON.parse(line) as { id: string; event?: { id: string } }
          return runOf({ id: event?.id ?? id })
        })
        expect(runs).toHaveLength(count)
        expect(new Set(runs).size).toBe(count)
        expect(peakRssMb).toBeLessThanOrEqual(MOST_MB)
      },
    )
  })
})

function linesOf(path: string): readonly string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : []
}
