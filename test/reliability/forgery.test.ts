import { inspect } from 'node:util'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { random } from '../support/random'
import { temporaryFolder } from '../support/temporary-folder'
import { callbackEvent, callbackXml, outcomeOf, runId, TOKEN } from '../artifact/callbacks'
import { forgedRequests } from './forged-requests'
import { startWorker } from './worker'

const REQUESTS = 10_000
const OVERSIZED = 12
const AT_ONCE = 32
const SEED = Number(process.env['RELAY_SEED'] ?? Date.now() % 1_000_000)

const folder = temporaryFolder()
afterAll(() => folder.remove())

test('10,000 forged or mutated requests: none routed, no error, no answer but the table’s', async () => {
  const queue = join(folder.path, 'queue.jsonl')
  const alerts = join(folder.path, 'alerts.jsonl')
  const worker = startWorker({
    CALLBACK_TOKEN: TOKEN,
    QUEUE_URL: `file:${queue}`,
    ALERT_URLS: `file:${alerts}`,
    STORE_URL: 'memory:',
    LOG_LEVEL: 'error',
  })
  try {
    await worker.ready
    const start = performance.now()
    const statuses = new Map<number, number>()
    const outside: { kind: string; status: number; body: string; request: string }[] = []
    const misshapen: unknown[] = []
    const requests = forgedRequests(random(SEED), REQUESTS, OVERSIZED)
    const sender = async (): Promise<void> => {
      for (let next = requests.next(); !next.done; next = requests.next()) {
        const { kind, event, allowed } = next.value
        const answer = await worker.handle(event)
        statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1)
        if (!allowed.includes(answer.statusCode))
          outside.push({ kind, status: answer.statusCode, body: answer.body, request: shown(event) })
        if (!isIntegratedResponse(answer)) misshapen.push(answer)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, sender))
    const seconds = (performance.now() - start) / 1000

    const routed = linesOf(queue)
    const told = linesOf(alerts).map((line) => (JSON.parse(line) as { event: unknown }).event)
    const faults = worker.log().filter(({ msg }) => msg !== 'callback')
    process.stdout.write(
      `forgery: ${REQUESTS} requests: ${routed.length + told.filter((event) => event !== null).length} routed, ` +
        `${faults.length + worker.faults.length} unhandled errors, ${outside.length + misshapen.length} answers outside the table; ` +
        `${[...statuses]
          .sort()
          .map(([status, count]) => `${count} × ${status}`)
          .join(', ')}; ${told.length} unreadable bodies told of; ${seconds.toFixed(0)} s, seed ${SEED}\n`,
    )
    expect(outside.slice(0, 5)).toEqual([])
    expect(misshapen).toEqual([])
    expect(worker.faults).toEqual([])
    expect(faults).toEqual([])
    expect(routed).toEqual([])
    expect(told.filter((event) => event !== null)).toEqual([])

    // The function still works, and the files are where it writes.
    const id = runId('y', 1)
    expect(outcomeOf(await worker.handle(callbackEvent(callbackXml(id))))).toBe('queued')
    expect(linesOf(queue)).toHaveLength(1)
    expect(told.length).toBeGreaterThan(0)
  } finally {
    await worker.kill()
  }
})

function isIntegratedResponse(answer: unknown): boolean {
  const { isBase64Encoded, statusCode, headers, body } = answer as Record<string, unknown>
  return (
    isBase64Encoded === false &&
    typeof statusCode === 'number' &&
    typeof headers === 'object' &&
    typeof body === 'string' &&
    typeof JSON.parse(body) === 'object' &&
    !JSON.stringify(answer).includes(TOKEN)
  )
}

function linesOf(path: string): string[] {
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
}

function shown(event: unknown): string {
  return inspect(event, { breakLength: Infinity, maxStringLength: 300 })
}
